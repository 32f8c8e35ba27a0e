//go:build keystone

package keystone

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/debiantest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// inMemory is what memcached is to Keystones that do real work.
const inMemory = "[cache]\nenabled = true\nbackend = oslo_cache.dict"

// withoutQueue adds the names on the way from Keystone to the disk, with no time to wait for them.
const withoutQueue = `
processors:
  keystone_attributes: {wait: 0s}
service:
  pipelines:
    logs: {receivers: [openstack_audit], processors: [keystone_attributes], exporters: [otlp_http]}
`

// startKeystone starts a Keystone whose notifications go to its log, and to a collector if there is one.
func startKeystone(t *testing.T, port int, c *collector) *debiantest.Keystone {
	t.Helper()
	notifications := "driver = log"
	if c != nil {
		notifications += "\ndriver = messagingv2\nretry = 1000000\ntransport_url = rabbit://keystone:" + listenPassword + "@" + c.address + "/"
	}
	return debiantest.Start(t, debiantest.Options{Port: port, Notifications: notifications, Config: inMemory})
}

// sent are the ids of all notifications that Keystone's log has.
func sent(t *testing.T, keystone *debiantest.Keystone) (ids []string) {
	t.Helper()
	text, err := os.ReadFile(keystone.Log)
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		notification, err := oslo.LineReader{}.ReadText(line)
		require.NoError(t, err)
		if notification != nil {
			ids = append(ids, notification.MessageID)
		}
	}
	return ids
}

// awaitAll waits until the backend has all that Keystone sent, and returns its ids.
func awaitAll(t *testing.T, keystone *debiantest.Keystone, b *collectortest.Backend) []string {
	t.Helper()
	ids := sent(t, keystone)
	require.NotEmpty(t, ids)
	for _, id := range ids {
		require.Eventually(t, func() bool { return len(b.Sentences()[id]) > 0 }, patience, poll, "%s did not arrive", id)
	}
	return ids
}

// work creates users and then deletes them, a call each tick, and returns how long Keystone took for each call. A call takes the one
// worker 60 ms and a lookup 40 ms: it is busy half of the time. With more it has not the time for both, whoever waits for whom.
func work(keystone *debiantest.Keystone, prefix string, users int) (took []time.Duration) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	call := func(do func()) {
		<-tick.C
		began := time.Now()
		do()
		took = append(took, time.Since(began))
	}
	ids := make([]string, users)
	for i := range ids {
		// Without a password: its hash alone takes longer than all the rest.
		call(func() {
			ids[i] = keystone.Create("user", "/users", map[string]any{"name": fmt.Sprint(prefix, i), "domain_id": "default"})
		})
	}
	for _, id := range ids {
		call(func() { keystone.Call(http.MethodDelete, "/users/"+id, nil) })
	}
	return took
}

func percentile(took []time.Duration, percent int) time.Duration {
	return slices.Sorted(slices.Values(took))[len(took)*percent/100].Round(time.Millisecond)
}

// A Keystone with one worker waits for the collector to take its notification, while the collector, which knows no names, asks that same
// worker for them. Neither waits for the other: lookups fit between the API's calls, 30 ms each.
func TestNamesDoNotHoldUpKeystone(t *testing.T) {
	const users = 100
	alone := startKeystone(t, 0, nil)
	usual := work(alone, "user", users)
	limit, longest := 100*time.Millisecond, 2*time.Second
	if percentile(usual, 99) >= limit { // this machine is too slow for it, whoever listens
		limit, longest = 2*percentile(usual, 99), max(longest, 2*slices.Max(usual))
	}

	for _, test := range []struct{ name, changes string }{
		{"as it ships", ""},
		{"without a queue between", withoutQueue},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBackend(t)
			port := collectortest.FreePort(t)
			c := newCollector(t, b, port, test.changes)
			c.start(t.TempDir())
			keystone := startKeystone(t, port, c)
			keystone.CreateReader()
			awaitAll(t, keystone, b)
			c.stop()
			c.start(t.TempDir()) // it knows no names any more
			// oslo.messaging waits a second before it connects again.
			keystone.Create("user", "/users", map[string]any{"name": "first", "domain_id": "default"})

			took := work(keystone, "user", users)
			t.Logf("with the collector p50 %v, p99 %v; without p50 %v, p99 %v",
				percentile(took, 50), percentile(took, 99), percentile(usual, 50), percentile(usual, 99))
			assert.Less(t, percentile(took, 99), limit)
			assert.Less(t, slices.Max(took), longest, "somebody waited for somebody")

			named := 0
			for _, id := range awaitAll(t, keystone, b) {
				assert.Len(t, b.Sentences()[id], 1)
				if strings.Contains(b.Sentences()[id][0], "created user user") {
					named++
				}
			}
			t.Logf("%d of %d created users have their names on the record", named, users)
			if test.changes == "" {
				assert.Equal(t, users, named, "the queue leaves the time to look them up")
			}
		})
	}
}

// While the collector is away, Keystone's calls wait and then succeed, and nothing is lost.
func TestCollectorAway(t *testing.T) {
	b := newBackend(t)
	port := collectortest.FreePort(t)
	c := newCollector(t, b, port, "")
	state := t.TempDir()
	c.start(state)
	keystone := startKeystone(t, port, c)
	keystone.CreateReader()

	for i, end := range []func(){c.stop, c.kill} {
		done := make(chan struct{})
		var took []time.Duration
		before := strings.Count(logOf(t, keystone), notified)
		go func() {
			defer close(done)
			took = work(keystone, fmt.Sprint("user", i, "-"), 20)
		}()
		require.Eventually(t, func() bool { return strings.Count(logOf(t, keystone), notified) > before+5 }, patience, poll)
		waited := strings.Count(logOf(t, keystone), unreachable)
		end()
		require.Eventually(t, func() bool { return strings.Count(logOf(t, keystone), unreachable) > waited }, patience, poll,
			"Keystone does not miss the collector")
		c.start(state)
		<-done
		require.Len(t, took, 40)
		t.Logf("the longest call waited %v", slices.Max(took))
	}
	awaitAll(t, keystone, b)
}

// What Keystone's log says of a notification, and of a collector that is not there.
const (
	notified    = "oslo.messaging.notification."
	unreachable = "is unreachable"
)

func logOf(t *testing.T, keystone *debiantest.Keystone) string {
	t.Helper()
	text, err := os.ReadFile(keystone.Log)
	require.NoError(t, err)
	return string(text)
}
