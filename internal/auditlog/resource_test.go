package auditlog_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

func TestService(t *testing.T) {
	names := map[string]string{"identity.special": "keystone-special", "nova": "nova-cell1", "uwsgi": "by-publisher"}
	type row struct {
		Name, Publisher string
		EventType       string `json:"event_type"`
		Target          string // its typeURI
		Observer        json.RawMessage
		Resource        map[string]any
	}
	config := configured(func(c *auditlog.Config) { c.Resource.ServiceNames = names })
	for _, test := range fixtures.Rows[row](t, "service-names.jsonl") {
		t.Run(test.Name, func(t *testing.T) {
			line := one(t, config, fmt.Sprintf(`{"publisher_id":%q,"event_type":%q,"payload":%s}`, test.Publisher, test.EventType,
				event(fmt.Sprintf(`"outcome":"success","target":{"typeURI":%q},"observer":%s`, test.Target, cmp.Or(string(test.Observer), "null")))))
			for key, value := range test.Resource {
				require.Equal(t, value, line.Resource[key], key)
			}
		})
	}
}

func TestResourceOptions(t *testing.T) {
	config := configured(func(c *auditlog.Config) { c.Resource = auditlog.ResourceConfig{Region: "eu-1"} })
	line := one(t, config, notification("identity.user.created", `{}`))
	require.Equal(t, map[string]any{
		"service.name": "keystone", "host.name": "ctl01", "openstack.service.type": "identity", "cloud.provider": "openstack",
		"cloud.region": "eu-1",
	}, line.Resource)
}

func TestObserver(t *testing.T) {
	for _, test := range []struct {
		observer string
		expect   want
	}{
		{`{"id":"target"}`, want{audit.AttrObserverID: nil}},
		{`{"id":"x","typeURI":"service/security","name":"keystone"}`, want{audit.AttrObserverID: "x", audit.AttrObserverTypeURI: nil,
			audit.AttrObserverName: nil}},
		{`{"id":"x","typeURI":"service/security/audit/filter"}`, want{audit.AttrObserverTypeURI: "service/security/audit/filter"}},
		{`{"id":"x","typeURI":"service/compute"}`, want{audit.AttrObserverTypeURI: "service/compute"}},
		{`{"id":"x","typeURI":"odd","name":"unknown"}`, want{audit.AttrObserverTypeURI: "odd", audit.AttrObserverName: "unknown"}},
	} {
		test.expect.check(t, byDefault(t, notification("identity.user.created", event(`"outcome":"success","observer":`+test.observer))))
	}
}

// The resource that another receiver found stays, below what the notification says.
func TestIncomingResource(t *testing.T) {
	resource := pcommon.NewResource()
	resource.Attributes().PutStr("k8s.pod.name", "nova-api-0")
	resource.Attributes().PutStr(audit.AttrServiceName, "nova")
	resource.Attributes().PutStr(audit.AttrHostName, "node")
	incoming := &auditlog.Incoming{Resource: resource}
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "1.2.3")
	var records []auditlog.Record
	for _, body := range []string{
		notification("audit.http.request", event(`"outcome":"pending","target":{"typeURI":"unknown"}`)), // (6): the resource's own name
		notification("identity.user.created", `{}`),
		notification("audit.http.request", event(`"outcome":"pending"`)),
		"no notification",
	} {
		records = append(records, mapper.Read(auditlog.Message{Body: []byte(body), Incoming: incoming}))
	}
	logs, _ := mapper.Logs(records)
	require.Equal(t, 2, logs.ResourceLogs().Len())
	require.Equal(t, map[string]any{
		"k8s.pod.name": "nova-api-0", "service.name": "nova", "host.name": "node", "service.namespace": "openstack",
		"cloud.provider": "openstack", "openstack.service.type": "compute",
	}, logs.ResourceLogs().At(0).Resource().Attributes().AsRaw())
	require.Equal(t, "keystone", logs.ResourceLogs().At(1).Resource().Attributes().AsRaw()["service.name"])
	require.Equal(t, "ctl01", logs.ResourceLogs().At(1).Resource().Attributes().AsRaw()["host.name"])
	_, has := resource.Attributes().Get("cloud.provider")
	require.False(t, has, "the incoming resource is not ours to change")
}

func TestIncomingResourceWithoutName(t *testing.T) {
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "")
	logs, _ := mapper.Logs([]auditlog.Record{mapper.Read(auditlog.Message{Body: []byte("raw"),
		Incoming: &auditlog.Incoming{Resource: pcommon.NewResource()}})})
	require.Equal(t, "unknown_service", lines(logs)[0].Resource[audit.AttrServiceName])
}

func TestGrouping(t *testing.T) {
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "1.2.3")
	var records []auditlog.Record
	for _, body := range []string{
		notification("identity.user.created", `{"resource_info":"1"}`),
		notification("audit.cadf", event(`"observer":{"name":"nova"}`)),
		notification("identity.user.created", event(`"outcome":"success"`)),
		notification("compute.instance.create.end", `{}`), // skipped
		notification("identity.user.created", `{"resource_info":"2"}`),
		"raw",
	} {
		records = append(records, mapper.Read(auditlog.Message{Body: []byte(body)}))
	}
	logs, _ := mapper.Logs(records)
	require.Equal(t, 5, logs.LogRecordCount())
	var groups []string
	for _, rl := range logs.ResourceLogs().All() {
		require.Equal(t, semconv.SchemaURL, rl.SchemaUrl())
		for _, sl := range rl.ScopeLogs().All() {
			require.Equal(t, semconv.SchemaURL, sl.SchemaUrl())
			require.Equal(t, auditlog.ScopeName, sl.Scope().Name())
			require.Equal(t, "1.2.3", sl.Scope().Version())
			service, _ := rl.Resource().Attributes().Get("service.name")
			format := sl.Scope().Attributes().AsRaw()["encoding.format"]
			groups = append(groups, fmt.Sprintf("%s %v %d", service.AsString(), format, sl.LogRecords().Len()))
		}
	}
	require.Equal(t, []string{"keystone openstack.notification 2", "keystone openstack.cadf 1", "nova openstack.cadf 1",
		"unknown_service <nil> 1"}, groups)
}

func TestLongNamesOfTheResource(t *testing.T) {
	line := byDefault(t, fmt.Sprintf(`{"publisher_id":"identity.%s","event_type":"identity.x.created","payload":{}}`,
		strings.Repeat("h", 1500)))
	require.Len(t, line.Resource[audit.AttrHostName], 1024)
	require.Len(t, line.Attributes[audit.AttrNotificationPublisherID], 1509)
	require.Equal(t, true, line.Attributes[audit.AttrAuditTruncated])
}
