package directory

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
)

func preload(s *Settings) { s.Preload = true }

func TestPreload(t *testing.T) {
	server := keystonetest.NewServer(entities()...)
	server.Put(keystonetest.Entity{Kind: "role", ID: fmt.Sprintf("%032x", 1), Name: "auditor-dom", DomainID: corpID})
	f := newFixture(t, server, preload)
	require.Eventually(t, func() bool { return f.table.size.Load() == int64(len(entities())+1) }, patience, time.Millisecond)
	asked := server.Requests("users/" + ldapID)
	assert.Equal(t, said{Name: "lena", DomainID: corpID, Source: Keystone, Result: Hit}, f.ask(ref(keystone.User, ldapID)))
	assert.Equal(t, asked, server.Requests("users/"+ldapID))
}

func TestListsThatTellNotAll(t *testing.T) {
	for _, test := range []struct {
		name     string
		failures keystonetest.Failures
		change   func(*Settings)
		listed   string
	}{
		{"truncated", keystonetest.Failures{ListLimit: 1}, nil, "domain truncated"},
		{"a circle of links", keystonetest.Failures{Loop: true}, nil, "user truncated"},
		{"a role is missing", keystonetest.Failures{Forbidden: []string{"group"}}, nil, "group forbidden"},
		{"the cache is full", keystonetest.Failures{}, func(s *Settings) { s.MaxEntries = 2 }, "project truncated"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := keystonetest.NewServer(entities()...)
			server.Fail(test.failures)
			f := newFixture(t, server, func(s *Settings) {
				preload(s)
				if test.change != nil {
					test.change(s)
				}
			})
			require.Eventually(t, func() bool { return f.counter.listed(test.listed) > 0 }, patience, time.Millisecond)
			require.Eventually(t, func() bool { return f.counter.listed("role complete")+f.counter.listed("role truncated") >= 2 }, patience,
				time.Millisecond)
			assert.Equal(t, "alice", f.ask(ref(keystone.User, aliceID)).Name, "what no list told is looked up")
			assert.Eventually(t, func() bool { return f.table.size.Load() <= f.table.limit }, patience, time.Millisecond)
		})
	}
}

func TestPreloadWhileKeystoneIsAway(t *testing.T) {
	server := keystonetest.NewServer(entities()...)
	server.Fail(keystonetest.Failures{Status: 503})
	f := newFixture(t, server, preload)
	require.Eventually(t, func() bool { return f.counter.listed("domain failed") > 0 }, patience, time.Millisecond)
	server.Fail(keystonetest.Failures{})
	require.Eventually(t, func() bool { return f.table.size.Load() == int64(len(entities())) }, patience, 10*time.Millisecond)
}
