//go:build backends

package backends

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

// TestLoki runs one Loki for all that needs it.
func TestLoki(t *testing.T) {
	l := startLoki(t)
	t.Run("captures", l.testCaptures)
	t.Run("worst record", l.testWorstRecord)
	t.Run("documented queries", l.testDocumentedQueries)
	t.Run("many names", l.testManyNames)
	t.Run("rules", l.testRules)
	t.Run("dashboard", l.testDashboard)
	t.Run("reconciliation", l.testReconciliation)
	t.Run("evidence", l.testEvidence)
}

// collector runs config/loki.yaml for this test's tenant.
func (l loki) collector(t testing.TB, environment []string) *process {
	t.Helper()
	return collector(t, "loki.yaml", append([]string{
		"AUDIT_LOKI_ENDPOINT=" + l.url + "/otlp",
	}, environment...), "--set", "exporters.otlp_http/loki.headers.X-Scope-OrgID="+tenant(t))
}

// Each record of real services is there once, also when its message comes twice.
func (l loki) testCaptures(t *testing.T) {
	url, environment := broker(t)
	c := l.collector(t, environment)
	all := append(fixtures.Bodies(t, fixtures.KeystoneMessagingV2), fixtures.Bodies(t, "amqp-audit-middleware-sapcc")...)
	send(t, url, all...)
	since := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	l.wait(t, `{service_namespace="openstack"}`, since, 158+44, c)
	// The last one is three hours late.
	send(t, url, append(all, login(since.Add(20*time.Hour+30*time.Minute), actor{"1a57", "last", "192.0.2.7"}, "success"))...)
	l.wait(t, `{service_name="keystone"} | user_name="last"`, since, 1, c)
	l.wait(t, `{service_namespace="openstack"}`, since, 158+44+1, c)
	streams := l.wait(t, `{service_name="keystone"} | openstack_audit_outcome="failure" | error_type="user_not_found"`, since, 4, c)
	for _, s := range streams {
		require.NotContains(t, s.labels, "log_record_original")
	}
	t.Logf("sent %d messages, each twice, and one; read %d records", len(all), 158+44+1)

	var labels struct{ Data []string }
	require.NoError(t, l.get(t.Context(), tenant(t), "/loki/api/v1/labels", map[string][]string{
		"start": {since.Format(time.RFC3339)}, "end": {since.Add(29 * 24 * time.Hour).Format(time.RFC3339)},
	}, &labels))
	require.ElementsMatch(t, []string{"service_name", "service_namespace"}, labels.Data)
	require.NotContains(t, c.Log.String(), "refuses zstd")
	c.Stop(t)
}

// A message that makes use of every bound of a record is stored, with all of its attributes.
func (l loki) testWorstRecord(t *testing.T) {
	url, environment := broker(t)
	c := l.collector(t, environment)
	long := strings.Repeat("Ünïcödé\t\"\\ ", 2000)
	extras := object{}
	for i := range 200 {
		extras["key_"+strings.Repeat("k", i%100)+string(rune('a'+i%26))+strings.Repeat("x", i/26)] = long
	}
	attachments := make([]object, 100)
	tags := make([]string, 1000)
	for i := range attachments {
		attachments[i] = object{"name": long, "typeURI": long, "content": long}
	}
	for i := range tags {
		tags[i] = long
	}
	event := object{
		"action": "created.user", "outcome": "failure", "name": long, "severity": long, "resource_info": long,
		"initiator": object{
			"id": long, "user_id": long, "username": long, "typeURI": long, "project_id": long, "project_name": long, "domain_id": long,
			"request_id": long,
			"host":       object{"address": long, "agent": long, "id": long, "platform": long},
		},
		"target":      object{"id": long, "typeURI": long, "name": long, "addresses": []object{{"url": long, "name": long}}},
		"observer":    object{"id": long, "typeURI": long, "name": long},
		"reason":      object{"reasonType": long, "reasonCode": long, "policyType": long, "policyId": long},
		"requestPath": "/" + long, "tags": tags, "attachments": attachments, "measurements": attachments,
	}
	maps.Copy(event, extras)
	send(t, url, notification(identity, "identity.user.created", time.Now(), event))
	streams := l.wait(t, `{service_name=~".+"}`, time.Now().Add(-time.Hour), 1, c)
	size := 0
	for key, value := range streams[0].labels {
		size += len(key) + len(value)
	}
	t.Logf("the record has %d entries of %d bytes, and a line of %d bytes", len(streams[0].labels), size, len(streams[0].lines[0]))
	require.Equal(t, "true", streams[0].labels["openstack_audit_truncated"])
	require.Greater(t, size, 30<<10, "it is a large record")
	require.NotContains(t, c.Log.String(), "Dropping data")
	c.Stop(t)
}
