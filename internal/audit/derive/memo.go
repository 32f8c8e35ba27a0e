package derive

import (
	"sync"
	"sync/atomic"
)

// Memo remembers the results of a function. It is safe for concurrent use. The services and event types of a cloud are few, and to find a
// service or an event name takes as long as half a record.
type Memo[K comparable, V any] struct {
	known sync.Map // K to *V
	count atomic.Int64
}

// What is remembered at most, as those who publish choose what they send.
const (
	maxRemembered = 2048
	// MaxRemembered bounds one key, in bytes.
	MaxRemembered = 512
)

// Get returns what is remembered of a key.
func (m *Memo[K, V]) Get(key K) (*V, bool) {
	value, known := m.known.Load(key)
	if !known {
		return nil, false
	}
	return value.(*V), true
}

// Put remembers a value, and returns the one that all use: another may have been faster.
func (m *Memo[K, V]) Put(key K, value *V) *V {
	if m.count.Add(1) > maxRemembered {
		m.known.Clear()
		m.count.Store(1)
	}
	used, _ := m.known.LoadOrStore(key, value)
	return used.(*V)
}
