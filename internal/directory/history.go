package directory

import "math"

// history is of a thing that changed, as far as we know. It is never altered: a change makes another one.
type history struct {
	// order is our order of the last event that told of a change, and at the time that this event bears, in Unix nanoseconds.
	order uint64
	at    int64
	// until is where the name of the entry ceases to be certain, in Unix nanoseconds; 0: it does not.
	until int64
	// earlier are the names that it had before, the oldest first.
	earlier []version
}

// version is a name and when it was certain, in Unix nanoseconds: from an answer of Keystone's to the next change.
type version struct {
	name        string
	domain      domain
	from, until int64
}

// maxVersions bounds the earlier names that are kept.
const maxVersions = 4

// certainty says how a name is related to the time of an event.
type certainty uint8

const (
	// certain: Keystone told the name before the event, and no change is known in between.
	certain certainty = iota
	// later: Keystone told the name after the event. It may have had another one then.
	later
	// earlier: it changed between what Keystone told and the event.
	earlier
)

// at returns the name of the time t, in Unix nanoseconds, or the next best one.
func (e *entry) at(t int64) (string, domain, certainty) {
	if e.history == nil {
		if t >= e.from {
			return e.name, e.domain, certain
		}
		return e.name, e.domain, later
	}
	switch {
	case t < e.from:
	case t < e.until():
		return e.name, e.domain, certain
	default:
		return e.name, e.domain, earlier
	}
	for _, v := range e.history.earlier {
		if t < v.from {
			return v.name, v.domain, later
		}
		if t < v.until {
			return v.name, v.domain, certain
		}
	}
	return e.name, e.domain, later
}

func (e *entry) until() int64 {
	if e.history == nil || e.history.until == 0 {
		return math.MaxInt64
	}
	return e.history.until
}

// copyHistory returns a history to alter.
func (e *entry) copyHistory() history {
	if e.history == nil {
		return history{}
	}
	return *e.history
}

// remember puts the name of the entry among the earlier ones, certain until a time.
func (e *entry) remember(h *history, until int64) {
	earlier := append([]version(nil), h.earlier...)
	earlier = append(earlier, version{name: e.name, domain: e.domain, from: e.from, until: max(e.from, until)})
	h.earlier = earlier[max(0, len(earlier)-maxVersions):]
}

// cut ends the certainty of the earlier name that was taken to be certain at the time of a change: events of changes need not come in the
// order of their times.
func (h *history) cut(at int64) {
	for i, v := range h.earlier {
		if v.from <= at && at < v.until {
			h.earlier = append([]version(nil), h.earlier...)
			h.earlier[i].until = at
			return
		}
	}
}
