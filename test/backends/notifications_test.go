package backends

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// object is a JSON object.
type object = map[string]any

// counter makes ids of messages.
var counter atomic.Int64

// notification wraps a CADF event as oslo.messaging does, with the envelope of messagingv2.
func notification(publisher, eventType string, at time.Time, event object) []byte {
	id := fmt.Sprintf("%08x-0000-4000-8000-%012x", time.Now().UnixNano()&0xffffffff, counter.Add(1))
	event["typeURI"], event["eventType"], event["id"] = "http://schemas.dmtf.org/cloud/audit/1.0/event", "activity", "event-"+id
	event["eventTime"] = at.UTC().Format("2006-01-02T15:04:05.000000-0700")
	message := object{
		"message_id": id, "publisher_id": publisher, "event_type": eventType, "priority": "INFO",
		"payload": event, "timestamp": at.UTC().Format("2006-01-02 15:04:05.000000"),
	}
	inner, err := json.Marshal(message)
	if err != nil {
		panic(err)
	}
	outer, err := json.Marshal(object{"oslo.version": "2.0", "oslo.message": string(inner)})
	if err != nil {
		panic(err)
	}
	return outer
}

// actor is who did something, and from where.
type actor struct {
	id, name, address string
}

func (a actor) initiator() object {
	i := object{
		"id": a.id, "user_id": a.id, "username": a.name, "typeURI": "service/security/account/user",
		"host": object{"address": a.address, "agent": "python-keystoneclient"},
	}
	return i
}

const identity = "identity.controller-1"

// login is an authentication at Keystone. Without a reason, a failure is a wrong password.
func login(at time.Time, a actor, outcome string) []byte {
	return notification(identity, "identity.authenticate", at, object{
		"action": "authenticate", "outcome": outcome, "initiator": a.initiator(),
		"observer": object{"id": "k", "typeURI": "service/security"},
		"target":   object{"id": "t", "typeURI": "service/security/account/user"},
	})
}

// unknownLogin is that of a user who does not exist, in a domain that was typed.
func unknownLogin(at time.Time, name, domain, address string) []byte {
	return notification(identity, "identity.authenticate", at, object{
		"action": "authenticate", "outcome": "failure",
		"initiator": object{
			"id": "4a2d26a1-b9cd-5750-a579-8c25bf48a235", "typeURI": "service/security/account/user",
			"host": object{"address": address, "agent": "curl/7.88.1"}, "user_name": name, "domain_id": strings.ToLower(domain),
			"domain_name": domain,
		},
		"observer": object{"id": "k", "typeURI": "service/security"},
		"target":   object{"id": "t", "typeURI": "service/security/account/user"},
		"reason":   object{"reasonType": "Could not find user: " + name + ".", "reasonCode": "404"},
	})
}

// change is what Keystone notifies of a resource: kind user, project, …, operation created, updated, deleted.
func change(at time.Time, a actor, kind, operation, id string) []byte {
	return notification(identity, "identity."+kind+"."+operation, at, object{
		"action": operation + "." + kind, "outcome": "success", "initiator": a.initiator(), "resource_info": id,
		"observer": object{"id": "k", "typeURI": "service/security"},
		"target":   object{"id": id, "typeURI": "data/security/" + kind},
	})
}

// assignment grants a role to a user on a project.
func assignment(at time.Time, a actor, role, user, project string) []byte {
	return notification(identity, "identity.role_assignment.created", at, object{
		"action": "created.role_assignment", "outcome": "success", "initiator": a.initiator(),
		"observer": object{"id": "k", "typeURI": "service/security"},
		"target":   object{"id": "t", "typeURI": "service/security/account/user"},
		"role":     role, "user": user, "project": project, "inherited_to_projects": false,
	})
}

// request is one half of a pair that keystonemiddleware notifies; status 0 is the first.
func request(at time.Time, a actor, publisher, action, path string, status int, took time.Duration) []byte {
	event := object{
		"action": action, "outcome": "pending", "initiator": a.initiator(), "requestPath": path,
		"observer": object{"id": "target"},
		"target":   object{"id": "nova", "typeURI": "service/compute/servers", "name": "nova"},
	}
	eventType := "audit.http.request"
	if status != 0 {
		eventType = "audit.http.response"
		event["outcome"] = "success"
		if status >= 400 {
			event["outcome"] = "failure"
		}
		event["reason"] = object{"reasonType": "HTTP", "reasonCode": fmt.Sprint(status)}
		event["reporterchain"] = []object{{
			"role": "modifier", "reporter": object{"id": "target"},
			"reporterTime": at.Add(took).UTC().Format("2006-01-02T15:04:05.000000-0700"),
		}}
	}
	return notification(publisher, eventType, at, event)
}

// broker makes a virtual host for the test, and gives the environment that points a configuration there.
func broker(t testing.TB) (url string, environment []string) {
	t.Helper()
	require.NoError(t, node.AddVirtualHost(t.Context(), virtualHost(t)))
	return brokerURL(t), brokerEnvironment(t, brokerURL(t))
}

// brokerEnvironment points a configuration to a virtual host.
func brokerEnvironment(t testing.TB, url string) []string {
	t.Helper()
	// The exchange exists before the receiver binds its queue, so that it takes all from the first message on.
	send(t, url)
	return []string{
		"AUDIT_TRANSPORT_URL=" + collectortest.TransportURL(url),
		"AUDIT_STATE=" + t.TempDir(), // also of a collector that is started again
		"AUDIT_KEYSTONE_URL=",        // where a test wants names, it adds another
	}
}

// brokerURL is that of the test's virtual host.
func brokerURL(t testing.TB) string {
	return node.UserURL("guest", "guest", virtualHost(t))
}

func virtualHost(t testing.TB) string {
	return strings.ToLower(strings.NewReplacer("/", "-", "_", "-").Replace(t.Name()))
}

// publisher connects as Keystone does.
func publisher(t testing.TB, url string) *rabbitmqtest.Publisher {
	t.Helper()
	p, err := rabbitmqtest.NewPublisher(url, "keystone", false)
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Close() }) // the broker may be gone
	return p
}

// send publishes notifications.
func send(t testing.TB, url string, bodies ...[]byte) {
	t.Helper()
	collectortest.Publish(t, url, "keystone", bodies...)
}
