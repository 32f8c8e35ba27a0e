package amqpserver

import "sync"

// outbox is what is to be sent to a client. One goroutine writes it; the goroutines that add to it do not wait for the client, but for the
// connection's reader, when a client asks and asks and does not take the answers.
type outbox struct {
	mu      sync.Mutex
	room    sync.Cond // something was taken, or nothing is sent any more
	control []byte
	// confirms are those of the open channel; nil when there is none in confirm mode.
	confirms *confirms
	// sealed is set once connection.close or its answer is in control: nothing follows it.
	sealed bool
	// draining is set when new messages are left to be sent again.
	draining bool
	// broken is set when writing has failed.
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
	if !o.sealed {
		o.control = write(o.control)
	}
	o.mu.Unlock()
	o.nudge()
}

// awaitRoom waits until the client has taken most of what there is. o.mu is locked.
func (o *outbox) awaitRoom() {
	for !o.broken && !o.sealed && (len(o.control) > maxControl || (o.confirms != nil && o.confirms.len() > maxConfirms)) {
		o.room.Wait()
	}
}

// finish sends the last there is: what write appends, after the acknowledgements that are due. It reports whether nothing was sealed
// before.
func (o *outbox) finish(write func([]byte) []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sealed {
		return false
	}
	o.settle()
	o.control = write(o.control)
	o.sealed = true
	o.nudge()
	return true
}

// settle ends the acknowledgements: those that are due go into control, and what is not accepted is left to the client, which sends it
// again. o.mu is locked.
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

func (o *outbox) isSealed() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sealed
}
