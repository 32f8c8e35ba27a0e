package rabbitmq

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// gatedConn is a connection whose Read waits while it is held: the broker's data stays in the socket buffers, which is the only way
// to stop deliveries that the prefetch allows without cancelling the consumer. Writes, and so heartbeats, go on.
type gatedConn struct {
	net.Conn
	// patience is how long from its setting the last read deadline was, in nanoseconds.
	patience atomic.Int64

	mu     sync.Mutex
	opened chan struct{} // nil while Read may pass; closed when it may again
	closed bool
}

// hold makes Read wait (true) or go on (false), and says whether that changed anything.
func (c *gatedConn) hold(held bool) (changed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || held == (c.opened != nil) {
		return false
	}
	if held {
		c.opened = make(chan struct{})
	} else {
		close(c.opened)
		c.opened = nil
	}
	return true
}

func (c *gatedConn) held() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.opened != nil
}

// Read implements net.Conn.
func (c *gatedConn) Read(p []byte) (int, error) {
	c.mu.Lock()
	opened := c.opened
	c.mu.Unlock()
	if opened != nil {
		<-opened
		// amqp091-go moves the deadline on with every frame it reads; while it read none the deadline may have passed.
		if patience := time.Duration(c.patience.Load()); patience > 0 {
			if err := c.Conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
				return 0, err
			}
		}
	}
	return c.Conn.Read(p)
}

// SetReadDeadline implements net.Conn; amqp091-go calls it with three heartbeat intervals from now.
func (c *gatedConn) SetReadDeadline(deadline time.Time) error {
	if deadline.IsZero() {
		c.patience.Store(0)
	} else {
		c.patience.Store(int64(time.Until(deadline)))
	}
	return c.Conn.SetReadDeadline(deadline)
}

// Close implements net.Conn. A Read that waits returns an error.
func (c *gatedConn) Close() error {
	err := c.Conn.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.opened != nil {
		close(c.opened)
		c.opened = nil
	}
	return err
}
