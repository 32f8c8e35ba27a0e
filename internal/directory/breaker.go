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
	reason   Result    // of the last failure
}

const (
	// breakerThreshold is the number of failures in a row that open the breaker.
	breakerThreshold = 5
	breakerPause     = time.Second
	breakerMaxPause  = 30 * time.Second
)

// allow reports whether a lookup may go out; if not, why. After a pause one may, and decides.
func (b *breaker) allow(now time.Time) (Result, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.until.IsZero() {
		return 0, true
	}
	if now.Before(b.until) || b.trial {
		return b.reason, false
	}
	b.trial = true
	return 0, true
}

// state reports whether lookups may be asked for; if not, why.
func (b *breaker) state(now time.Time) (Result, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.until.IsZero() && (now.Before(b.until) || b.trial) {
		return b.reason, false
	}
	return 0, true
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
func (b *breaker) fail(now time.Time, retryAfter time.Duration, reason Result) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures++
	b.reason = reason
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
