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

type shard struct {
	sync.RWMutex
	entries map[key]entry
	dirty   bool
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
	e, found := s.entries[k]
	s.RUnlock()
	return e, found
}

// change replaces the entry of k by what f makes of it; an entry without a state is taken out. f holds a lock.
func (t *table) change(k key, f func(entry) entry) {
	index := shardIndex(k)
	s := &t.shards[index]
	s.Lock()
	before, found := s.entries[k]
	after := f(before)
	if before != after {
		s.dirty = s.dirty || !after.sameInStore(before)
		t.count(before.state, after.state)
		if after.state == unknown {
			delete(s.entries, k)
		} else {
			if s.entries == nil {
				s.entries = map[key]entry{}
			}
			s.entries[k] = after
		}
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
		var worstEntry entry
		seen := 0
		for k, e := range s.entries { // starts at a random place
			if k == spare {
				continue
			}
			if seen == 0 || lessWorthy(e, worstEntry) {
				worst, worstEntry = k, e
			}
			if seen++; seen == sample {
				break
			}
		}
		if seen > 0 {
			delete(s.entries, worst)
			s.dirty = s.dirty || worstEntry.kept()
			t.count(worstEntry.state, unknown)
		}
		s.Unlock()
		if seen > 0 {
			return
		}
	}
}

func lessWorthy(a, b entry) bool {
	if a.state != b.state {
		return worth(a.state) < worth(b.state)
	}
	return a.since < b.since
}

func worth(s state) int {
	return [stateCount]int{absent: 1, forbidden: 1, live: 2, learned: 3, deleted: 4}[s]
}

// each calls f for all entries, shard by shard, under the shard's lock; the entry that f returns takes the place of the
// other one.
func (t *table) each(f func(key, entry) entry) {
	for i := range t.shards {
		s := &t.shards[i]
		s.Lock()
		for k, before := range s.entries {
			after := f(k, before)
			if after == before {
				continue
			}
			s.dirty = s.dirty || !after.sameInStore(before)
			t.count(before.state, after.state)
			if after.state == unknown {
				delete(s.entries, k)
			} else {
				s.entries[k] = after
			}
		}
		s.Unlock()
	}
}

// domainIndex gives an id its index, 0 when there are too many.
func (t *table) domainIndex(id string) uint32 {
	t.domains.RLock()
	index, found := t.domains.indexes[id]
	t.domains.RUnlock()
	if found {
		return index
	}
	t.domains.Lock()
	defer t.domains.Unlock()
	if index, found = t.domains.indexes[id]; found {
		return index
	}
	if len(t.domains.ids) >= maxDomains {
		return 0
	}
	index = uint32(len(t.domains.ids))
	t.domains.ids = append(t.domains.ids, id)
	t.domains.indexes[id] = index
	return index
}

func (t *table) domainID(index uint32) string {
	t.domains.RLock()
	defer t.domains.RUnlock()
	return t.domains.ids[index]
}
