package openstackauditprocessor

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/openstackauditprocessor/internal/metadatatest"
)

// spoolKey is the key of testdata/signed/sign.py.
const spoolKey = "746573742d6b656b2d33322d62797465732d3031323334353637383961626364"

// Who and what stands in the spool.
const (
	admin   = "f7392725f2c840bc987abde9d2d7888f"
	bob     = "5b21bca43719484caec6edea429e963d"
	project = "6fc3ba08ca0d44e9a42f764ce18fb333"
)

func signedEvents(c *Config) {
	c.Content = ContentSignedEvents
	c.HMACKeys = []HMACKey{{Version: 1, KEK: spoolKey}}
}

// spooled are lines as file_log brings them.
func spooled(file string, lines ...string) plog.Logs {
	logs := plog.NewLogs()
	records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, line := range lines {
		record := records.AppendEmpty()
		record.Body().SetStr(line)
		if file != "" {
			record.Attributes().PutStr("log.file.name", file)
		}
	}
	return logs
}

// attributesOf are the attributes of all records, with the sentence as "body" and the event name as "name".
func attributesOf(logs plog.Logs) (all []map[string]any) {
	for record, in := range audit.Records(logs) {
		attributes := record.Attributes().AsRaw()
		attributes["body"], attributes["name"] = record.Body().AsString(), record.EventName()
		attributes["resource"] = in.Resource.Attributes().AsRaw()
		all = append(all, attributes)
	}
	return all
}

// A spool reads as if the Python Keystone had sent the same.
func TestSignedEvents(t *testing.T) {
	h := newHarness(t, signedEvents)
	records := attributesOf(h.consume(t, spooled("audit-spool-keystone-node-1.jsonl", fixtures.Lines(t, "signed/spool.jsonl")...)))
	var sentences []string
	for i, record := range records {
		require.Equal(t, "verified", record[audit.AttrSignature], record["body"])
		require.EqualValues(t, i, record[audit.AttrSequenceNumber])
		sentences = append(sentences, record["body"].(string))
	}
	require.Equal(t, []string{
		"login of " + admin + " from 192.0.2.7: success",
		"login from 192.0.2.7: failure (invalid_credentials)",
		"login of " + bob + " from 192.0.2.7: failure (account_locked)",
		admin + " asked to create user " + bob + " in project " + project + " from 192.0.2.7: pending",
		admin + " created user " + bob + " in project " + project + " from 192.0.2.7: success",
	}, sentences[:5])
	require.Equal(t, map[string]any{
		"name": "openstack.identity.user.created", "body": sentences[4],
		"resource": map[string]any{
			"service.name": "keystone", "service.namespace": "openstack", "openstack.service.type": "identity", "host.name": "keystone-node-1",
			"cloud.provider": "openstack",
		},
		"log.record.uid":           "keystone-node-1:00000000-0000-4000-8000-000000000004",
		"openstack.audit.category": "iam", "openstack.audit.action": "create",
		"openstack.audit.outcome": "success", "user.id": admin, "client.address": "192.0.2.7",
		"openstack.project.id": project, "openstack.request.id": "req-00000000-0000-4000-8000-000000000004",
		"openstack.target.type": "user", "openstack.target.id": bob,
		"openstack.target.user.id": bob, "openstack.notification.event_type": "identity.user.created",
		"cadf.event.id": "keystone-node-1:00000000-0000-4000-8000-000000000004", "cadf.target.type_uri": "data/security/identity/user",
		"openstack.audit.signature": "verified", "openstack.audit.sequence.number": int64(4),
		"openstack.audit.sequence.session":              "7c1f2d6e-90a4-4d0b-8a8e-0c4ce6a3b1d2",
		"openstack.notification.extra.version":          "1.1",
		"openstack.notification.extra.hmac_key_version": "1",
	}, records[4])
}

// Each event stays, whatever its signature says, and is counted by that.
func TestSignatures(t *testing.T) {
	line := fixtures.Lines(t, "signed/spool.jsonl")[4]
	h := newHarness(t, signedEvents)
	for _, test := range []struct{ name, file, line, want string }{
		{"as it is", "audit-spool-keystone-node-1.jsonl", line, "verified"},
		{"from what Keystone put aside", "audit-spool-keystone-node-1.jsonl.quarantine-20261120T233204Z", line, "verified"},
		{"from a file of another name", "spool.jsonl", line, "verified"},
		{"from no file", "", line, "verified"},
		{"altered", "audit-spool-keystone-node-1.jsonl", strings.Replace(line, `"create"`, `"delete"`, 1), "bad"},
		{"in the spool of another node", "audit-spool-keystone-node-2.jsonl", line, "other_node"},
		{"altered, in the spool of another node", "audit-spool-keystone-node-2.jsonl", strings.Replace(line, `"create"`, `"delete"`, 1), "bad"},
		{"without a signature", "audit-spool-keystone-node-1.jsonl", line[:strings.Index(line, `,"signature"`)] + "}", "missing"},
		{"of another version", "spool.jsonl", strings.Replace(line, `"hmac_key_version":1`, `"hmac_key_version":7`, 1), "unknown_key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			records := attributesOf(h.consume(t, spooled(test.file, test.line)))
			require.Len(t, records, 1)
			require.Equal(t, test.want, records[0][audit.AttrSignature])
			require.Equal(t, admin, records[0][audit.AttrUserID], "the event is there")
		})
	}
	counted := func(verdict string, count int64) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Value: count, Attributes: attribute.NewSet(
			attribute.String("processor", "openstack_audit"), attribute.String("verdict", verdict))}
	}
	metadatatest.AssertEqualOpenstackAuditProcessorSignatures(t, h.telemetry, []metricdata.DataPoint[int64]{
		counted("verified", 4), counted("bad", 2), counted("other_node", 1), counted("missing", 1), counted("unknown_key", 1),
	}, metricdatatest.IgnoreTimestamp())
}

func TestSignedEventsWithoutKeys(t *testing.T) {
	h := newHarness(t, func(c *Config) { c.Content = ContentSignedEvents })
	records := attributesOf(h.consume(t, spooled("", fixtures.Lines(t, "signed/spool.jsonl")[0])))
	require.Len(t, records, 1)
	require.NotContains(t, records[0], audit.AttrSignature)
}

// The file is Keystone's: what is none of its events is kept as it is, and never read as one.
func TestSpoolHoldsSomethingElse(t *testing.T) {
	h := newHarness(t, signedEvents)
	for _, text := range []string{notification, line, native, ordinary, `{"a": 1}`, "{"} {
		records := attributesOf(h.consume(t, spooled("audit-spool-keystone-node-1.jsonl", text)))
		require.Len(t, records, 1)
		require.Equal(t, text, records[0]["body"])
		require.Contains(t, records[0], audit.AttrNotificationDecodeError)
		require.NotContains(t, records[0], audit.AttrAuditAction)
	}
	require.Zero(t, h.consume(t, spooled("", "", "\n")).LogRecordCount())
}
