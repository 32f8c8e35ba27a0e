package keystoneattributesprocessor

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
)

func TestUnavailable(t *testing.T) {
	for _, test := range []struct {
		name     string
		failures keystonetest.Failures
		refused  bool
	}{
		{"down", keystonetest.Failures{Status: 502}, true},
		{"too many", keystonetest.Failures{Status: 429}, true},
		{"maintenance", keystonetest.Failures{Status: 503, RetryAfter: "1"}, true},
		{"login is down", keystonetest.Failures{LoginStatus: 503}, true},
		{"unauthorized", keystonetest.Failures{Status: 401}, false},
		{"wrong password", keystonetest.Failures{LoginStatus: 401}, false},
		{"forbidden", keystonetest.Failures{Forbidden: []string{"user", "domain"}}, false},
		{"404 of a proxy", keystonetest.Failures{HTML: true}, false},
	} {
		for _, policy := range []UnavailablePolicy{UnavailablePass, UnavailableRefuse} {
			t.Run(test.name+" "+string(policy), func(t *testing.T) {
				server := lab()
				server.Fail(test.failures)
				h := newHarness(t, server, func(c *Config) { c.OnUnavailable = policy }, nil)
				h.start()
				defer h.stop()
				logs := auditLogs(map[string]string{"user.id": aliceID})
				before := only(logs).Attributes().Len()
				err := h.consume(logs)
				if policy == UnavailablePass || !test.refused {
					require.NoError(t, err)
					assert.Len(t, h.sink.AllLogs(), 1)
					return
				}
				require.ErrorContains(t, err, "on_unavailable: refuse")
				assert.False(t, consumererror.IsPermanent(err), "a receiver is to hold the batch")
				assert.Equal(t, before, only(logs).Attributes().Len(), "it was not touched")
				server.Fail(keystonetest.Failures{})
				require.Eventually(t, func() bool { return h.consume(logs) == nil }, patience, 10*time.Millisecond)
				assert.Equal(t, "alice", audit.Text(only(h.last()).Attributes(), "user.name"))
			})
		}
	}
}

func TestAbsentIsNotRefused(t *testing.T) {
	h := newHarness(t, lab(), func(c *Config) { c.OnUnavailable = UnavailableRefuse }, nil)
	h.start()
	defer h.stop()
	require.NoError(t, h.consume(auditLogs(map[string]string{"user.id": strings.Repeat("0", 32)})))
}

func TestSlowKeystone(t *testing.T) {
	for _, wait := range []time.Duration{0, time.Millisecond} {
		server := lab()
		answers := make(chan struct{})
		server.Fail(keystonetest.Failures{Delay: answers})
		h := newHarness(t, server, func(c *Config) { c.Wait = wait }, nil)
		h.start()
		assert.Empty(t, added(t, h, map[string]string{"user.id": aliceID}), "the record passes without a name")
		close(answers)
		require.Eventually(t, func() bool {
			return added(t, h, map[string]string{"user.id": aliceID})["openstack.user.domain.name"] == "corp"
		}, patience, time.Millisecond, "a later one has it")
		h.stop()
	}
}
