package directory

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
)

func TestResolve(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(entities()...), nil)
	answers := f.askAll(
		ref(keystone.User, aliceID), ref(keystone.User, ldapID), ref(keystone.Project, projectID),
		ref(keystone.Role, roleID), ref(keystone.Domain, "default"), ref(keystone.User, strings.Repeat("0", 32)),
		ref(keystone.ApplicationCredential, aliceID),
	)
	assert.Equal(t, []said{
		{Name: "alice", DomainID: corpID, Source: Keystone, Result: Found},
		{Name: "lena", DomainID: corpID, Source: Keystone, Result: Found},
		{Name: "web-shop", DomainID: corpID, Source: Keystone, Result: Found},
		{Name: "auditor", Source: Keystone, Result: Found},
		{Name: "Default", Source: Keystone, Result: Found},
		{Result: Absent},
		{Result: NotAsked},
	}, answers)
	assert.Equal(t, said{Name: "alice", DomainID: corpID, Source: Keystone, Result: Hit}, f.ask(ref(keystone.User, aliceID)))
	assert.Equal(t, said{Result: Absent}, f.ask(ref(keystone.User, strings.Repeat("0", 32))))
	assert.Equal(t, 1, f.server.Requests("users/"+aliceID))
	assert.Equal(t, 1, f.server.Requests("users/"+strings.Repeat("0", 32)), "absence is remembered")
}

// joining counts those who wait for a lookup.
type joining struct {
	context.Context
	joined *atomic.Int32
}

func (j joining) Done() <-chan struct{} {
	j.joined.Add(1)
	return j.Context.Done()
}

func TestSingleFlight(t *testing.T) {
	answers := make(chan struct{})
	server := keystonetest.NewServer(entities()...)
	server.Fail(keystonetest.Failures{Delay: answers})
	f := newFixture(t, server, nil)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	const all = 20
	var joined atomic.Int32
	var batches sync.WaitGroup
	for range all {
		batches.Go(func() {
			asked := f.Resolve(joining{ctx, &joined}, nil, []Query{ref(keystone.User, aliceID)}, true)
			assert.Equal(t, "alice", asked[0].At(f.clock.now()).Name)
		})
	}
	require.Eventually(t, func() bool { return joined.Load() == all }, patience, time.Millisecond)
	close(answers)
	batches.Wait()
	assert.Equal(t, 1, server.Requests("users/"+aliceID))
}

func TestLateAnswersServeTheNextBatch(t *testing.T) {
	answers := make(chan struct{})
	server := keystonetest.NewServer(entities()...)
	server.Fail(keystonetest.Failures{Delay: answers})
	f := newFixture(t, server, nil)
	require.Eventually(t, func() bool { return server.Logins() > 0 }, patience, time.Millisecond)
	f.answeredAt.Store(f.clock.now().UnixNano())
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	late := []said{{Result: Late}}
	assert.Equal(t, late, f.said(f.Resolve(ctx, nil, []Query{ref(keystone.User, aliceID)}, false), f.clock.now()))
	require.Eventually(t, func() bool { return server.Requests("users/"+aliceID) == 1 }, patience, time.Millisecond)
	// Now Keystone is known to be slow: nobody waits for it, who may leave.
	f.clock.advance(f.settings.Wait + time.Second)
	f.answeredAt.Store(f.clock.now().UnixNano())
	assert.Equal(t, late, f.said(f.Resolve(t.Context(), nil, []Query{ref(keystone.User, aliceID)}, false), f.clock.now()))
	close(answers)
	require.Eventually(t, func() bool { return f.Stats().Entries["keystone"] == 1 }, patience, time.Millisecond)
	known := f.Resolve(t.Context(), nil, []Query{ref(keystone.User, aliceID)}, false)
	assert.Equal(t, "alice", known[0].At(f.clock.now()).Name)
	assert.Equal(t, 1, server.Requests("users/"+aliceID))
}

func TestExpiry(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(entities()...), nil)
	f.ask(ref(keystone.User, aliceID))
	f.server.Put(keystonetest.Entity{Kind: "user", ID: aliceID, Name: "alicia", DomainID: corpID})
	assert.Equal(t, "alice", f.ask(ref(keystone.User, aliceID)).Name)
	f.clock.advance(2 * time.Hour)
	assert.Equal(t, "alicia", f.ask(ref(keystone.User, aliceID)).Name)
}

func TestUpdatedThingsAreAskedForAgain(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(entities()...), nil)
	f.ask(ref(keystone.User, aliceID))
	f.server.Put(keystonetest.Entity{Kind: "user", ID: aliceID, Name: "alicia", DomainID: corpID})
	f.clock.advance(10 * time.Second)
	renamed := f.clock.now()
	f.clock.advance(2 * time.Second)
	for range 2 {
		f.Changed(keystone.User, aliceID, renamed)
		assert.Equal(t, "alicia", f.ask(ref(keystone.User, aliceID)).Name)
	}
	assert.Equal(t, 2, f.server.Requests("users/"+aliceID), "a batch that comes again asks no more")

	created := ref(keystone.User, strings.Repeat("1", 32))
	assert.Equal(t, Absent, f.ask(created).Result)
	f.server.Put(keystonetest.Entity{Kind: "user", ID: created.ID, Name: "carol"})
	f.Changed(keystone.User, created.ID, f.clock.now())
	assert.Equal(t, "carol", f.ask(created).Name, "its absence is forgotten")
}

func TestKeystoneAway(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(entities()...), nil)
	f.ask(ref(keystone.User, aliceID))
	f.clock.advance(2 * time.Hour)
	f.server.Fail(keystonetest.Failures{Status: http.StatusBadGateway})
	asked := f.server.Lookups()
	for i := range 50 {
		assert.Equal(t, said{Name: "alice", DomainID: corpID, Source: Keystone, Result: Stale}, f.ask(ref(keystone.User, aliceID)))
		assert.Equal(t, said{Result: Unavailable}, f.ask(ref(keystone.User, fmt.Sprintf("%032x", i))))
	}
	assert.LessOrEqual(t, f.server.Lookups()-asked, 2*breakerThreshold, "the breaker opens")
	assert.True(t, f.Stats().BreakerOpen)
	assert.Equal(t, 1, f.logs.FilterMessageSnippet("gives no answers").Len(), "an outage is said once")

	f.server.Fail(keystonetest.Failures{})
	f.clock.advance(time.Minute)
	assert.Equal(t, Found, f.ask(ref(keystone.User, aliceID)).Result)
	assert.False(t, f.Stats().BreakerOpen)
}

func TestRetryAfter(t *testing.T) {
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		f := newFixture(t, keystonetest.NewServer(entities()...), nil)
		f.server.Fail(keystonetest.Failures{Status: status, RetryAfter: "120"})
		assert.Equal(t, Unavailable, f.ask(ref(keystone.User, aliceID)).Result)
		f.server.Fail(keystonetest.Failures{})
		f.clock.advance(100 * time.Second)
		assert.Equal(t, Unavailable, f.ask(ref(keystone.User, aliceID)).Result)
		assert.Equal(t, 1, f.server.Requests("users/"+aliceID), "Keystone asked for 120 s of silence")
		f.clock.advance(30 * time.Second)
		assert.Equal(t, "alice", f.ask(ref(keystone.User, aliceID)).Name)
	}
}

func TestMissingRole(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(entities()...), nil)
	f.server.Fail(keystonetest.Failures{Forbidden: []string{"user"}})
	for i := range 20 {
		assert.Equal(t, Forbidden, f.ask(ref(keystone.User, fmt.Sprintf("%032x", i))).Result)
	}
	assert.Equal(t, refusalsToOff, f.server.Lookups(), "the kind is off")
	assert.Equal(t, "web-shop", f.ask(ref(keystone.Project, projectID)).Name, "other kinds are not")
	warnings := f.logs.FilterMessageSnippet("role reader").All()
	require.Len(t, warnings, 1)
	assert.Equal(t, "user", warnings[0].ContextMap()["kind"])

	f.clock.advance(kindOffTime + time.Second)
	f.ask(ref(keystone.User, aliceID))
	assert.Len(t, f.logs.FilterMessageSnippet("role reader").All(), 1, "said once")
	f.server.Fail(keystonetest.Failures{})
	f.clock.advance(kindOffTime + 2*time.Minute)
	assert.Equal(t, "alice", f.ask(ref(keystone.User, aliceID)).Name)
}

// TestReaderOfOneDomain is refused the users of other domains, and keeps those of its own.
func TestReaderOfOneDomain(t *testing.T) {
	for _, test := range []struct {
		name  string
		first func(*fixture)
	}{
		{"after a lookup", func(f *fixture) { assert.Equal(t, Found, f.ask(ref(keystone.User, bobID)).Result) }},
		{"after a list", func(f *fixture) {
			require.NoError(t, f.list(t.Context(), keystone.User, "default", nil))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, keystonetest.NewServer(entities()...), nil)
			test.first(f)
			f.server.Fail(keystonetest.Failures{Forbidden: []string{"user"}})
			for i := range 4 * refusalsToOff {
				for range 2 {
					assert.Equal(t, said{Result: Forbidden}, f.ask(ref(keystone.User, fmt.Sprintf("%032x", i))))
				}
				assert.Equal(t, 1, f.server.Requests(fmt.Sprintf("users/%032x", i)), "a refusal is remembered for the one id")
			}
			f.server.Fail(keystonetest.Failures{})
			assert.Equal(t, "alice", f.ask(ref(keystone.User, aliceID)).Name, "the kind is not off")
			f.server.Fail(keystonetest.Failures{Forbidden: []string{"user"}})
			assert.Equal(t, Forbidden, f.ask(ref(keystone.User, fmt.Sprintf("%032x", 99))).Result)
			assert.Len(t, f.logs.FilterMessageSnippet("role reader").All(), 1, "said once")

			f.server.Put(keystonetest.Entity{Kind: "user", ID: fmt.Sprintf("%032x", 0), Name: "carol"})
			f.server.Fail(keystonetest.Failures{})
			f.clock.advance(kindOffTime + 2*time.Second)
			assert.Equal(t, "carol", f.ask(ref(keystone.User, fmt.Sprintf("%032x", 0))).Name, "it is tried again")
		})
	}
}

func TestListTurnsAKindOnAgain(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(entities()...), nil)
	f.server.Fail(keystonetest.Failures{Forbidden: []string{"user"}})
	for i := range refusalsToOff {
		assert.Equal(t, Forbidden, f.ask(ref(keystone.User, fmt.Sprintf("%032x", i))).Result)
	}
	f.server.Fail(keystonetest.Failures{})
	assert.Equal(t, Forbidden, f.ask(ref(keystone.User, aliceID)).Result, "off")
	require.NoError(t, f.list(t.Context(), keystone.User, "default", nil))
	assert.Equal(t, "alice", f.ask(ref(keystone.User, aliceID)).Name)
}

func TestUnauthorized(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(entities()...), nil)
	f.server.Fail(keystonetest.Failures{Status: http.StatusUnauthorized})
	for range 2 * breakerThreshold {
		assert.Equal(t, said{Result: Unauthorized}, f.ask(ref(keystone.User, aliceID)))
	}
	assert.False(t, f.Stats().BreakerOpen, "a refused token is no outage")
	f.server.Fail(keystonetest.Failures{})
	assert.Equal(t, "alice", f.ask(ref(keystone.User, aliceID)).Name, "it is not taken for an absence")
}

func TestKnownOnly(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(entities()...), nil)
	typed := ref(keystone.User, aliceID)
	typed.KnownOnly = true
	assert.Equal(t, said{Result: NotAsked}, f.ask(typed))
	assert.Zero(t, f.server.Lookups())
	f.ask(ref(keystone.User, aliceID))
	assert.Equal(t, "alice", f.ask(typed).Name)
}

func TestKindsThatAreNotAskedFor(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(entities()...), func(s *Settings) { s.Kinds = []keystone.Kind{keystone.Project} })
	assert.Equal(t, NotAsked, f.ask(ref(keystone.User, aliceID)).Result)
	f.Learn(keystone.User, aliceID, "alice", "", f.clock.now())
	assert.Equal(t, said{Name: "alice", Source: Event, Result: Hit}, f.ask(ref(keystone.User, aliceID)))
	assert.Zero(t, f.server.Lookups())
}
