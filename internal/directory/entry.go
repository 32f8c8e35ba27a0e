package directory

import (
	"time"
	"unique"
)

// state says who told the name of a thing, in the order of trust.
type state uint8

const (
	// unknown is the zero value; no entry of a table has it.
	unknown state = iota
	// absent: Keystone has no such thing, and nobody ever named it.
	absent
	// forbidden: Keystone does not tell us.
	forbidden
	// heard: events alone told the name, and whoever can publish can make them up.
	heard
	// listed: a list of Keystone's told the name.
	listed
	// answered: Keystone told the name when it was asked for this thing.
	answered
	// deleted: Keystone told the name, and the thing is gone.
	deleted

	stateCount
)

func (s state) String() string {
	return [stateCount]string{"unknown", "absent", "forbidden", "event", "keystone", "keystone", "deleted"}[s]
}

// named reports whether there is a name.
func (s state) named() bool { return s >= heard }

// told reports whether Keystone told the name.
func (s state) told() bool { return s >= listed }

// entry is what is known about a thing.
type entry struct {
	name   string
	domain domain
	// from is when Keystone's answer with this name was there, in Unix nanoseconds: from then on the name is certain.
	from int64
	// asked is when Keystone last said something about the thing, in Unix seconds; 0 is before the start.
	asked uint32
	state state
	// due: Keystone is to be asked again, however long ago it was asked.
	due bool
	// history is nil for what never changed.
	history *history
}

// domain is the id of a domain, kept once for all entries and only as long as one has it. The zero value is none.
type domain struct{ handle unique.Handle[string] }

func domainOf(id string) domain {
	if id == "" || len(id) > maxIDBytes {
		return domain{}
	}
	return domain{unique.Make(id)}
}

func (d domain) id() string {
	if d == (domain{}) {
		return ""
	}
	return d.handle.Value()
}

const (
	// maxNameBytes is Keystone's limit of 255 characters.
	maxNameBytes = 1020
	maxIDBytes   = 255
)

func isName(text string) bool { return text != "" && len(text) <= maxNameBytes }

// lifetimes are how long entries hold.
type lifetimes struct{ name, absence, tombstone time.Duration }

// fresh reports whether Keystone need not be asked. seen is the time of the event that asks, in Unix seconds.
func (e *entry) fresh(now uint32, seen int64, l lifetimes) bool {
	if e.due {
		return false
	}
	age := time.Duration(int64(now)-int64(e.asked)) * time.Second
	switch e.state {
	case absent, heard:
		return age < l.absence
	case forbidden:
		return age < kindOffTime
	case listed, answered:
		return age < l.name
	case deleted:
		// An event of a later time is a sign of life.
		return age < l.absence || min(seen, int64(now)) <= int64(e.asked)
	default:
		return false
	}
}

// useless reports whether nobody can need the entry any more.
func (e *entry) useless(now uint32, l lifetimes) bool {
	age := time.Duration(int64(now)-int64(e.asked)) * time.Second
	switch e.state {
	case absent:
		return age >= l.absence
	case forbidden:
		return age >= kindOffTime
	case deleted:
		return age >= l.tombstone
	default:
		return false
	}
}

// sameInStore reports whether writing e in place of other would change nothing that outlives a restart.
func (e *entry) sameInStore(other *entry) bool {
	return e.state.named() == other.state.named() && (!e.state.named() ||
		e.name == other.name && e.domain == other.domain && e.state == other.state &&
			e.from == other.from && e.history == other.history)
}

func seconds(t time.Time) uint32 {
	return uint32(min(max(t.Unix(), 0), 1<<32-1))
}
