package amqpserver

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// ErrTooManyConnections says that a connection was ended because of Config.MaxConnections: at once, or to make room for another while it
// had not authenticated.
var ErrTooManyConnections = errors.New("too many connections")

// Server takes messages from publishers. It owns the goroutines of its connections, which Shutdown ends.
type Server struct {
	config   Config
	timeouts timeouts
	handler  Handler
	observer Observer
	// room is what is left of Config.MaxInFlightBytes, inFlight what is taken of it. Who waits first is served first, so that a large
	// message is not starved by small ones.
	room     *semaphore.Weighted
	inFlight atomic.Int64
	orphans  *orphans
	logins   *logins

	serving sync.WaitGroup

	mu          sync.Mutex
	stopped     bool
	listeners   map[net.Listener]struct{}
	connections map[*connection]struct{}
	hosts       map[netip.Addr]int
}

// New makes a server.
func New(config Config, handler Handler, observer Observer) *Server {
	return &Server{
		config: config, timeouts: defaultTimeouts(), handler: handler, observer: observer,
		room: semaphore.NewWeighted(config.MaxInFlightBytes), orphans: newOrphans(), logins: newLogins(),
		listeners: map[net.Listener]struct{}{}, connections: map[*connection]struct{}{}, hosts: map[netip.Addr]int{},
	}
}

// Serve takes connections until Shutdown, and then returns nil, or until the listener fails. It closes the listener, which may be one of
// tls.NewListener. It may be called for several listeners.
func (s *Server) Serve(listener net.Listener) error {
	defer func() { _ = listener.Close() }() // closed already when Shutdown was called
	if !s.listen(listener) {
		return nil
	}
	for pause := time.Duration(0); ; {
		conn, err := listener.Accept()
		switch {
		case err == nil:
			pause = 0
			s.start(conn)
		case s.isStopped():
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		default: // such as too many open files: it passes
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			time.Sleep(pause)
		}
	}
}

func (s *Server) listen(listener net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return false
	}
	s.listeners[listener] = struct{}{}
	return true
}

func (s *Server) isStopped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopped
}

func (s *Server) start(conn net.Conn) {
	c := newConnection(s, conn)
	admitted, slowest := s.admit(c)
	if slowest != nil {
		slowest.cancel()
		_ = slowest.conn.Close() // nothing was promised yet
	}
	if !admitted {
		c.cancel()
		_ = conn.Close() // before anything was read
		s.observer.Refused(c.peer, ErrTooManyConnections)
		return
	}
	go func() {
		defer s.serving.Done()
		defer s.leave(c)
		c.serve()
	}()
}

// admit counts a connection in. It is waited for from then on. Where there is no room, the one that has taken longest to say who it is
// has to make some, and is returned: strangers who keep connections open must not keep services out.
func (s *Server) admit(c *connection) (admitted bool, slowest *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	host := c.peer.Addr()
	most := s.config.MaxConnections
	if host.IsValid() && !host.IsLoopback() {
		most = (most + 1) / 2
	}
	crowded := s.hosts[host] >= most
	if s.stopped {
		return false, nil
	}
	if crowded || len(s.connections) >= s.config.MaxConnections {
		for other := range s.connections {
			if !other.opened.Load() && (!crowded || other.peer.Addr() == host) && (slowest == nil || other.accepted.Before(slowest.accepted)) {
				slowest = other
			}
		}
		if slowest == nil {
			return false, nil
		}
		slowest.evicted.Store(true)
		s.remove(slowest)
	}
	s.connections[c] = struct{}{}
	s.hosts[host]++
	s.serving.Add(1)
	return true, slowest
}

func (s *Server) leave(c *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(c)
}

// remove counts a connection out, once. s.mu is locked.
func (s *Server) remove(c *connection) {
	if _, counted := s.connections[c]; !counted {
		return
	}
	delete(s.connections, c)
	if host := c.peer.Addr(); s.hosts[host] > 1 {
		s.hosts[host]--
	} else {
		delete(s.hosts, host)
	}
}

// release gives back the room of a message.
func (s *Server) release(bytes int64) {
	s.inFlight.Add(-bytes)
	s.room.Release(bytes)
}

// Stats returns what the server has now.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{Connections: len(s.connections), InFlightBytes: s.inFlight.Load()}
}

// Shutdown takes no new connections and no new messages, waits until what was handled is accepted and acknowledged, or ctx ends, and
// closes every connection with 320, so that clients send what was not acknowledged again, to the server that listens then. It returns
// when all goroutines of the server have ended; clients that do not answer delay that by at most two seconds. The error is ctx's when
// messages were left.
func (s *Server) Shutdown(ctx context.Context) error {
	for _, c := range s.stop() {
		c.retire()
	}
	ended := make(chan struct{})
	go func() { s.serving.Wait(); close(ended) }()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
	}
	for _, c := range s.open() {
		c.fail(shuttingDown)
	}
	select {
	case <-ended:
	case <-time.After(s.timeouts.close):
		for _, c := range s.open() {
			_ = c.conn.Close() // it did not answer
		}
		<-ended
	}
	return ctx.Err()
}

// stop ends the listeners and returns the connections that are open.
func (s *Server) stop() []*connection {
	s.mu.Lock()
	s.stopped = true
	for listener := range s.listeners {
		_ = listener.Close() // it is of no use any more
	}
	s.mu.Unlock()
	return s.open()
}

func (s *Server) open() []*connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	open := make([]*connection, 0, len(s.connections))
	for c := range s.connections {
		open = append(open, c)
	}
	return open
}
