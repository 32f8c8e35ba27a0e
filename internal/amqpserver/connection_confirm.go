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

// checkConfirmTimeout closes the connection when its oldest message has waited for too long.
func (c *connection) checkConfirmTimeout() {
	c.out.mu.Lock()
	var overdue bool
	c.confirmTimerSet = false
	if c.out.confirms != nil {
		if received, found := c.out.confirms.oldest(); found {
			left := time.Until(received.Add(c.server.config.ConfirmTimeout))
			if overdue = left <= 0; !overdue {
				c.startConfirmTimer(left)
			}
		}
	}
	c.out.mu.Unlock()
	if overdue {
		c.fail(c.confirmTimeout())
	}
}

func (c *connection) confirmTimeout() *Refusal {
	return refusal(codeConnectionForced, fmt.Sprintf("a message was not taken within %s, send it again", c.server.config.ConfirmTimeout))
}

// startConfirmTimer starts the timer unless it runs. out.mu is locked.
func (c *connection) startConfirmTimer(after time.Duration) {
	if !c.confirmTimerSet {
		c.confirmTimerSet = true
		c.confirmTimer.Reset(after)
	}
}

// enlist returns the message that is to be acknowledged, which is another one when the message was sent before. It is void when the
// connection accepts nothing any more.
func (c *connection) enlist(message *Message) (enlisted *Message, void bool) {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if c.out.draining || c.out.sealed {
		return nil, true
	}
	message.tag = message.owner.next()
	if enlisted = c.server.orphans.adopt(message); enlisted == nil {
		enlisted = message
	}
	message.owner.add(enlisted, message.Received, unaccepted)
	c.startConfirmTimer(c.server.config.ConfirmTimeout)
	return enlisted, false
}
