package directory

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
)

// shardCount divides the table: a shard is what a change locks, and what it writes to the store again. With 320 of them
// the maps of a table of a million entries, the default, are three quarters full; Go's maps double.
const shardCount = 320

// table is a bounded map of names. Its order of eviction is by worth, among a few entries taken at random: a full order
// of use would cost more memory than the names.
type table struct {
	limit  int64
	size   atomic.Int64
	counts [stateCount]atomic.Int64
	shards [shardCount]shard

	// domains are the ids that entry.domain points to. There are few, and they stay.
	domains struct {
		sync.RWMutex
		ids     []string
		indexes map[string]uint32
	}
}

// shard holds no pointers for each entry: the garbage collector would follow a million of them again and again.
type shard struct {
	sync.RWMutex
	slots map[key]slot
	names names
	dirty bool
}

// slot is an entry as a shard holds it.
type slot struct {
	name   nameRef
	domain uint32
	since  uint32
	until  uint32
	state  state
}

// entry is the entry of a slot. The caller holds the lock.
func (s *shard) entry(at slot) entry {
	return entry{name: s.names.get(at.name), domain: at.domain, since: at.since, until: at.until, state: at.state}
}

// set replaces an entry. The caller holds the lock.
func (s *shard) set(k key, at slot, before, after entry) {
	s.dirty = s.dirty || !after.sameInStore(before)
	if after.state == unknown {
		s.names.drop(at.name)
		delete(s.slots, k)
	} else {
		if after.name != before.name || before.state == unknown {
			s.names.drop(at.name)
			at.name = s.names.add(after.name)
		}
		if s.slots == nil {
			s.slots = map[key]slot{}
		}
		s.slots[k] = slot{name: at.name, domain: after.domain, since: after.since, until: after.until, state: after.state}
	}
	if s.names.wasteful() {
		var fresh names
		for k, at := range s.slots {
			at.name = fresh.add(s.names.get(at.name))
			s.slots[k] = at
		}
		s.names = fresh
	}
}

// maxDomains bounds the ids that are never given back.
const maxDomains = 1 << 20

func newTable(limit int) *table {
	t := &table{limit: int64(limit)}
	t.domains.ids = []string{""}
	t.domains.indexes = map[string]uint32{"": 0}
	return t
}

func shardIndex(k key) int {
	return int(binary.LittleEndian.Uint16(k.id[:])) % shardCount
}

func (t *table) get(k key) (entry, bool) {
	s := &t.shards[shardIndex(k)]
	s.RLock()
	defer s.RUnlock()
	at, found := s.slots[k]
	if !found {
		return entry{}, false
	}
	return s.entry(at), true
}

// change replaces the entry of k by what f makes of it; an entry without a state is taken out. f holds a lock.
func (t *table) change(k key, f func(entry) entry) {
	index := shardIndex(k)
	s := &t.shards[index]
	s.Lock()
	at, found := s.slots[k]
	before := s.entry(at)
	after := f(before)
	if before != after {
		t.count(before.state, after.state)
		s.set(k, at, before, after)
	}
	s.Unlock()
	if !found && after.state != unknown && t.size.Load() > t.limit {
		t.evict(index, k)
	}
}

func (t *table) count(before, after state) {
	if before != unknown {
		t.counts[before].Add(-1)
		t.size.Add(-1)
	}
	if after != unknown {
		t.counts[after].Add(1)
		t.size.Add(1)
	}
}

// evict takes out the least worthy of a few entries: what Keystone can tell again goes before what it cannot.
func (t *table) evict(index int, spare key) {
	const sample = 16
	for i := range shardCount {
		s := &t.shards[(index+i)%shardCount]
		s.Lock()
		var worst key
		var worstSlot slot
		seen := 0
		for k, at := range s.slots { // starts at a random place
			if k == spare {
				continue
			}
			if seen == 0 || lessWorthy(at, worstSlot) {
				worst, worstSlot = k, at
			}
			if seen++; seen == sample {
				break
			}
		}
		if seen > 0 {
			t.count(worstSlot.state, unknown)
			s.set(worst, worstSlot, s.entry(worstSlot), entry{})
		}
		s.Unlock()
		if seen > 0 {
			return
		}
	}
}

func lessWorthy(a, b slot) bool {
	if a.state != b.state {
		return worth(a.state) < worth(b.state)
	}
	return a.since < b.since
}

// worth is what a state is worth to be kept: what anybody may have made up goes before what Keystone said, and what
// Keystone can say again before what it cannot.
func worth(s state) int {
	return [stateCount]int{absent: 1, forbidden: 1, hearsay: 2, learned: 3, live: 4, deleted: 5}[s]
}

// replace puts what f makes of an entry in the place of those that match, shard by shard. Only a shard with such entries
// is locked against lookups.
func (t *table) replace(match func(slot) bool, f func(entry) entry) {
	var found []key
	for i := range t.shards {
		s := &t.shards[i]
		found = found[:0]
		s.RLock()
		for k, at := range s.slots {
			if match(at) {
				found = append(found, k)
			}
		}
		s.RUnlock()
		if len(found) == 0 {
			continue
		}
		s.Lock()
		for _, k := range found {
			at, still := s.slots[k]
			if !still || !match(at) {
				continue
			}
			before := s.entry(at)
			after := f(before)
			t.count(before.state, after.state)
			s.set(k, at, before, after)
		}
		s.Unlock()
	}
}

// knownDomain returns the index of an id, 0 when no entry ever had that domain.
func (t *table) knownDomain(id string) uint32 {
	t.domains.RLock()
	defer t.domains.RUnlock()
	return t.domains.indexes[id]
}

// domainIndex gives an id its index, 0 when there are too many.
func (t *table) domainIndex(id string) uint32 {
	if index := t.knownDomain(id); index != 0 || id == "" {
		return index
	}
	t.domains.Lock()
	defer t.domains.Unlock()
	if index, found := t.domains.indexes[id]; found {
		return index
	}
	if len(t.domains.ids) >= maxDomains {
		return 0
	}
	index := uint32(len(t.domains.ids))
	t.domains.ids = append(t.domains.ids, id)
	t.domains.indexes[id] = index
	return index
}

func (t *table) domainID(index uint32) string {
	t.domains.RLock()
	defer t.domains.RUnlock()
	return t.domains.ids[index]
}
