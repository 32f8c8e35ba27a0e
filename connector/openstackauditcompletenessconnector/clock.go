package openstackauditcompletenessconnector

import "time"

const (
	// idle is how long nothing has to come for there to be no backlog.
	idle = time.Minute
	// quiet is how long a publisher has to be silent, while others are not, for what it did not send to be missing.
	quiet = time.Hour
)

// heard is when somebody was heard: when the newest of its events was sent, and when the last one came.
type heard struct {
	Event, Arrival time.Time
}

func (h *heard) hear(at, now time.Time) {
	if at.After(h.Event) {
		h.Event = at
	}
	h.Arrival = now
}

// clock tells how far the events have come. What is missing now may stand in a backlog: only events that were sent later tell, or that
// nothing comes any more.
type clock struct {
	// started is when the connector did: what came before is not known to have been heard.
	started time.Time
	// all is when anybody was heard.
	all heard
}

// progress is when the events were sent that come now.
func (c *clock) progress(now time.Time) time.Time {
	if now.Sub(later(c.all.Arrival, c.started)) >= idle && now.Add(-idle).After(c.all.Event) {
		return now.Add(-idle)
	}
	return c.all.Event
}

// silent is how long somebody was not heard, by the time of the events or by that of their coming, whichever is less. What was before the
// start does not count.
func (c *clock) silent(h heard, now time.Time) time.Duration {
	since := h.Event
	if since.IsZero() {
		since = c.started
	}
	return min(c.progress(now).Sub(since), now.Sub(later(h.Arrival, c.started)))
}

// passed reports whether a publisher that sent something at a time, which came at another, should have sent what belongs to it within a
// time, and did not: it sent later events, or others did while it was quiet.
func (c *clock) passed(h heard, sent, came time.Time, within time.Duration, now time.Time) bool {
	if now.Sub(later(came, c.started)) <= within {
		return false
	}
	due := sent.Add(within)
	return h.Event.After(due) || c.all.Event.After(due) && now.Sub(later(h.Arrival, c.started)) > max(within, quiet)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
