package amqpserver

import (
	"errors"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// ErrTooManyLogins says that a host failed to log in too often, so that what it sent was not looked at. The connection is closed without a
// word, which a service takes for a fault of the network: it connects again.
var ErrTooManyLogins = errors.New("too many failed logins from this host")

const (
	// loginsPerSecond is how many passwords of one host are tried once loginBurst of them were wrong.
	loginsPerSecond = 5
	loginBurst      = 10
	// maxLoginDelay is how long a client waits for its turn. It leaves time within the handshake.
	maxLoginDelay = 5 * time.Second
	// maxLimitedHosts bounds the hosts that are told apart; the others share one limit.
	maxLimitedHosts = 4096
)

// logins limits the failed logins of each host. What succeeds costs nothing.
type logins struct {
	mu    sync.Mutex
	hosts map[netip.Addr]*rate.Limiter
	swept time.Time // when hosts that may try freely were forgotten last
}

func newLogins() *logins { return &logins{hosts: map[netip.Addr]*rate.Limiter{}} }

// try is one try to log in.
type try struct {
	allowed bool
	// delay is how long it has to wait for its turn.
	delay    time.Duration
	giveBack func()
}

// take takes one of the host's tries.
func (l *logins) take(host netip.Addr, now time.Time) try {
	l.mu.Lock()
	defer l.mu.Unlock()
	limiter := l.limiter(host, now)
	reserved := limiter.ReserveN(now, 1)
	delay := reserved.DelayFrom(now)
	if delay > maxLoginDelay {
		reserved.CancelAt(now)
		return try{}
	}
	// Later than the moment for which it was made, nothing is given back for a reservation.
	return try{allowed: true, delay: delay, giveBack: func() { reserved.CancelAt(now.Add(delay)) }}
}

func (l *logins) limiter(host netip.Addr, now time.Time) *rate.Limiter {
	if limiter := l.hosts[host]; limiter != nil {
		return limiter
	}
	if len(l.hosts) >= maxLimitedHosts {
		l.sweep(now)
	}
	if len(l.hosts) >= maxLimitedHosts {
		host = netip.Addr{}
	}
	limiter := l.hosts[host]
	if limiter == nil {
		limiter = rate.NewLimiter(loginsPerSecond, loginBurst)
		l.hosts[host] = limiter
	}
	return limiter
}

// sweep forgets the hosts that have all their tries, once a second.
func (l *logins) sweep(now time.Time) {
	if now.Sub(l.swept) < time.Second {
		return
	}
	l.swept = now
	for host, limiter := range l.hosts {
		if limiter.TokensAt(now) >= loginBurst {
			delete(l.hosts, host)
		}
	}
}
