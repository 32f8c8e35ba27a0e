package directory

import "time"

// What is said about a thing, and what it makes of what is known: all ranking of sources is in this file.

// answer is what Keystone says: to a lookup, or in a list.
type answer struct {
	name   string
	domain domain
	list   bool
	// began is our order of the request; ended is when the answer was there.
	began uint64
	ended time.Time
}

// answer takes in Keystone's word. A lookup counts more than whatever was known; a list that contradicts an answer makes Keystone be
// asked. A request that began before the last change was told does not settle that change.
func (e entry) answer(a answer) entry {
	settled := e.history == nil || e.history.order < a.began
	same := e.name == a.name && e.domain == a.domain
	if a.list {
		switch {
		case e.state == deleted, e.state == answered && !same:
			e.due = true
			return e
		case !settled:
			return e
		}
	}
	h := e.copyHistory()
	ended := a.ended.UnixNano()
	fresh := e
	fresh.name, fresh.domain = a.name, a.domain
	switch {
	case !e.state.told():
		fresh.from = ended
		h.until = unsettledAt(settled, ended)
	case same && settled && h.until != 0:
		if h.until > e.from {
			e.remember(&h, h.until)
		}
		fresh.from, h.until = ended, 0
	case same:
	default:
		until := h.until
		if until == 0 { // nobody told of the change
			until = int64(e.asked) * int64(time.Second)
		}
		e.remember(&h, until)
		fresh.from = ended
		h.until = unsettledAt(settled, ended)
	}
	if e.history != nil || len(h.earlier) > 0 {
		if e.history == nil || h.until != e.history.until || fresh.from != e.from {
			fresh.history = &h
		}
	}
	fresh.asked, fresh.due = seconds(a.ended), !settled
	if fresh.state = answered; a.list && e.state != answered {
		fresh.state = listed
	}
	return fresh
}

// unsettledAt is where a name ends to be certain that may be of before a change: where it began.
func unsettledAt(settled bool, from int64) int64 {
	if settled {
		return 0
	}
	return from
}

// absent takes in that Keystone has no such thing: one that it told of was deleted. A name that events alone told stays theirs.
func (e entry) absent(began uint64, now time.Time) entry {
	e.asked, e.due = seconds(now), e.history != nil && e.history.order >= began
	switch {
	case e.state.told():
		e.state = deleted
	case e.state != heard:
		e.state = absent
	}
	return e
}

// forbidden takes in that Keystone does not tell us.
func (e entry) forbidden(now time.Time) entry {
	e.asked, e.due = seconds(now), false
	if !e.state.named() {
		e.state = forbidden
	}
	return e
}

// hear takes in the name that an event of a time has beside the id, and reports whether that contradicts Keystone. Then the name stays, and
// Keystone is asked again. So it is when a deleted thing shows up.
func (e entry) hear(name string, domain domain, order uint64, at int64) (entry, bool) {
	if e.state.told() {
		then, _, _ := e.at(at)
		contradicts := e.name != name && then != name
		if contradicts && e.state != deleted || e.state == deleted && at/int64(time.Second) > int64(e.asked) {
			h := e.copyHistory()
			h.order = order
			e.history, e.due = &h, true
		}
		return e, contradicts
	}
	if domain.id() != "" || e.name != name {
		e.domain = domain
	}
	e.name, e.state = name, heard
	return e, false
}

// change takes in an event of a time that says that the thing was created or changed: Keystone is asked again, whatever is known. The same
// event once more, in a batch that came again, is no other change.
func (e entry) change(order uint64, at int64, now time.Time) entry {
	h := e.copyHistory()
	if e.history != nil && h.at == at {
		return e
	}
	h.order, h.at = order, at
	h.cut(at)
	if e.state.told() {
		h.until = max(e.from, min(at, e.until()))
	}
	e.history, e.due = &h, true
	if e.state == unknown {
		e.state, e.asked = absent, seconds(now)
	}
	return e
}

// delete takes in an event that says that the thing was deleted. What Keystone told is kept; it is asked whether that is so.
func (e entry) delete(now time.Time) entry {
	if e.state == listed || e.state == answered {
		e.state, e.asked, e.due = deleted, seconds(now), true
	}
	return e
}
