package amqpserver

import (
	"sync"
	"time"
)

// outbox is what is to be sent to a client. One goroutine writes it; whoever adds to it does not wait for the client, but for the
// connection's reader, when a client asks and asks and does not take the answers.
type outbox struct {
	mu      sync.Mutex
	room    sync.Cond // something was taken, or nothing is sent any more
	control []byte
	// confirms are those of the open channel; nil when there is none in confirm mode.
	confirms *confirms
	// closing is set once connection.close or its answer is in control: nothing follows it.
	closing bool
	// draining is whether new messages are left to be sent again.
	draining bool
	// broken is whether writing has failed.
	broken  bool
	wake    chan struct{}
	orphans *orphans
}

// How many bytes of answers, and how many acknowledgements, may wait for a client before it is read no further.
const (
	maxControl  = 64 << 10
	maxConfirms = 64 << 10
)

func (o *outbox) init(orphans *orphans) {
	o.orphans = orphans
	o.room.L = &o.mu
	o.wake = make(chan struct{}, 1)
}

func (o *outbox) nudge() {
	select {
	case o.wake <- struct{}{}:
	default: // a nudge is pending already
	}
}

// answer sends what the client asked for. It is for the reader alone.
func (o *outbox) answer(write func([]byte) []byte) {
	o.mu.Lock()
	o.awaitRoom()
	if !o.closing {
		o.control = write(o.control)
	}
	o.mu.Unlock()
	o.nudge()
}

// awaitRoom waits until the client has taken the most of what there is. o.mu is held.
func (o *outbox) awaitRoom() {
	for !o.broken && !o.closing && (len(o.control) > maxControl || (o.confirms != nil && o.confirms.len() > maxConfirms)) {
		o.room.Wait()
	}
}

// finish sends the last there is: what write appends, after the acknowledgements that are due. It says false when that was
// done before.
func (o *outbox) finish(write func([]byte) []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closing {
		return false
	}
	o.settle()
	o.control = write(o.control)
	o.closing = true
	o.nudge()
	return true
}

// settle ends the acknowledgements: those that are due go into control, and what is not accepted is left to whoever sends it again.
// o.mu is held.
func (o *outbox) settle() {
	if o.confirms == nil {
		return
	}
	o.control = o.confirms.appendAcks(o.control)
	for entry := range o.confirms.unaccepted() {
		o.orphans.add(entry.message)
	}
	o.confirms = nil
}

// take moves what is to be sent to a buffer.
func (o *outbox) take(to []byte) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer o.room.Signal()
	to = append(to, o.control...)
	o.control = o.control[:0]
	if o.confirms != nil && o.confirms.pending() {
		to = o.confirms.appendAcks(to)
	}
	return to
}

func (o *outbox) isClosing() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.closing
}

// write sends what the outbox holds, and a heartbeat every half of the interval that was agreed, whatever else is sent. It
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
	if c.out.isClosing() {
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
