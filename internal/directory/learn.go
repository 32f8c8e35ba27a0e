package directory

import (
	"time"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
)

// maxNameBytes is Keystone's limit of 255 characters.
const maxNameBytes = 1020

// Learn takes in what an event says of a living thing: its name, and its domain if the event tells it. at is the time of the
// event. Keystone is asked all the same when somebody needs the thing: whoever writes to a queue may write names.
// It reports whether that was news: the same once more is none.
func (d *Directory) Learn(kind keystone.Kind, id, name, domainID string, at time.Time) bool {
	if name == "" || len(name) > maxNameBytes {
		return false
	}
	k := keyOf(kind, id)
	said := min(seconds(at), seconds(d.now())) // a clock ahead must not outlive what comes later
	if known, found := d.table.get(k); found && known.named() && known.name == name && !known.state.gone() {
		return false // what every warm event comes to
	}
	domain := d.table.domainIndex(domainID)
	d.table.change(k, func(known entry) entry {
		fresh := entry{name: name, domain: domain, since: said, state: learned}
		switch {
		case !known.named():
		case known.since >= said:
			return known // Keystone, a later event, or the deletion came after it
		case known.state == deleted:
			// It seems to live. Keystone is asked; until it says so, the name that it told last counts.
			known.state, known.since, known.until = live, said, 0
			return known
		case domain == 0:
			fresh.domain = known.domain
		}
		return fresh
	})
	return true
}

// Delete makes a tombstone: the thing was deleted, its name is kept. The users, groups, projects and roles of a domain go
// with it, as in Keystone.
func (d *Directory) Delete(kind keystone.Kind, id string) {
	now := seconds(d.now())
	again := false
	d.table.change(keyOf(kind, id), func(known entry) entry {
		again = known.state.gone()
		if !known.named() || again {
			return known
		}
		return d.tombstone(known, now)
	})
	if kind != keystone.Domain || again {
		return
	}
	domain := d.table.knownDomain(id)
	if domain == 0 {
		return
	}
	d.table.replace(func(s slot) bool {
		return s.domain == domain && (s.state == learned || s.state == live)
	}, func(e entry) entry { return d.tombstone(e, now) })
}
