package rabbitmq

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/inbound"
)

// missedHeartbeats is how many of the broker's heartbeats may stay away, of which RabbitMQ sends one each half of the interval.
const missedHeartbeats = 3

// socket is what amqp091-go reads and writes. It has no SetReadDeadline on purpose: with one, amqp091-go would wake a goroutine for
// every frame to move the deadline on.
//
// It reads nothing while it is paused: the broker's data stays in the buffers of the operating systems, which is the only way to stop
// deliveries that the prefetch allows without cancelling the consumer. Writes, and so heartbeats, go on.
type socket struct {
	conn net.Conn
	// readTimeout is how long a read may wait for data, in nanoseconds; 0 before the handshake is done, which has a timeout of its own.
	readTimeout atomic.Int64
	inbound     *inbound.Reader

	mu      sync.Mutex
	resumed chan struct{} // nil while it may be read; closed when it may again
	closed  bool
}

func newSocket(conn net.Conn) *socket {
	s := &socket{conn: conn}
	s.inbound = inbound.NewReader(connReader{s}, frameSize)
	return s
}

// expectHeartbeats sets the heartbeat interval that was agreed on; 0 means none. From now on a read fails when no heartbeats come.
func (s *socket) expectHeartbeats(interval time.Duration) error {
	s.readTimeout.Store(int64(missedHeartbeats * interval / 2))
	return s.extendDeadline() // of the read that waits already
}

func (s *socket) extendDeadline() error {
	timeout := time.Duration(s.readTimeout.Load())
	if timeout == 0 {
		return nil
	}
	return s.conn.SetReadDeadline(time.Now().Add(timeout))
}

// connReader reads from the connection itself.
type connReader struct{ *socket }

// Read implements io.Reader.
func (r connReader) Read(p []byte) (int, error) {
	r.awaitResumption()
	if err := r.extendDeadline(); err != nil {
		return 0, err
	}
	return r.conn.Read(p)
}

// setPaused makes the next read wait (true) or go on (false), and reports whether that changed anything.
func (s *socket) setPaused(paused bool) (changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || paused == (s.resumed != nil) {
		return false
	}
	if paused {
		s.resumed = make(chan struct{})
	} else {
		close(s.resumed)
		s.resumed = nil
	}
	return true
}

func (s *socket) paused() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.resumed != nil
}

func (s *socket) awaitResumption() {
	s.mu.Lock()
	resumed := s.resumed
	s.mu.Unlock()
	if resumed != nil {
		<-resumed
	}
}

// Read implements io.Reader. It is called by one goroutine.
func (s *socket) Read(p []byte) (int, error) { return s.inbound.Read(p) }

// Write implements io.Writer.
func (s *socket) Write(p []byte) (int, error) { return s.conn.Write(p) }

// Close implements io.Closer. A read that waits fails.
func (s *socket) Close() error {
	err := s.conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.resumed != nil {
		close(s.resumed)
		s.resumed = nil
	}
	return err
}
