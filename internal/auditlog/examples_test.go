package auditlog_test

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// The messages that public articles about OpenStack's audit trail print, whole
// records of them.

const cadfUserCreated = `{"priority": "INFO", "event_type": "identity.user.created", "timestamp": "2015-07-05 00:36:27.337617", "publisher_id": "identity.vagrant-ubuntu-trusty-64.localdomain", "payload": {"typeURI": "http://schemas.dmtf.org/cloud/audit/1.0/event", "initiator": {"typeURI": "service/security/account/user", "host": {"agent": "python-keystoneclient", "address": ""}, "project_id": "ae7e3ebab8f442a8a7f19bc25c8c09f0", "id": "ce14a6f356ef4c40ad93339e6e424a7f"}, "target": {"typeURI": "data/security/account/user", "id": "22a21766c47247028be3fda7ee0b712b"}, "observer": {"typeURI": "service/security", "id": "openstack:3bc912f3-5746-4e69-8e11-2510e9d78db2"}, "eventType": "activity", "eventTime": "2015-07-05T00:36:27.337390+0000", "action": "created.user", "outcome": "success", "id": "openstack:11fc2c26-0d67-4875-90d0-09186863e502", "resource_info": "22a21766c47247028be3fda7ee0b712b"}, "message_id": "9767db8f-1891-4566-b3a7-a217a37c515f"}`

const authenticationFailure = `{"payload": {"typeURI": "", "eventType": "activity", "id": "68c5b24b-89f0-5c93-abe4-5c3d6651fb00", "eventTime": "2023-07-07T15:52:00.496156+0000", "action": "authenticate", "outcome": "failure", "observer": {"id": "08d95fde312344debbcc00106b139995", "typeURI": "service/security"}, "initiator": {"id": "78fab588d9d34900a6c59fc22f3a2049", "typeURI": "service/security/account/user", "host": {"address": "***", "agent": "openstacksdk/1.3.0 keystoneauth1/5.2.1 python-requests/2.31.0 CPython/3.11.4"}, "request_id": "req-0126be50-db3a-4975-a814-d717a5fdfdf8", "user_id": "***", "username": "***"}, "target": {"id": "fc220ce7-2787-5152-bf81-9943cb8ee24b", "typeURI": "service/security/account/user"}}, "publisher_id": "identity.stephenfin-devstack", "event_type": "identity.authenticate"}`

const barbicanEvent = `"typeURI":"http://schemas.dmtf.org/cloud/audit/1.0/event","eventTime":"2015-12-11T00:44:26.410768+0000","target":{"typeURI":"service/security/keymanager/secrets","addresses":[{"url":"http://{barbican_admin_host}:9311","name":"admin"},{"url":"http://{barbican_internal_host}:9311","name":"private"},{"url":"https://{barbican_public_host}:9311","name":"public"}],"name":"barbican_service_user","id":"barbican"},"observer":{"id":"target"},"tags":["correlation_id?value=openstack:7e0fe4a6-e258-477e-a1c9-0fd0921a8435"],"eventType":"activity","initiator":{"typeURI":"service/security/account/user","name":"cinder_user","credential":{"token":"***","identity_status":"Confirmed"},"host":{"agent":"curl/7.38.0","address":"192.168.245.2"},"project_id":"8eabee0a4c4e40f882df8efbce695526","id":"513e8682f23446ceb598b6b0f5c4482b"},"action":"create","id":"openstack:3a6a961c-9ada-4b81-9095-90968d896c41","requestPath":"/v1/secrets"`

func TestExampleBasic(t *testing.T) {
	line := byDefault(t, `{"event_type": "identity.user.created", "message_id": "0156ee79-b35f-4cef-ac37-d4a85f231c69", "payload": {"resource_info": "671da331c47d4e29bb6ea1d270154ec3"}, "priority": "INFO", "publisher_id": "identity.host1234", "timestamp": "2013-08-29 19:03:45.960280"}`)
	require.Equal(t, map[string]any{
		"service.name": "keystone", "service.namespace": "openstack", "host.name": "host1234",
		"openstack.service.type": "identity", "cloud.provider": "openstack",
	}, line.Resource)
	require.Equal(t, map[string]any{"encoding.format": "openstack.notification"}, line.Scope)
	require.Equal(t, "2013-08-29T19:03:45.96028Z", line.Time)
	require.Equal(t, "openstack.identity.user.created", line.EventName)
	require.EqualValues(t, 9, line.Severity)
	require.Equal(t, "INFO", line.Text)
	require.Equal(t, "user 671da331c47d4e29bb6ea1d270154ec3 was created: success", line.Body)
	require.Equal(t, map[string]any{
		"log.record.uid":                      "0156ee79-b35f-4cef-ac37-d4a85f231c69",
		"openstack.notification.event_type":   "identity.user.created",
		"openstack.notification.publisher_id": "identity.host1234",
		"openstack.notification.timestamp":    "2013-08-29T19:03:45.960280Z",
		"openstack.audit.category":            "iam",
		"openstack.audit.action":              "create",
		"openstack.audit.outcome":             "success",
		"openstack.target.type":               "user",
		"openstack.target.id":                 "671da331c47d4e29bb6ea1d270154ec3",
		"openstack.target.user.id":            "671da331c47d4e29bb6ea1d270154ec3",
	}, line.Attributes)
}

func TestExampleCADF(t *testing.T) {
	line := byDefault(t, cadfUserCreated)
	require.Equal(t, "vagrant-ubuntu-trusty-64.localdomain", line.Resource["host.name"])
	require.Equal(t, map[string]any{"encoding.format": "openstack.cadf"}, line.Scope)
	require.Equal(t, "2015-07-05T00:36:27.33739Z", line.Time)
	require.Equal(t, "openstack.identity.user.created", line.EventName)
	require.EqualValues(t, 9, line.Severity)
	require.Equal(t, "ce14a6f356ef4c40ad93339e6e424a7f created user 22a21766c47247028be3fda7ee0b712b in project ae7e3ebab8f442a8a7f19bc25c8c09f0: success", line.Body)
	require.Equal(t, map[string]any{
		"log.record.uid":                      "9767db8f-1891-4566-b3a7-a217a37c515f",
		"openstack.notification.event_type":   "identity.user.created",
		"openstack.notification.publisher_id": "identity.vagrant-ubuntu-trusty-64.localdomain",
		"openstack.notification.timestamp":    "2015-07-05T00:36:27.337617Z",
		"cadf.event.id":                       "openstack:11fc2c26-0d67-4875-90d0-09186863e502",
		"user.id":                             "ce14a6f356ef4c40ad93339e6e424a7f",
		"user_agent.original":                 "python-keystoneclient",
		"openstack.project.id":                "ae7e3ebab8f442a8a7f19bc25c8c09f0",
		"cadf.target.type_uri":                "data/security/account/user",
		"openstack.target.type":               "user",
		"openstack.target.id":                 "22a21766c47247028be3fda7ee0b712b",
		"openstack.target.user.id":            "22a21766c47247028be3fda7ee0b712b",
		"cadf.observer.id":                    "openstack:3bc912f3-5746-4e69-8e11-2510e9d78db2",
		"openstack.audit.category":            "iam",
		"openstack.audit.action":              "create",
		"openstack.audit.outcome":             "success",
	}, line.Attributes)
}

// Printed without message_id, priority and timestamp: the record's id is made of the event.
func TestExampleAuthenticationFailure(t *testing.T) {
	line := byDefault(t, authenticationFailure)
	require.Equal(t, "2023-07-07T15:52:00.496156Z", line.Time)
	require.Equal(t, "openstack.identity.authenticate", line.EventName)
	require.EqualValues(t, 13, line.Severity)
	require.Empty(t, line.Text)
	require.Equal(t, "login of *** from ***: failure (invalid_credentials)", line.Body)
	require.Equal(t, map[string]any{
		"log.record.uid":                      "d9e0b544-2e21-5af0-8be6-d2da80f93a22",
		"openstack.notification.event_type":   "identity.authenticate",
		"openstack.notification.publisher_id": "identity.stephenfin-devstack",
		"cadf.event.id":                       "68c5b24b-89f0-5c93-abe4-5c3d6651fb00",
		"user.id":                             "***",
		"user.name":                           "***",
		"cadf.initiator.id":                   "78fab588d9d34900a6c59fc22f3a2049",
		"client.address":                      "***",
		"user_agent.original":                 "openstacksdk/1.3.0 keystoneauth1/5.2.1 python-requests/2.31.0 CPython/3.11.4",
		"openstack.request.id":                "req-0126be50-db3a-4975-a814-d717a5fdfdf8",
		"cadf.target.id":                      "fc220ce7-2787-5152-bf81-9943cb8ee24b",
		"cadf.observer.id":                    "08d95fde312344debbcc00106b139995",
		"openstack.audit.category":            "authentication",
		"openstack.audit.action":              "authenticate",
		"openstack.audit.outcome":             "failure",
		"error.type":                          "invalid_credentials",
	}, line.Attributes)
}

func TestExampleMiddlewarePair(t *testing.T) {
	request := byDefault(t, `{"priority":"INFO","event_type":"audit.http.request","timestamp":"2015-12-11 00:44:26.412076","publisher_id":"uwsgi","payload":{`+
		barbicanEvent+`,"outcome":"pending"},"message_id":"afc3fd93-51e9-4c80-b330-983e66962265"}`)
	require.Equal(t, map[string]any{
		"service.name": "barbican", "service.namespace": "openstack", "openstack.service.type": "key-manager", "cloud.provider": "openstack",
	}, request.Resource)
	require.Equal(t, "2015-12-11T00:44:26.410768Z", request.Time)
	require.Equal(t, "openstack.audit.http.request", request.EventName)
	require.EqualValues(t, 9, request.Severity)
	require.Equal(t, "cinder_user asked to create a secret in project 8eabee0a4c4e40f882df8efbce695526 from 192.168.245.2: pending", request.Body)
	attributes := map[string]any{
		"log.record.uid":                            "afc3fd93-51e9-4c80-b330-983e66962265",
		"openstack.notification.event_type":         "audit.http.request",
		"openstack.notification.publisher_id":       "uwsgi",
		"openstack.notification.timestamp":          "2015-12-11T00:44:26.412076Z",
		"cadf.event.id":                             "openstack:3a6a961c-9ada-4b81-9095-90968d896c41",
		"user.id":                                   "513e8682f23446ceb598b6b0f5c4482b",
		"user.name":                                 "cinder_user",
		"cadf.initiator.credential.identity_status": "Confirmed",
		"client.address":                            "192.168.245.2",
		"user_agent.original":                       "curl/7.38.0",
		"openstack.project.id":                      "8eabee0a4c4e40f882df8efbce695526",
		"cadf.target.name":                          "barbican_service_user",
		"cadf.target.type_uri":                      "service/security/keymanager/secrets",
		"cadf.target.address.admin":                 "http://{barbican_admin_host}:9311",
		"cadf.target.address.private":               "http://{barbican_internal_host}:9311",
		"cadf.target.address.public":                "https://{barbican_public_host}:9311",
		"url.path":                                  "/v1/secrets",
		"openstack.audit.correlation_id":            "7e0fe4a6-e258-477e-a1c9-0fd0921a8435",
		"openstack.target.type":                     "secret",
		"openstack.audit.category":                  "resource",
		"openstack.audit.action":                    "create",
		"openstack.audit.outcome":                   "pending",
	}
	require.Equal(t, attributes, request.Attributes)

	response := byDefault(t, `{"priority":"INFO","event_type":"audit.http.response","timestamp":"2015-12-11 00:44:26.524100","publisher_id":"uwsgi","payload":{`+
		barbicanEvent+`,"outcome":"failure","reason":{"reasonType":"HTTP","reasonCode":"403"},`+
		`"reporterchain":[{"role":"modifier","reporterTime":"2015-12-11T00:44:26.523004+0000","reporter":{"id":"target"}}]},"message_id":"f1"}`)
	require.Equal(t, "2015-12-11T00:44:26.523004Z", response.Time)
	require.EqualValues(t, 13, response.Severity)
	require.Equal(t, "cinder_user tried to create a secret in project 8eabee0a4c4e40f882df8efbce695526 from 192.168.245.2: failure (403)", response.Body)
	maps.Copy(attributes, map[string]any{
		"log.record.uid": "f1", "openstack.notification.event_type": "audit.http.response",
		"openstack.notification.timestamp": "2015-12-11T00:44:26.524100Z", "cadf.event.time": "2015-12-11T00:44:26.410768Z",
		"openstack.audit.outcome": "failure", "error.type": "403", "http.response.status_code": int64(403), "openstack.audit.duration": 0.112236,
	})
	require.Equal(t, attributes, response.Attributes)
}

// A logger's line of an audit middleware: no notification around the event.
func TestExampleNative(t *testing.T) {
	payload, _, err := literal.ParsePython(`{'typeURI': 'http://schemas.dmtf.org/cloud/audit/1.0/event', 'eventType': 'activity', 'id': '1015b9d8-1e25-529e-824f-5c8aac8fa5e3', 'eventTime': '2025-06-30T13:47:49.067924+00:00', 'action': 'create', 'outcome': 'success', 'observer': {'typeURI': 'service/storage/image', 'name': 'glance'}, 'target': {'typeURI': 'storage/image/images'}}`)
	require.NoError(t, err)
	n, err := oslo.FromValue(payload)
	require.NoError(t, err)
	n.Native = true
	n.Line = &oslo.Line{Level: "INFO", Hostname: "glance-api-0"}
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "0.0.0-test")
	logs, _ := mapper.Logs([]auditlog.Record{mapper.ReadNotification(n, auditlog.Message{Received: received})})
	line := lines(logs)[0]
	require.Equal(t, map[string]any{
		"service.name": "glance", "service.namespace": "openstack", "host.name": "glance-api-0", "openstack.service.type": "image", "cloud.provider": "openstack",
	}, line.Resource)
	require.Equal(t, map[string]any{"encoding.format": "openstack.audit_log"}, line.Scope)
	require.Equal(t, "openstack.audit.cadf", line.EventName)
	require.Equal(t, "an image was created: success", line.Body)
	require.EqualValues(t, 9, line.Severity)
	require.Equal(t, "INFO", line.Text)
	require.Equal(t, map[string]any{
		"log.record.uid":                    "dba9fdcd-c2b6-5814-ad36-e4db4372d2fa",
		"openstack.notification.event_type": "audit.cadf",
		"cadf.event.id":                     "1015b9d8-1e25-529e-824f-5c8aac8fa5e3",
		"cadf.target.type_uri":              "storage/image/images",
		"openstack.target.type":             "image",
		"openstack.audit.category":          "resource",
		"openstack.audit.action":            "create",
		"openstack.audit.outcome":           "success",
	}, line.Attributes)
}
