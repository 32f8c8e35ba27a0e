package directory

import (
	"math/rand/v2"
	"sync"
	"time"
)

// breaker keeps an outage of Keystone from costing every batch its waiting time.
type breaker struct {
	mu       sync.Mutex
	failures int
	pause    time.Duration
	until    time.Time // closed while zero
	trial    bool      // one lookup tries whether Keystone is back
}

const (
	// breakerThreshold is the number of failures in a row that open the breaker.
	breakerThreshold = 5
	breakerPause     = time.Second
	breakerMaxPause  = 30 * time.Second
)

// allow says whether a lookup may go out. After a pause one may, and decides.
func (b *breaker) allow(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.until.IsZero() {
		return true
	}
	if now.Before(b.until) || b.trial {
		return false
	}
	b.trial = true
	return true
}

func (b *breaker) open(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.until.IsZero() && (now.Before(b.until) || b.trial)
}

// succeed reports whether the breaker was open.
func (b *breaker) succeed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	wasOpen := !b.until.IsZero()
	b.failures, b.pause, b.until, b.trial = 0, 0, time.Time{}, false
	return wasOpen
}

// fail reports whether it opened the breaker, which was closed. retryAfter is what Keystone asked for, or 0.
func (b *breaker) fail(now time.Time, retryAfter time.Duration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures++
	wasOpen := !b.until.IsZero()
	if wasOpen && !b.trial && retryAfter == 0 {
		return false // a lookup that went out before the breaker opened
	}
	if b.failures < breakerThreshold && retryAfter == 0 && !wasOpen {
		return false
	}
	b.trial = false
	b.pause = min(max(2*b.pause, breakerPause), breakerMaxPause)
	b.until = now.Add(max(b.pause/2+rand.N(b.pause/2+1), retryAfter))
	return !wasOpen
}
