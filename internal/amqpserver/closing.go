package amqpserver

import (
	"errors"
	"io"
	"time"
)

// outcome is what is told of the end: the server's reason where it had one.
func (c *connection) outcome(err error) error {
	c.deadlineMu.Lock()
	defer c.deadlineMu.Unlock()
	switch {
	case c.reason == shuttingDown:
		return nil
	case c.reason != nil:
		return c.reason
	default:
		return err
	}
}

// shuttingDown is what clients are told at the end: they connect and send again.
var shuttingDown = refusal(codeConnectionForced, "shutting down")

// fail closes the connection with connection.close, from any goroutine. It says false when that was done before.
func (c *connection) fail(reason *Refusal) bool {
	c.deadlineMu.Lock()
	defer c.deadlineMu.Unlock()
	first := c.out.finish(func(to []byte) []byte { return reason.appendClose(to, 0) })
	if first {
		c.reason, c.final = reason, true
		_ = c.conn.SetReadDeadline(time.Now().Add(c.server.timeouts.close)) // fails when closed
		c.cancel()
	}
	return first
}

// breakOff ends a connection that cannot be written to.
func (c *connection) breakOff() {
	c.out.mu.Lock()
	c.out.broken, c.out.closing = true, true
	c.out.room.Broadcast()
	c.out.mu.Unlock()
	c.cancel()
	_ = c.conn.Close() // it is gone
}

// drain reads until the client has seen connection.close: closed before, the client may get a reset instead of the code.
func (c *connection) drain() error {
	for {
		f, err := c.frames.head()
		if err == nil {
			var done bool
			if done, err = c.closing(f); done {
				return nil
			}
		}
		if _, refused := errors.AsType[*Refusal](err); refused { // no frames any more
			_, err = io.Copy(io.Discard, c.frames.from)
		}
		if err != nil {
			return err
		}
	}
}

// closing reads a frame after connection.close was sent, and says whether the client has closed too.
func (c *connection) closing(f frame) (done bool, err error) {
	if f.kind != frameMethod || f.channel != 0 {
		return false, c.frames.discard(f)
	}
	payload, err := c.frames.read(f)
	if err != nil {
		return false, err
	}
	a := arguments{rest: payload}
	m := method(a.long())
	return m == connectionCloseOk || m == connectionClose, nil
}
