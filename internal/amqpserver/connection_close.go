package amqpserver

import (
	"errors"
	"io"
	"time"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/amqpframe"
)

// endReason is what the observer is told: the server's reason where it had one.
func (c *connection) endReason(err error) error {
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

// fail closes the connection with connection.close, from any goroutine. It reports whether that was not done before.
func (c *connection) fail(reason *Refusal) bool {
	c.deadlineMu.Lock()
	defer c.deadlineMu.Unlock()
	begun := c.out.finish(func(to []byte) []byte { return reason.appendClose(to, 0) })
	if begun {
		c.reason, c.final = reason, true
		_ = c.conn.SetReadDeadline(time.Now().Add(c.server.timeouts.close)) // fails when closed
		c.cancel()
	}
	return begun
}

// breakOff ends a connection that cannot be written to.
func (c *connection) breakOff() {
	c.out.mu.Lock()
	c.out.broken, c.out.sealed = true, true
	c.out.room.Broadcast()
	c.out.mu.Unlock()
	c.cancel()
	_ = c.conn.Close() // it is gone
}

// drain reads until the client has seen connection.close: closed before, the client may get a reset instead of the code.
func (c *connection) drain() error {
	for {
		f, err := c.frames.Next()
		if err == nil {
			var done bool
			if done, err = c.readAfterClose(f); done {
				return nil
			}
		}
		if _, refused := errors.AsType[amqpframe.Error](err); refused { // no frames any more
			_, err = io.Copy(io.Discard, c.frames.From)
		}
		if err != nil {
			return err
		}
	}
}

// readAfterClose reads a frame after connection.close was sent. done reports whether the client has closed too.
func (c *connection) readAfterClose(f amqpframe.Head) (done bool, err error) {
	if f.Type != amqpframe.MethodFrame || f.Channel != 0 {
		return false, c.frames.Discard(f)
	}
	payload, err := c.frames.Payload(f)
	if err != nil {
		return false, err
	}
	a := amqpframe.NewArguments(payload)
	m := method(a.Long())
	return m == connectionCloseOk || m == connectionClose, nil
}

// retire accepts no new messages and closes the connection once everything is acknowledged.
func (c *connection) retire() {
	if !c.opened.Load() {
		c.cancel()
		_ = c.conn.Close() // nothing was promised yet
		return
	}
	c.out.mu.Lock()
	c.out.draining = true
	idle := c.out.confirms == nil || !c.out.confirms.waiting()
	c.out.mu.Unlock()
	if idle {
		c.fail(shuttingDown)
	}
}

// closeChannel ends the channel: write appends what the client is told, after the acknowledgements that are due.
func (c *connection) closeChannel(write func([]byte) []byte) {
	c.out.mu.Lock()
	c.out.settle()
	c.out.mu.Unlock()
	c.out.answer(write)
	c.channel.drop()
	c.channel = nil
}

// end gives back what belongs to the connection.
func (c *connection) end() {
	c.confirmTimer.Stop()
	if c.channel != nil {
		c.channel.drop()
	}
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	c.out.settle()
}
