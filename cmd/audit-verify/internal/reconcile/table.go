// Package reconcile holds stored records against the entries of evidence logs.
package reconcile

import (
	"crypto/sha256"
	"hash/maphash"
	"iter"
	"math/bits"
	"sync/atomic"
)

// prefix is as much of a record's hash as is kept in memory.
type prefix [16]byte

// The state of an entry.
const (
	isRecord   uint32 = 1 << iota // it is a record's entry, and the table has it
	inRange                       // its time is asked for
	seen                          // a record with its uid is stored
	verified                      // its record is stored as it was
	refused                       // the next consumer rejected the record
	untrusted                     // it is not the entry that was signed
	repetition                    // another entry has the same uid and hash
)

// Table has the entries of all logs, by uid and hash, in about 40 bytes each.
type Table struct {
	seed   maphash.Seed
	uids   []uint64 // hashes of uids; of the record's hash where there is no uid
	hashes []prefix
	events []uint32 // hashes of event names
	states []atomic.Uint32
	slots  []uint32 // position + 1 of an entry, by its uid, with open addressing
}

// NewTable returns a table for so many entries.
func NewTable(entries uint64) *Table {
	return &Table{
		seed: maphash.MakeSeed(), uids: make([]uint64, entries), hashes: make([]prefix, entries), states: make([]atomic.Uint32, entries),
		events: make([]uint32, entries),
	}
}

// key is under what a record is found. Without a uid it is found by its hash.
func (t *Table) key(uid []byte, hash prefix) uint64 {
	if len(uid) == 0 {
		return maphash.Bytes(t.seed, hash[:])
	}
	return maphash.Bytes(t.seed, uid)
}

func (t *Table) event(name []byte) uint32 { return uint32(maphash.Bytes(t.seed, name)) }

// set stores an entry. Different positions may be set at once.
func (t *Table) set(position uint64, uid, event []byte, hash [sha256.Size]byte, state uint32) {
	t.events[position] = t.event(event)
	t.hashes[position] = prefix(hash[:])
	t.uids[position] = t.key(uid, t.hashes[position])
	t.states[position].Store(isRecord | state)
}

// index makes the entries findable, once all are set.
func (t *Table) index() {
	size := 1 << bits.Len(uint(len(t.uids)*5/4))
	t.slots = make([]uint32, size)
	for position := range t.uids {
		if t.states[position].Load()&(isRecord|untrusted) != isRecord {
			continue
		}
		slot := t.uids[position] & uint64(size-1)
		for ; t.slots[slot] != 0; slot = (slot + 1) & uint64(size-1) {
			other := t.slots[slot] - 1
			if t.uids[other] == t.uids[position] && t.hashes[other] == t.hashes[position] {
				t.states[position].Or(repetition)
			}
		}
		t.slots[slot] = uint32(position + 1)
	}
}

// positions yields the entries under a key.
func (t *Table) positions(key uint64) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		mask := uint64(len(t.slots) - 1)
		for slot := key & mask; t.slots[slot] != 0; slot = (slot + 1) & mask {
			position := t.slots[slot] - 1
			if t.uids[position] == key && !yield(position) {
				return
			}
		}
	}
}
