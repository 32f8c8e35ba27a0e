package auditlog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
)

func TestService(t *testing.T) {
	names := map[string]string{"identity.special": "keystone-special", "nova": "nova-cell1", "uwsgi": "by-publisher"}
	for _, test := range []struct {
		name, publisher, eventType, target, observer string
		service, kind, host                          any
	}{
		{"publisher: type and host", "identity.ctl01.example.org", "identity.user.created", "", "", "keystone", "identity", "ctl01.example.org"},
		{"publisher with a colon", "network:net01", "audit.cadf", "", "", "neutron", "network", "net01"},
		{"volume service of any version", "volumev3.c1", "audit.cadf", "", "", "cinder", "block-storage", "c1"},
		{"load balancer", "load-balancer.h", "audit.cadf", "", "", "octavia", "load-balancer", "h"},
		{"publisher: code name and host", "magnum.ctl01", "magnum.cluster.create", "service/magnum/cluster", "", "magnum",
			"container-infrastructure-management", "ctl01"},
		{"target: code name", "uwsgi-3", "magnum.cluster.create", "service/magnum/cluster", "", "magnum", "container-infrastructure-management",
			nil},
		{"publisher of no service", "python3.11", "audit.cadf", "unknown", "", "unknown_service:python3.11", nil, nil},
		{"mapped by publisher", "identity.special", "identity.user.created", "", "", "keystone-special", "identity", "special"},
		{"mapped by name", "nova-api", "audit.cadf", "", "", "nova-cell1", "compute", nil},
		{"publisher's map goes first", "uwsgi", "audit.cadf", "", `{"name":"nova"}`, "by-publisher", "compute", nil},
		{"observer's name goes before the publisher", "identity.h", "audit.cadf", "", `{"name":"keystone2"}`, "keystone2", "identity", "h"},
		{"observer called unknown", "glance-api", "audit.cadf", "", `{"name":"unknown"}`, "glance", "image", nil},
		{"observer's type", "gunicorn", "audit.cadf", "", `{"typeURI":"service/data/security/keymanager","name":"barbican"}`, "barbican",
			"key-manager", nil},
		{"observer's type alone", "gunicorn", "audit.cadf", "", `{"typeURI":"service/dns"}`, "designate", "dns", nil},
		{"target: key manager", "mod_wsgi", "audit.http.request", "service/security/keymanager/secrets", "", "barbican", "key-manager", nil},
		{"target: identity", "mod_wsgi", "audit.http.request", "data/security/project", "", "keystone", "identity", nil},
		{"target: baremetal", "python3", "audit.http.request", "compute/baremetal/node", "", "ironic", "baremetal", nil},
		{"target: compute", "python3.11", "audit.http.request", "service/compute/servers", "", "nova-cell1", "compute", nil},
		{"target: image goes before the program", "glance-wsgi-api", "audit.http.request", "service/storage/image/images", "", "glance", "image",
			nil},
		{"target: volume", "httpd", "audit.cadf", "storage/volume/volumes", "", "cinder", "block-storage", nil},
		{"target: block", "apache2", "audit.cadf", "service/storage/block", "", "cinder", "block-storage", nil},
		{"target: object", "apache2", "audit.cadf", "storage/object/container", "", "swift", "object-store", nil},
		{"target: share", "apache2", "audit.cadf", "storage/share/shares", "", "manila", "share", nil},
		{"target: load balancer, both ways", "apache2", "audit.cadf", "loadbalancer/pool", "", "octavia", "load-balancer", nil},
		{"target: load-balancer", "apache2", "audit.cadf", "service/load-balancer/pools", "", "octavia", "load-balancer", nil},
		{"target: orchestration", "apache2", "audit.cadf", "service/orchestration/stacks", "", "heat", "orchestration", nil},
		{"target: object store by name", "swift-proxy-server", "audit.http.request", "service/storage/object-store/v1", "", "swift",
			"object-store", nil},
		{"target: the name of a service type", "mod_wsgi", "audit.http.request", "service/placement/resource_providers", "", "placement",
			"placement", nil},
		{"target: database", "mod_wsgi", "audit.http.request", "service/database/instances", "", "trove", "database", nil},
		{"target of another service", "limes", "audit.cadf", "service/compute/instances/quota", `{"name":"limes","typeURI":"service/resources"}`,
			"limes", nil, nil},
		{"target: no whole segment", "apache2", "audit.cadf", "networking/x", "", "unknown_service:apache2", nil, nil},
		{"program", "nova-api", "audit.http.request", "unknown", "", "nova-cell1", "compute", nil},
		{"program: wsgi", "barbican-wsgi-api", "audit.http.request", "", "", "barbican", "key-manager", nil},
		{"program: public", "keystone-wsgi-public", "audit.http.request", "", "", "keystone", "identity", nil},
		{"program: public first", "keystone-public-wsgi", "audit.http.request", "", "", "keystone", "identity", nil},
		{"program: underscores", "cinder_api_uwsgi", "audit.http.request", "", "", "cinder", "block-storage", nil},
		{"program: os-compute", "nova-api-os-compute", "audit.http.request", "", "", "nova-cell1", "compute", nil},
		{"program: server", "neutron-server", "audit.http.request", "unknown", "", "neutron", "network", nil},
		{"program: proxy server", "swift-proxy-server", "audit.http.request", "unknown", "", "swift", "object-store", nil},
		{"program of no known service", "castellan", "audit.http.request", "", "", "castellan", nil, nil},
		{"unknown", "uwsgi-3.9", "audit.http.request", "", "", "uwsgi-3.9", nil, nil},
		{"nobody", "", "audit.http.request", "", "", "unknown_service", nil, nil},
		{"Keystone without a publisher", "", "identity.user.created", "", "", "keystone", "identity", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.observer == "" {
				test.observer = "null"
			}
			config := configured(func(c *auditlog.Config) { c.Resource.ServiceNames = names })
			line := one(t, config, fmt.Sprintf(`{"publisher_id":%q,"event_type":%q,"payload":%s}`, test.publisher, test.eventType,
				event(fmt.Sprintf(`"outcome":"success","target":{"typeURI":%q},"observer":%s`, test.target, test.observer))))
			for key, value := range map[string]any{
				audit.AttrServiceName: test.service, audit.AttrOpenStackServiceType: test.kind, audit.AttrHostName: test.host,
			} {
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
