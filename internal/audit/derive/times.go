package derive

import (
	"time"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
)

// times fills in when it happened, and reports whether the last reporter says that. A response repeats the eventTime of its request, since
// keystonemiddleware uses one event for both: there the last reporter's time is the event's, keystonemiddleware/audit/_api.py
// mod_audit_event.
func (d *Deriver) times(e *audit.Event, s Source) (fromReporter bool) {
	c := &s.Event
	began, _ := audit.ParseTime(c.EventTime)
	if s.EventType == HTTPResponse {
		if steps := len(c.ReporterChain); steps > 0 {
			e.Time, fromReporter = audit.ParseTime(c.ReporterChain[steps-1].Time)
			if fromReporter && !began.IsZero() {
				e.Duration.Value = e.Time.Sub(began).Seconds()
				e.Duration.Known = e.Duration.Value >= 0
			}
		}
		if !fromReporter {
			e.Time = s.Sent
		}
	}
	if e.Time.IsZero() {
		e.Time = began
	}
	if e.Time.IsZero() {
		e.Time = s.Sent
	}
	if c.EventTime != "" && (began.IsZero() || !began.Equal(e.Time)) {
		e.CADF.EventTime = d.iso(c.EventTime, began)
	}
	return fromReporter
}

// ISO writes a time as ISO 8601, with the digits of the source. What is no time stays as it is.
func (d *Deriver) ISO(text string) string {
	t, _ := audit.ParseTime(text)
	return d.iso(text, t)
}

// iso is ISO for a text that was read, with t zero where it is no time.
func (d *Deriver) iso(text string, t time.Time) string {
	if t.IsZero() || audit.IsISO(text) {
		return text
	}
	var room [64]byte
	return d.Texts.Keep(audit.AppendISO(room[:0], text))
}
