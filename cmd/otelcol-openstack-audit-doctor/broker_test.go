package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

const password = "s3cret-of-the-broker"

// enough is what the receiver needs.
var enough = rabbitmqtest.Permissions{
	Configure: `^audit(\.rejected)?$`, Write: `^(audit|amq\.default)$`, Read: `^(audit|keystone|nova)$`,
}

// put changes the broker by its management API, which is faster than rabbitmqctl.
func put(t *testing.T, body any, path ...string) {
	t.Helper()
	text, err := json.Marshal(body)
	require.NoError(t, err)
	address, err := url.JoinPath(newBroker(t).management, append([]string{"api"}, path...)...)
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, address, bytes.NewReader(text))
	require.NoError(t, err)
	request.SetBasicAuth("guest", "guest")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Less(t, response.StatusCode, 300, path)
}

// virtualHost makes a virtual host, with exchange keystone, that user "user-<host>" has permissions in.
func virtualHost(t *testing.T, permissions rabbitmqtest.Permissions) (name string, channel *amqp.Channel) {
	t.Helper()
	type object = map[string]any
	name = strings.ReplaceAll(t.Name(), "/", "-")
	put(t, object{}, "vhosts", name)
	put(t, object{"configure": ".*", "write": ".*", "read": ".*"}, "permissions", name, "guest")
	put(t, object{"password": password, "tags": "monitoring"}, "users", "user-"+name)
	put(t, object{"configure": permissions.Configure, "write": permissions.Write, "read": permissions.Read}, "permissions", name, "user-"+name)
	connection, err := amqp.Dial(newBroker(t).UserURL("guest", "guest", name))
	require.NoError(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	channel, err = connection.Channel()
	require.NoError(t, err)
	require.NoError(t, channel.ExchangeDeclare("keystone", "topic", false, false, false, false, nil))
	return name, channel
}

// receiver is a configuration with this receiver alone.
func receiver(transportURL, more string) string {
	return fmt.Sprintf(`
receivers:
  openstack_audit:
    rabbitmq:
      transport_url: %s
      %s
exporters: {debug: }
service: {pipelines: {logs: {receivers: [openstack_audit], exporters: [debug]}}}
`, transportURL, indent(more, 6))
}

const queueAudit = "exchanges: [keystone, nova]\nqueue: {name: audit}"

func transportURL(t *testing.T, virtualHost string) string {
	t.Helper()
	return "rabbit://user-" + url.PathEscape(virtualHost) + ":" + password + "@" + newBroker(t).Address() + "/" + virtualHost
}

func withManagement(t *testing.T) func(*options) {
	t.Helper()
	return func(o *options) { o.management = newBroker(t).management }
}

// objects lists the queues, exchanges and bindings of a virtual host.
func objects(t *testing.T, virtualHost string) string {
	t.Helper()
	api := &managementAPI{base: newBroker(t).management, user: "guest", password: "guest", client: http.DefaultClient}
	var definitions map[string]any
	require.NoError(t, api.get(t.Context(), &definitions, "definitions", virtualHost))
	return fmt.Sprint(definitions["queues"], definitions["exchanges"], definitions["bindings"])
}

func requireQueue(t *testing.T, channel *amqp.Channel, name string, messages int) {
	t.Helper()
	require.Eventually(t, func() bool {
		state, err := channel.QueueDeclarePassive(name, true, false, false, false, nil)
		return err == nil && state.Messages == messages && state.Consumers == 0
	}, collectortest.Patience, time.Millisecond)
}

func TestBrokerBeforeTheFirstStart(t *testing.T) {
	t.Parallel()
	host, channel := virtualHost(t, enough)
	_, err := channel.QueueDeclare("notifications.info", true, false, false, false, nil)
	require.NoError(t, err)
	before := objects(t, host)
	r := check(t, receiver(transportURL(t, host), queueAudit), withManagement(t))
	require.Equal(t, []string{"broker.exchanges warning", "broker.publishers warning"}, r.problems())
	requireFinding(t, r.one(t, "broker.exchanges"), statusWarning,
		"exist: keystone", "do not exist yet: nova", "[oslo_messaging_notifications]")
	requireFinding(t, r.one(t, "broker.queue"), statusOK, "Queue audit does not exist yet", "quorum", "1000000 messages")
	requireFinding(t, r.one(t, "broker.login"), statusOK, "RabbitMQ ")
	require.Equal(t, before, objects(t, host), "nothing is left behind")
}

// With a permission taken away the doctor names it, whether the queue exists or not.
func TestBrokerPermissionByPermission(t *testing.T) {
	t.Parallel()
	type permissions = rabbitmqtest.Permissions
	for _, test := range []struct {
		name        string
		permissions permissions
		// missing and exists are what the doctor finds before and after the queues exist.
		missing, exists []string
	}{
		{"none", permissions{Configure: "^$", Write: "^$", Read: "^$"},
			[]string{"broker.read_queue failure", "broker.declare_queue failure", "broker.declare_queue failure", "broker.write_queue failure",
				"broker.bind not_checked"},
			[]string{"broker.read_queue failure", "broker.declare_queue warning", "broker.declare_queue warning", "broker.write_queue failure",
				"broker.bind not_checked"}},
		{"configure on the dead-letter queue",
			permissions{Configure: "^audit$", Write: enough.Write, Read: `^(audit(\.rejected)?|keystone|nova)$`},
			[]string{"broker.declare_queue failure"}, []string{"broker.declare_queue warning"}},
		{"write on amq.default", permissions{Configure: enough.Configure, Write: "^audit$", Read: enough.Read},
			[]string{"broker.dead_letters failure"}, []string{}},
		{"write on the queue", permissions{Configure: enough.Configure, Write: `^amq\.default$`, Read: enough.Read},
			[]string{"broker.write_queue failure", "broker.bind not_checked"}, []string{"broker.write_queue failure", "broker.bind not_checked"}},
		{"read on the queue", permissions{Configure: enough.Configure, Write: enough.Write, Read: "^(keystone|nova)$"},
			[]string{"broker.read_queue failure", "broker.dead_letters failure"}, []string{"broker.read_queue failure"}},
		{"read on an exchange", permissions{Configure: enough.Configure, Write: enough.Write, Read: "^(audit|nova)$"},
			[]string{"broker.bind failure"}, []string{"broker.bind failure"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			host, channel := virtualHost(t, test.permissions)
			require.NoError(t, channel.ExchangeDeclare("nova", "topic", false, false, false, false, nil))
			config := receiver(transportURL(t, host), queueAudit)
			before := objects(t, host)
			r := check(t, config)
			require.Equal(t, append(test.missing, "broker.policies not_checked"), told(r))
			require.Equal(t, before, objects(t, host), "nothing is left behind")

			declareQueues(t, channel)
			require.NoError(t, channel.Publish("", "audit", false, false, amqp.Publishing{}))
			requireQueue(t, channel, "audit", 1)
			before = objects(t, host)
			r = check(t, config)
			require.Equal(t, append(test.exists, "broker.policies not_checked"), told(r))
			if f := r.one(t, "broker.queue"); f.Status != statusNotChecked {
				requireFinding(t, f, statusOK, "1 messages wait, 0 consumers")
			}
			require.Equal(t, before, objects(t, host), "nothing is left behind")
			requireQueue(t, channel, "audit", 1)
		})
	}
}

// told are the problems without those that RabbitMQ 4.3 adds: it tells nothing of a queue or an exchange to who has no permission on it.
func told(r *report) []string {
	return slices.DeleteFunc(r.problems(), func(problem string) bool {
		return problem == "broker.queue not_checked" || problem == "broker.exchanges not_checked"
	})
}

// declareQueues does what the receiver does at its start.
func declareQueues(t *testing.T, channel *amqp.Channel) {
	t.Helper()
	arguments := amqp.Table{
		"x-queue-type": "quorum", "x-overflow": "drop-head", "x-max-length": int64(1_000_000), "x-max-length-bytes": int64(4096 << 20),
		"x-delivery-limit": int64(1_000_000),
	}
	_, err := channel.QueueDeclare("audit.rejected", true, false, false, false, arguments)
	require.NoError(t, err)
	arguments["x-dead-letter-exchange"], arguments["x-dead-letter-routing-key"] = "", "audit.rejected"
	arguments["x-single-active-consumer"] = true
	_, err = channel.QueueDeclare("audit", true, false, false, false, arguments)
	require.NoError(t, err)
}

func TestBrokerWithAQueueOfOtherArguments(t *testing.T) {
	t.Parallel()
	host, channel := virtualHost(t, enough)
	declareQueues(t, channel)
	require.NoError(t, channel.QueueBind("audit", "notifications.info", "keystone", false, nil))
	config := receiver(transportURL(t, host), "exchanges: [keystone]\nqueue: {name: audit, max_length: 5, dead_letter: false}")
	r := check(t, config, withManagement(t))
	requireFinding(t, r.one(t, "broker.queue_arguments"), statusWarning, "PRECONDITION_FAILED", "rabbitmqctl delete_queue -p "+host+" audit")
}

func TestBrokerExistingQueue(t *testing.T) {
	t.Parallel()
	host, channel := virtualHost(t, rabbitmqtest.Permissions{Configure: "^$", Write: "^$", Read: `^notifications\.info$`})
	config := receiver(transportURL(t, host), "queue: {name: notifications.info, mode: existing}")
	requireFinding(t, check(t, config, withManagement(t)).one(t, "broker.queue"), statusFailure, "NOT_FOUND - no queue 'notifications.info'")
	_, err := channel.QueueDeclare("notifications.info", true, false, false, false, nil)
	require.NoError(t, err)
	require.NoError(t, channel.Publish("", "notifications.info", false, false, amqp.Publishing{}))
	requireQueue(t, channel, "notifications.info", 1)
	r := check(t, config, withManagement(t))
	require.Equal(t, []string{"broker.unconsumed_queues warning"}, r.problems())
	requireFinding(t, r.one(t, "broker.unconsumed_queues"), statusWarning, "notifications.info (1 messages)", "rabbitmqctl set_policy")
}

func TestBrokerPolicies(t *testing.T) {
	t.Parallel()
	host, channel := virtualHost(t, enough)
	config := receiver(transportURL(t, host), queueAudit)
	policy := func(name, pattern string, priority int, definition string) {
		put(t, map[string]any{"pattern": pattern, "priority": priority, "apply-to": "all", "definition": json.RawMessage(definition)},
			"policies", host, name)
	}
	// What openstack-helm sets.
	policy("ha_ttl", `^(?!(amq\.|reply_)).*`, 0, `{"message-ttl": 70000}`)
	for _, f := range check(t, config, withManagement(t)).all("broker.policies")[:1] { // before the queue exists
		requireFinding(t, f, statusFailure, "Policy ha_ttl", "70000 ms", "--priority 10")
	}
	declareQueues(t, channel)
	policyOfQueue := func() []finding { return check(t, config, withManagement(t)).all("broker.policies") }
	require.Eventually(t, func() bool { return policyOfQueue()[0].Status == statusFailure }, collectortest.Patience, 100*time.Millisecond)
	requireFinding(t, policyOfQueue()[1], statusFailure, "queue audit.rejected")

	policy("otelcol-openstack-audit", "^audit", 10, `{"max-length": 1000000}`) // what the report says to do
	require.Eventually(t, func() bool { return policyOfQueue()[0].Status == statusOK }, collectortest.Patience, 100*time.Millisecond)
	policy("short", "^audit$", 20, `{"expires": 3600000, "max-length": 10, "overflow": "reject-publish"}`)
	require.Eventually(t, func() bool { return len(policyOfQueue()) == 4 }, collectortest.Patience, 100*time.Millisecond)
}

func TestBrokerPublishers(t *testing.T) {
	t.Parallel()
	host, channel := virtualHost(t, enough)
	declareQueues(t, channel)
	require.NoError(t, channel.QueueBind("audit", "notifications.info", "keystone", false, nil))
	require.NoError(t, channel.Publish("keystone", "notifications.info", false, false, amqp.Publishing{}))
	require.Eventually(t, func() bool {
		r := check(t, receiver(transportURL(t, host), "exchanges: [keystone]\nqueue: {name: audit}"), withManagement(t))
		return strings.Contains(r.one(t, "broker.publishers").Text,
			"is bound to the queue. User guest created it, and 1 messages were published to it")
	}, collectortest.Patience, 100*time.Millisecond)
}

func TestBrokerOfSeveralHosts(t *testing.T) {
	t.Parallel()
	host, _ := virtualHost(t, enough)
	away := collectortest.FreeAddress(t)
	user := "user-" + host + ":"
	running := newBroker(t).Address()
	r := check(t, receiver("rabbit://"+user+password+"@"+away+","+user+"wrong@"+running+","+user+password+"@"+running+","+
		user+password+"@no-such-host.invalid/"+host, queueAudit), withManagement(t))
	requireFinding(t, r.all("broker.tcp")[0], statusFailure, away, "connection refused")
	requireFinding(t, r.all("broker.login")[0], statusFailure, "refused the login", "change_password")
	requireFinding(t, r.all("broker.login")[1], statusOK)
	requireFinding(t, r.one(t, "broker.dns"), statusFailure, "no-such-host.invalid")
	requireFinding(t, r.one(t, "broker.bind"), statusOK)
}

func TestBrokerVirtualHost(t *testing.T) {
	t.Parallel()
	host, _ := virtualHost(t, enough)
	r := check(t, receiver(transportURL(t, host)+"-none", queueAudit))
	requireFinding(t, r.one(t, "broker.login"), statusFailure,
		`virtual host "`+host+`-none"`, "rabbitmqctl set_permissions -p "+host+"-none user-"+host)
}

func TestBrokerWithTLS(t *testing.T) {
	t.Parallel()
	_, certificate, key := collectortest.NewCertificate(t, time.Hour)
	address := collectortest.FreeAddress(t)
	secured := rabbitmqtest.Start(t, rabbitmqtest.Options{Config: fmt.Sprintf(
		"listeners.ssl.1 = %s\nssl_options.cacertfile = %s\nssl_options.certfile = %s\nssl_options.keyfile = %s",
		address, certificate, certificate, key)})
	r := check(t, receiver("rabbit://guest:guest@"+address+"/?ssl=1&ssl_ca_file="+certificate, queueAudit))
	requireFinding(t, r.one(t, "broker.certificate"), statusWarning, "Renew the certificate")
	requireFinding(t, r.one(t, "broker.login"), statusOK)
	r = check(t, receiver("rabbit://guest:guest@"+address+"/?ssl=1", queueAudit))
	requireFinding(t, r.one(t, "broker.tls"), statusFailure, "unknown authority", "ca_file")
	r = check(t, receiver("rabbit://guest:guest@"+address+"/", queueAudit))
	requireFinding(t, r.one(t, "broker.login"), statusFailure, "does this port expect TLS?", "ssl=true")
	r = check(t, receiver("rabbit://guest:guest@"+secured.Address()+"/?ssl=1&ssl_ca_file="+certificate, queueAudit))
	requireFinding(t, r.one(t, "broker.tls"), statusFailure, "does not speak TLS")
}
