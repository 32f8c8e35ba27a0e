package rabbitmq

import (
	"bufio"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// readBuffer is how much is read off the socket at once, in bytes. amqp091-go's own buffer has room for two or three messages.
const readBuffer = 64 * 1024

// missedHeartbeats is how many of the broker's heartbeats may stay away, of which RabbitMQ sends one each half of the interval.
const missedHeartbeats = 3

// socket is what amqp091-go reads and writes. It has no SetReadDeadline on purpose: with one, amqp091-go would wake a goroutine for
// every frame to move the deadline on.
//
// Its Read waits while it is held: the broker's data stays in the buffers of the operating systems, which is the only way to stop
// deliveries that the prefetch allows without cancelling the consumer. Writes, and so heartbeats, go on.
type socket struct {
	conn   net.Conn
	buffer *bufio.Reader
	// patience is how long a read may wait for data, in nanoseconds; 0 before the handshake is done, which has a timeout of its own.
	patience atomic.Int64

	mu     sync.Mutex
	opened chan struct{} // nil while Read may pass; closed when it may again
	closed bool
}

func newSocket(conn net.Conn) *socket {
	s := &socket{conn: conn}
	s.buffer = bufio.NewReaderSize(patientReader{s}, readBuffer)
	return s
}

// expectHeartbeats ends reads from now on when nothing comes, for the interval that was agreed on; 0 is for ever.
func (s *socket) expectHeartbeats(interval time.Duration) error {
	s.patience.Store(int64(missedHeartbeats * interval / 2))
	return s.extendDeadline() // of the read that waits already
}

func (s *socket) extendDeadline() error {
	patience := time.Duration(s.patience.Load())
	if patience == 0 {
		return nil
	}
	return s.conn.SetReadDeadline(time.Now().Add(patience))
}

// patientReader reads off the connection itself.
type patientReader struct{ *socket }

// Read implements io.Reader.
func (r patientReader) Read(p []byte) (int, error) {
	if err := r.extendDeadline(); err != nil {
		return 0, err
	}
	return r.conn.Read(p)
}

// hold makes Read wait (true) or go on (false), and says whether that changed anything.
func (s *socket) hold(held bool) (changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || held == (s.opened != nil) {
		return false
	}
	if held {
		s.opened = make(chan struct{})
	} else {
		close(s.opened)
		s.opened = nil
	}
	return true
}

func (s *socket) held() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opened != nil
}

// Read implements io.Reader. It is called by one goroutine.
func (s *socket) Read(p []byte) (int, error) {
	s.mu.Lock()
	opened := s.opened
	s.mu.Unlock()
	if opened != nil {
		<-opened
	}
	return s.buffer.Read(p)
}

// Write implements io.Writer.
func (s *socket) Write(p []byte) (int, error) { return s.conn.Write(p) }

// Close implements io.Closer. A Read that waits returns an error.
func (s *socket) Close() error {
	err := s.conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.opened != nil {
		close(s.opened)
		s.opened = nil
	}
	return err
}
