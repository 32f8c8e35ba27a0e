package directory

import (
	"strings"
	"time"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
)

// Claim is what an event claims of a thing that Keystone says otherwise.
type Claim uint8

const (
	// ClaimName is another name than Keystone told.
	ClaimName Claim = iota
	// ClaimDeletion is the deletion of what Keystone still has.
	ClaimDeletion
)

// String returns the claim as the metrics spell it.
func (c Claim) String() string { return [...]string{"name", "deletion"}[c] }

// eventTime is when an event happened, in Unix nanoseconds: as its sender says, but no later than now.
func (d *Directory) eventTime(at time.Time) int64 {
	now := d.now()
	if at.IsZero() || at.UnixNano() <= 0 || at.After(now) {
		return now.UnixNano()
	}
	return at.UnixNano()
}

// Learn takes in the name that an event of a time has beside the id of a thing, and its domain if the event tells it. It reports whether
// that was news: the same once more is none.
func (d *Directory) Learn(kind keystone.Kind, id, name, domainID string, at time.Time) bool {
	if !isName(name) {
		return false
	}
	k := keyOf(kind, id)
	if e, _ := d.table.get(k); e.state.named() && e.name == name && e.state != deleted {
		return false // what every warm event comes to
	}
	contradicts, order := false, d.order.Add(1)
	d.table.change(k, func(e entry) (after entry) {
		after, contradicts = e.hear(strings.Clone(name), domainOf(domainID), order, d.eventTime(at))
		return after
	})
	if contradicts {
		d.settings.Observer.Contradicted(kind, ClaimName)
	}
	return true
}

// Changed takes in an event of a time that says that a thing was created or changed. Whoever asks for it next has Keystone asked.
func (d *Directory) Changed(kind keystone.Kind, id string, at time.Time) {
	order, when := d.order.Add(1), d.eventTime(at)
	d.table.change(keyOf(kind, id), func(e entry) entry { return e.change(order, when, d.now()) })
}

// Deleted takes in an event that says that a thing was deleted. The last name is kept, and Keystone is asked in the background whether that
// is so: the event may be late, or forged. What belongs to a domain goes with events of its own.
func (d *Directory) Deleted(ref keystone.Ref) {
	k := keyOf(ref.Kind, ref.ID)
	now := d.now()
	if e := d.table.change(k, func(e entry) entry { return e.delete(now) }); !e.due || e.state != deleted {
		return
	}
	if _, ok := d.mayAsk(ref, now); ok {
		d.queue.join(ref, k, false)
	}
}
