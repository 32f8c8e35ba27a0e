package directory

import "time"

// state says what is known about a thing.
type state uint8

const (
	// unknown is the zero value; no entry has it.
	unknown state = iota
	// absent: Keystone has no such thing, and nobody ever named it.
	absent
	// forbidden: Keystone does not tell us.
	forbidden
	// learned: an event told the name. Keystone is asked as soon as somebody needs the thing.
	learned
	// live: Keystone told the name.
	live
	// deleted: a tombstone. The thing is gone, the last name that Keystone told is kept.
	deleted
	// hearsay: a tombstone of what events alone told of, which whoever writes to a queue could do.
	hearsay

	stateCount
)

func (s state) String() string {
	return [stateCount]string{"unknown", "absent", "forbidden", "event", "keystone", "deleted", "deleted"}[s]
}

// gone says whether it is a tombstone.
func (s state) gone() bool { return s == deleted || s == hearsay }

// entry is what is known about a thing.
type entry struct {
	name string
	// domain is an index into table.domains; 0 is none, or not known.
	domain uint32
	// since is when this was said: the start of the lookup, or the time of the event. Unix seconds.
	since uint32
	// until is when Keystone is asked again, or the entry goes (absent, forbidden, deleted). Unix seconds.
	until uint32
	state state
}

func (e entry) named() bool { return e.state >= learned }

func (e entry) fresh(now uint32) bool { return now < e.until }

// kept says whether the entry is worth a place in the store.
func (e entry) kept() bool { return e.named() }

// sameInStore says whether writing e in place of other would change nothing that outlives a restart.
func (e entry) sameInStore(other entry) bool {
	return e.kept() == other.kept() && (!e.kept() ||
		e.name == other.name && e.domain == other.domain && e.state == other.state)
}

func seconds(t time.Time) uint32 {
	return uint32(min(max(t.Unix(), 0), 1<<32-1))
}

func later(now uint32, by time.Duration) uint32 {
	return uint32(min(int64(now)+int64(by/time.Second), 1<<32-1))
}
