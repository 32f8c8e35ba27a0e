//go:build keystone

package keystone

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/debiantest"
)

// withCanary looks for the collector's own login among the events.
const withCanary = `
processors:
  keystone_attributes: {wait: 0s, canary: true}
connectors:
  openstack_audit_completeness: {flush_interval: 200ms, canary_within: 3s}
service:
  pipelines:
    logs: {receivers: [openstack_audit], processors: [keystone_attributes], exporters: [otlp_http, openstack_audit_completeness]}
    logs/gaps: {receivers: [openstack_audit_completeness], exporters: [otlp_http]}
`

// Where Keystone sends events of all logins, the collector's own comes back. Where it does not, that is found.
func TestCanary(t *testing.T) {
	for _, test := range []struct {
		name, optOut string
		comesBack    bool
	}{
		{"all logins are sent", "notification_opt_out =", true},
		{"failed logins are sent", "notification_opt_out = identity.authenticate.success", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, port := newBackend(t), collectortest.FreePort(t)
			c := newCollector(t, b, port, withCanary)
			c.start(t.TempDir())
			keystone := debiantest.Start(t, debiantest.Options{
				Port: port, Config: inMemory + "\n[DEFAULT]\n" + test.optOut,
				Notifications: "driver = messagingv2\nretry = 1000000\ntransport_url = rabbit://keystone:" + listenPassword + "@" + c.address + "/",
			})
			keystone.CreateReader()
			told := func() bool { return has(b, "the collector logged in to Keystone") }
			missing := func() bool { return has(b, "did not come back as an event within 3s") }
			require.Eventually(t, told, patience, poll, "the collector tries again until the user is there")
			if test.comesBack {
				require.Eventually(t, func() bool { return has(b, "login of audit-reader") }, patience, poll)
				require.Never(t, missing, 10*time.Second, poll)
				return
			}
			require.Eventually(t, missing, patience, poll)
			require.False(t, has(b, "login of audit-reader"))
		})
	}
}

// has reports whether a record's sentence has a part.
func has(b *collectortest.Backend, part string) bool {
	for _, sentences := range b.Sentences() {
		if strings.Contains(sentences[0], part) {
			return true
		}
	}
	return false
}
