package tail

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
)

const (
	// maxViewers bounds the viewers: each costs a copy of the records that it sees.
	maxViewers = 8
	// bufferedRecords are kept for a viewer that reads slower than records come. What does not fit is dropped and counted.
	bufferedRecords = 1024
)

// Server shows records to those who connect to its socket. It is safe for concurrent use.
type Server struct {
	path     string
	listener net.Listener
	running  sync.WaitGroup

	// watching are the viewers, replaced as a whole; nil while there is none.
	watching atomic.Pointer[[]*viewer]
	mu       sync.Mutex
	viewers  map[*viewer]struct{}
	closed   bool
}

// Listen makes the socket, for this user alone. It replaces one that nobody listens on, such as a killed collector's.
func Listen(ctx context.Context, path string) (*Server, error) {
	if conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path); err == nil {
		_ = conn.Close()
		return nil, fmt.Errorf("another collector listens on %s", path)
	}
	directory := filepath.Dir(path)
	if err := os.MkdirAll(directory, 0o750); err != nil {
		return nil, err
	}
	// The socket comes into being where only this user can reach it, and is moved when it has its mode.
	private, err := os.MkdirTemp(directory, ".t")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(private) }()
	fresh := filepath.Join(private, "s")
	listener, err := (&net.ListenConfig{}).Listen(ctx, "unix", fresh)
	if err != nil {
		return nil, fmt.Errorf("%w (the path of a socket has at most about 100 characters)", err)
	}
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := errors.Join(os.Chmod(fresh, 0o600), os.Rename(fresh, path)); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	s := &Server{path: path, listener: listener, viewers: map[*viewer]struct{}{}}
	s.running.Go(s.accept)
	return s, nil
}

// Close ends all viewers and removes the socket.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	for v := range s.viewers {
		_ = v.conn.Close() // its goroutines end
	}
	s.mu.Unlock()
	err := errors.Join(s.listener.Close(), os.Remove(s.path))
	s.running.Wait()
	return err
}

// accept ends with the listener.
func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			time.Sleep(100 * time.Millisecond) // no more files may be open; nothing else tells when there are
			continue
		}
		v := &viewer{conn: conn, records: make(chan plog.Logs, bufferedRecords), gone: make(chan struct{})}
		if err := s.join(v); err != nil {
			_ = v.notice(Notice{Error: err.Error()}) // it is told, if it listens
			_ = conn.Close()
			continue
		}
		s.running.Go(func() {
			defer s.leave(v)
			v.serve(func() { s.watch(v) })
		})
	}
}

func (s *Server) join(v *viewer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.viewers) == maxViewers {
		return fmt.Errorf("%d viewers are connected, which is the most", len(s.viewers))
	}
	s.viewers[v] = struct{}{}
	return nil
}

// watch begins to show records to a viewer that has told its filter.
func (s *Server) watch(v *viewer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v.ready = true
	s.publish()
}

func (s *Server) leave(v *viewer) {
	_ = v.conn.Close() // it may be closed already
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.viewers, v)
	s.publish()
}

// publish makes the ready viewers known to Select.
func (s *Server) publish() {
	var ready []*viewer
	for v := range s.viewers {
		if v.ready {
			ready = append(ready, v)
		}
	}
	if ready == nil {
		s.watching.Store(nil)
		return
	}
	s.watching.Store(&ready)
}

// Selection are records that viewers asked for.
type Selection []chosen

type chosen struct {
	viewer *viewer
	record plog.Logs
}

// Select copies the records that viewers ask for. It returns nil where nobody looks, after one atomic load.
func (s *Server) Select(logs plog.Logs) Selection {
	watching := s.watching.Load()
	if watching == nil {
		return nil
	}
	var selection Selection
	for _, v := range *watching {
		room := cap(v.records) - len(v.records)
		for _, resource := range logs.ResourceLogs().All() {
			for _, scope := range resource.ScopeLogs().All() {
				for _, record := range scope.LogRecords().All() {
					if !v.filter.fits(resource.Resource().Attributes(), record) {
						continue
					}
					if room--; room < 0 {
						v.dropped.Add(1)
						continue
					}
					selection = append(selection, chosen{viewer: v, record: alone(resource, scope, record)})
				}
			}
		}
	}
	return selection
}

// alone copies one record with its resource and scope.
func alone(resource plog.ResourceLogs, scope plog.ScopeLogs, record plog.LogRecord) plog.Logs {
	logs := plog.NewLogs()
	resourceCopy := logs.ResourceLogs().AppendEmpty()
	resource.Resource().CopyTo(resourceCopy.Resource())
	resourceCopy.SetSchemaUrl(resource.SchemaUrl())
	scopeCopy := resourceCopy.ScopeLogs().AppendEmpty()
	scope.Scope().CopyTo(scopeCopy.Scope())
	scopeCopy.SetSchemaUrl(scope.SchemaUrl())
	record.CopyTo(scopeCopy.LogRecords().AppendEmpty())
	return logs
}

// Show gives the records to their viewers. It never waits.
func (s Selection) Show() {
	for _, c := range s {
		select {
		case c.viewer.records <- c.record:
		default: // another batch took the room
			c.viewer.dropped.Add(1)
		}
	}
}
