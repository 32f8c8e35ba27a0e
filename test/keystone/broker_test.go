//go:build keystone

package keystone

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/debiantest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// awayFor is how long the broker is away at least: longer than anything waits that gives up.
const awayFor = time.Minute

// logins is how many there are at each Keystone while the broker is away.
const logins = 3

// profile is a row of the README's table: what a login does while the broker is away, and what becomes of its event.
type profile struct {
	name, retry string
	starts      bool // Keystone starts while the broker is away, else it has a connection to lose
	waits       bool // until the broker is back; nothing is lost then

	keystone *debiantest.Keystone
	usual    time.Duration // of a login
	before   int           // events
	done     chan struct{} // closed after the logins
	took     []time.Duration
	returned bool // before the broker was back
}

func TestBrokerAway(t *testing.T) {
	profiles := []*profile{
		{name: "never lose", retry: "1000000", waits: true},
		{name: "in between", retry: "3"},
		{name: "in between, no retry", retry: "0"},
		{name: "the default", retry: "-1", waits: true},
		{name: "the default without a connection", retry: "-1", starts: true},
	}
	node := rabbitmqtest.Start(t, rabbitmqtest.Options{})
	b := newBackend(t)
	arrived := func(id string) bool { return len(b.Sentences()[id]) > 0 }
	c := startDurable(t, b, node)
	start := func(p *profile) {
		p.done = make(chan struct{})
		p.keystone = debiantest.Start(t, debiantest.Options{
			Notifications: "driver = log\ndriver = messagingv2\nretry = " + p.retry + "\ntransport_url = " + collectortest.TransportURL(node.URL()),
			Config:        inMemory + "\n[oslo_messaging_rabbit]\namqp_durable_queues = true",
		})
	}
	for _, p := range profiles {
		if !p.starts {
			start(p)
		}
	}
	require.Eventually(t, func() bool { return strings.Contains(c.Log.String(), "is bound to exchanges") }, patience, poll)
	for _, p := range profiles {
		if !p.starts {
			before := len(sent(t, p.keystone))
			p.usual = login(t, p.keystone)
			require.Eventually(t, func() bool { return arrived(sent(t, p.keystone)[before]) }, patience, poll, "the way is not open")
		}
	}

	require.NoError(t, node.StopApp(t.Context()))
	for _, p := range profiles {
		if p.starts {
			start(p)
		}
		p.before = len(unique(sent(t, p.keystone)))
		go func() {
			defer close(p.done)
			for range logins {
				p.took = append(p.took, login(t, p.keystone))
			}
		}()
	}
	away, cancel := context.WithTimeout(t.Context(), awayFor)
	defer cancel()
	<-away.Done()
	for _, p := range profiles {
		select {
		case <-p.done:
			p.returned = true
		default:
		}
	}
	require.NoError(t, node.StartApp(t.Context()))

	for _, p := range profiles {
		<-p.done
		require.Eventually(t, func() bool {
			login(t, p.keystone)
			ids := sent(t, p.keystone)
			return arrived(ids[len(ids)-2])
		}, patience, time.Second, "%s: an event from after the outage", p.name)
		ids := unique(sent(t, p.keystone)) // one that is dropped stands there again, with the error
		require.GreaterOrEqual(t, len(ids), p.before+logins, "%s: the driver log has each of them", p.name)
		ids = ids[p.before : p.before+logins]
		if p.waits {
			require.Eventually(t, func() bool { return !slices.ContainsFunc(ids, func(id string) bool { return !arrived(id) }) }, patience, poll,
				p.name)
		}
		came := 0
		for _, id := range ids {
			if arrived(id) {
				came++
			}
		}
		assert.Equal(t, !p.waits, p.returned, "%s: whether logins succeed while the broker is away", p.name)
		assert.Equal(t, p.waits, came == logins, "%s: whether all events of the outage arrive", p.name)
		t.Logf("%s, retry = %s: a login takes %v; while the broker is away for %v or more: %v; %d of %d events arrived",
			p.name, p.retry, p.usual, awayFor, p.took, came, logins)
	}
}

func unique(ids []string) (all []string) {
	for _, id := range ids {
		if !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all
}

// login logs in, which Keystone notifies, and returns how long it took.
func login(t *testing.T, keystone *debiantest.Keystone) time.Duration {
	t.Helper()
	began := time.Now()
	if _, err := keystone.Login(); err != nil {
		t.Error(err) // in any goroutine
	}
	return time.Since(began).Round(10 * time.Millisecond)
}

// startDurable starts the package's default configuration and waits until it consumes.
func startDurable(t *testing.T, b *collectortest.Backend, node *rabbitmqtest.Node) *collectortest.Process {
	t.Helper()
	c := collectortest.Run(t, collectortest.Options{Config: "durable.yaml", Environment: []string{
		"AUDIT_TRANSPORT_URL=" + collectortest.TransportURL(node.URL()), "AUDIT_OTLP_ENDPOINT=" + b.URL,
	}})
	c.AwaitConsuming(t)
	return c.Process
}
