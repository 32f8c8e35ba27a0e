package amqpserver

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	guessing = netip.MustParseAddr("192.0.2.7")
	innocent = netip.MustParseAddr("192.0.2.8")
)

// What a host that never stops has tried in a minute is a burst and a few a second; another host does not notice.
func TestLoginsPerHost(t *testing.T) {
	l := newLogins()
	start := time.Now()
	allowed := 0
	for elapsed := time.Duration(0); elapsed < time.Minute; elapsed += time.Second / 400 {
		if try := l.take(guessing, start.Add(elapsed)); try.allowed {
			allowed++
		}
		other := l.take(innocent, start.Add(elapsed))
		require.True(t, other.allowed)
		require.Zero(t, other.delay)
		other.giveBack()
	}
	require.LessOrEqual(t, allowed, loginBurst+loginsPerSecond*int((time.Minute+maxLoginDelay)/time.Second))
	require.GreaterOrEqual(t, allowed, loginsPerSecond*60)
	require.True(t, l.take(guessing, start.Add(time.Minute+time.Second)).allowed, "its right password is looked at soon")
	require.Zero(t, l.take(guessing, start.Add(2*time.Minute)).delay)
}

// Services that restart together log in as fast as they can.
func TestRightPasswordsAreNotLimited(t *testing.T) {
	l := newLogins()
	now := time.Now()
	for range 1000 {
		try := l.take(innocent, now)
		require.True(t, try.allowed)
		require.Zero(t, try.delay)
		try.giveBack()
	}
}

// Whoever has many addresses cannot fill the memory.
func TestLimitedHostsAreBounded(t *testing.T) {
	l := newLogins()
	now := time.Now()
	address := netip.MustParseAddr("2001:db8::")
	for range 3 * maxLimitedHosts {
		address = address.Next()
		l.take(address, now)
	}
	require.LessOrEqual(t, len(l.hosts), maxLimitedHosts+1)
	require.True(t, l.take(innocent, now.Add(time.Minute)).allowed)
	require.LessOrEqual(t, len(l.hosts), 2, "who has not tried for a while is forgotten")
}

// TestGuessing: passwords are tried from one address on many connections. Few are looked at, a service on another address logs in
// meanwhile, and one on the same address soon after.
func TestGuessing(t *testing.T) {
	f := start(t, options{})
	from := func(address, password string) error {
		connection, err := amqp.DialConfig("amqp://"+f.address, amqp.Config{
			SASL: []amqp.Authentication{&amqp.PlainAuth{Username: "keystone", Password: password}},
			Dial: func(network, to string) (net.Conn, error) {
				return (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}, Deadline: time.Now().Add(soon)}).Dial(network, to)
			},
		})
		if err == nil {
			err = connection.Close()
		}
		return err
	}
	var stop atomic.Bool
	var guesses sync.WaitGroup
	began := time.Now()
	for range 16 {
		guesses.Go(func() {
			for !stop.Load() {
				assert.Error(t, from("127.0.0.2", "wrong"))
			}
		})
	}
	refusals := func(target error) (count int) {
		for _, err := range f.events.refusals() {
			if errors.Is(err, target) {
				count++
			}
		}
		return count
	}
	require.Eventually(t, func() bool { return refusals(ErrTooManyLogins) > 0 || refusals(ErrAuthentication) >= 2*loginBurst }, soon, often)
	for range 20 {
		require.NoError(t, from("127.0.0.3", "secret"), "another host")
	}
	stop.Store(true)
	guesses.Wait()
	most := loginBurst + 1 + int(time.Since(began).Seconds()*loginsPerSecond)
	require.LessOrEqual(t, refusals(ErrAuthentication), most, "passwords that were looked at")
	require.Eventually(t, func() bool { return from("127.0.0.2", "secret") == nil }, soon, often)
}
