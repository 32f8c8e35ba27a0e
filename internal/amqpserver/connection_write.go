package amqpserver

import "time"

// write sends what is in the outbox, and a heartbeat every half of the interval that was agreed, whatever else is sent. It
// returns when finished is closed and all is sent, or when the client does not take it.
func (c *connection) write(finished <-chan struct{}) error {
	var heartbeat <-chan time.Time
	if c.heartbeat > 0 {
		ticker := time.NewTicker(c.heartbeat / 2)
		defer ticker.Stop()
		heartbeat = ticker.C
	}
	var buffer []byte
	for last := false; ; {
		buffer = c.out.take(buffer[:0])
		if err := c.send(buffer); err != nil {
			return err
		}
		if last {
			return nil
		}
		select {
		case <-c.out.wake:
		case <-heartbeat:
			if err := c.send(c.beat()); err != nil {
				return err
			}
		case <-finished:
			last = true
		}
	}
}

// beat is a heartbeat, but nothing follows connection.close.
func (c *connection) beat() []byte {
	if c.out.isSealed() {
		return nil
	}
	return heartbeat()
}

func (c *connection) send(octets []byte) error {
	if len(octets) == 0 {
		return nil
	}
	if err := c.conn.SetWriteDeadline(time.Now().Add(c.server.timeouts.write)); err != nil {
		return err
	}
	_, err := c.conn.Write(octets)
	return err
}

func (c *connection) reply(m method, write func([]byte) []byte) {
	c.out.answer(func(to []byte) []byte { return appendMethod(to, theChannel, m, write) })
}
