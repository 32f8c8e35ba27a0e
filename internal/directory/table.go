package directory

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

// shardCount divides the table: a shard is what a change locks, and what it writes to the store again.
const shardCount = 320

// table is a bounded map of names. When it is full, what counts least makes room: see worth.
type table struct {
	limit  int64
	size   atomic.Int64
	counts [stateCount]atomic.Int64
	shards [shardCount]shard
}

type shard struct {
	sync.RWMutex
	// told are the entries whose names Keystone told, others those that anybody may have made up: a flood of these is found without
	// a look at those.
	told, others map[key]entry
	// counts are the entries by worth.
	counts [worthCount]atomic.Int32
	dirty  bool
}

// worth is what a state is worth to be kept: what anybody may have made up goes before what Keystone said, and what
// Keystone can say again before what it cannot.
func (s state) worth() int {
	return [stateCount]int{absent: 0, forbidden: 0, heard: 0, listed: 1, answered: 1, deleted: 2}[s]
}

const worthCount = 3

// entries are those of a worth, and maybe more.
func (s *shard) entries(worth int) map[key]entry {
	if worth > 0 {
		return s.told
	}
	return s.others
}

func (s *shard) get(k key) (entry, bool) {
	if e, found := s.told[k]; found {
		return e, true
	}
	e, found := s.others[k]
	return e, found
}

func newTable(limit int) *table { return &table{limit: int64(limit)} }

func shardIndex(k key) int {
	return int(binary.LittleEndian.Uint16(k.id[:])) % shardCount
}

func (t *table) get(k key) (entry, bool) {
	s := &t.shards[shardIndex(k)]
	s.RLock()
	defer s.RUnlock()
	return s.get(k)
}

// change replaces the entry of k by what f makes of it, and returns that; an entry without a state is taken out. f is called under a lock.
func (t *table) change(k key, f func(entry) entry) entry {
	s := &t.shards[shardIndex(k)]
	s.Lock()
	before, _ := s.get(k)
	after := f(before)
	t.put(s, k, before, after)
	s.Unlock()
	if t.size.Load() > t.limit {
		t.evict()
	}
	return after
}

// put replaces an entry of a shard whose lock is held.
func (t *table) put(s *shard, k key, before, after entry) {
	if before == after {
		return
	}
	s.dirty = s.dirty || !after.sameInStore(&before)
	if s.told == nil {
		s.told, s.others = map[key]entry{}, map[key]entry{}
	}
	if before.state.told() != after.state.told() || after.state == unknown {
		delete(s.entries(before.state.worth()), k)
	}
	if after.state != unknown {
		s.entries(after.state.worth())[k] = after
	}
	if before.state != unknown {
		t.counts[before.state].Add(-1)
		s.counts[before.state.worth()].Add(-1)
		t.size.Add(-1)
	}
	if after.state != unknown {
		t.counts[after.state].Add(1)
		s.counts[after.state.worth()].Add(1)
		t.size.Add(1)
	}
}

// told is how many names Keystone told.
func (t *table) told() (n int64) {
	for s := listed; s < stateCount; s++ {
		n += t.counts[s].Load()
	}
	return n
}

// evict takes one entry out: of those that are worth least in the whole table, the one of a few that Keystone was asked for first,
// and one without a name before that.
func (t *table) evict() {
	const sample = 8
	first := rand.IntN(shardCount)
	for worth := range worthCount {
		for i := range t.shards {
			s := &t.shards[(first+i)%shardCount]
			if s.counts[worth].Load() == 0 {
				continue
			}
			s.Lock()
			var oldest key
			var entryOfOldest entry
			seen := 0
			for k, e := range s.entries(worth) { // starts at a random place
				if e.state.worth() != worth {
					continue
				}
				if seen == 0 || e.lessNeeded(&entryOfOldest) {
					oldest, entryOfOldest = k, e
				}
				if seen++; seen == sample {
					break
				}
			}
			if seen > 0 {
				t.put(s, oldest, entryOfOldest, entry{})
			}
			s.Unlock()
			if seen > 0 {
				return
			}
		}
	}
}

func (e *entry) lessNeeded(than *entry) bool {
	if e.state.named() != than.state.named() {
		return than.state.named()
	}
	return e.asked < than.asked
}

// sweep takes out the entries that match.
func (t *table) sweep(match func(*entry) bool) {
	for i := range t.shards {
		s := &t.shards[i]
		s.Lock()
		for _, entries := range []map[key]entry{s.told, s.others} {
			for k, e := range entries {
				if match(&e) {
					t.put(s, k, e, entry{})
				}
			}
		}
		s.Unlock()
	}
}
