package reconcile

import "crypto/sha256"

// find looks for a record's entry, and marks it.
func (l *Logs) find(uid string, hash [sha256.Size]byte, events []string) verdict {
	key := l.table.key([]byte(uid), prefix(hash[:]))
	found := isExtra
	for position := range l.table.positions(key) {
		switch {
		case l.table.hashes[position] != prefix(hash[:]):
			found = max(found, isAltered)
		case !l.hasEvent(position, events):
			found = isOtherEvent
		default:
			return l.mark(key, position)
		}
	}
	if found != isExtra {
		l.see(key)
	}
	return found
}

func (l *Logs) hasEvent(position uint32, names []string) bool {
	for _, name := range names {
		if len(name) >= maxEventName || l.table.events[position] == l.table.event([]byte(name)) {
			return true
		}
	}
	return names == nil
}

// maxEventName is from where on an entry has only the beginning of an event name.
const maxEventName = 2048

// mark notes that the record of an entry is stored.
func (l *Logs) mark(key uint64, position uint32) verdict {
	before := l.table.states[position].Or(verified)
	l.see(key)
	switch {
	case before&inRange == 0:
		return isOutside
	case uint64(position) >= l.signed:
		return isNotSigned
	case before&verified != 0:
		return isRepeated
	}
	return isVerified
}

// see notes that a record with the uid of entries is stored.
func (l *Logs) see(key uint64) {
	for position := range l.table.positions(key) {
		l.table.states[position].Or(seen)
	}
}

// known tells whether a log has the uid.
func (l *Logs) known(uid string) verdict {
	return l.find(uid, [sha256.Size]byte{}, nil)
}
