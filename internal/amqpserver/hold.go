package amqpserver

import (
	"fmt"
	"time"
)

// accept is Message.Accept's way to the acknowledgement.
func (c *connection) accept(of *confirms, tag uint64) {
	c.out.mu.Lock()
	of.accept(tag)
	current := c.out.confirms == of
	drained := current && c.out.draining && !of.waiting()
	c.out.mu.Unlock()
	switch {
	case drained:
		c.fail(shuttingDown)
	case current:
		c.out.nudge()
	}
}

// retire takes nothing new and closes the connection once everything is acknowledged.
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

// checkHold closes the connection when its oldest message has waited for too long.
func (c *connection) checkHold() {
	c.out.mu.Lock()
	var overdue bool
	c.holdArmed = false
	if c.out.confirms != nil {
		if received, found := c.out.confirms.oldest(); found {
			left := time.Until(received.Add(c.server.config.MaxHold))
			if overdue = left <= 0; !overdue {
				c.armHold(left)
			}
		}
	}
	c.out.mu.Unlock()
	if overdue {
		c.fail(c.heldTooLong())
	}
}

func (c *connection) heldTooLong() *Refusal {
	return refusal(codeConnectionForced, fmt.Sprintf("a message was not taken within %s, send it again", c.server.config.MaxHold))
}

// armHold sets the timer unless it is set. out.mu is held.
func (c *connection) armHold(after time.Duration) {
	if !c.holdArmed {
		c.holdArmed = true
		c.holdTimer.Reset(after)
	}
}

// end gives back what the connection holds.
func (c *connection) end() {
	c.holdTimer.Stop()
	if c.channel != nil {
		c.channel.drop()
	}
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	c.out.settle()
}
