package shipped

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// source brings notifications to a collector. send returns when whoever sends them need not send them again.
type source struct {
	environment []string
	send        func(t *testing.T, c *collector, ids []string, size int)
	// rejected are the ids in the broker's dead-letter queue; nil where there is no broker.
	rejected func(t *testing.T) map[string]bool
}

// message is a notification as it stands in a log line and in the envelope; size bytes of it are of no meaning.
func message(id string, size int) string {
	return fmt.Sprintf(`{"message_id": %q, "publisher_id": "identity.ctl01", "event_type": "identity.user.deleted", "priority": "INFO", `+
		`"payload": {"typeURI": "http://schemas.dmtf.org/cloud/audit/1.0/event", "eventType": "activity", "id": "e-%s", `+
		`"eventTime": "2026-11-20T23:21:25.868196+0000", "action": "deleted.user", "outcome": "success", `+
		`"initiator": {"id": "c9f76d3c31e142af9291de2935bde98a", "typeURI": "service/security/account/user"}, `+
		`"observer": {"id": "d8aff8f9", "typeURI": "service/security"}, "target": {"id": "702b12ec", "typeURI": "data/security/account/user"}, `+
		`"resource_info": "702b12ec", "padding": [%s]}, "timestamp": "2026-11-20 23:21:25.898782"}`, id, id, padding(id, size))
}

// padding is a list of strings that do not compress away, of which the record keeps up to 32 of up to 2 KiB.
func padding(id string, size int) string {
	var list []string
	for n := 0; size > 0; n++ {
		var text strings.Builder
		for i := 0; text.Len() < 2000; i++ {
			fmt.Fprintf(&text, "%x", hash(fmt.Sprint(id, n, i)))
		}
		list = append(list, fmt.Sprintf("%q", text.String()[:2000]))
		size -= 2000
	}
	return strings.Join(list, ",")
}

func envelope(id string, size int) []byte {
	return fmt.Appendf(nil, `{"oslo.version": "2.0", "oslo.message": %q}`, message(id, size))
}

func line(id string, size int) string {
	return "2026-11-20 23:21:25.898 9349 INFO oslo.messaging.notification.identity.user.deleted [-] " + message(id, size)
}

func rabbitmq(t *testing.T) source {
	t.Helper()
	host := strings.ToLower(strings.NewReplacer("/", "-", " ", "-", ",", "").Replace(t.Name()))
	require.NoError(t, node.AddVirtualHost(t.Context(), host))
	url := node.UserURL("guest", "guest", host)
	publish := func(t *testing.T, _ *collector, ids []string, size int) {
		t.Helper()
		publisher, err := rabbitmqtest.NewPublisher(url, "keystone", true)
		require.NoError(t, err)
		require.NoError(t, publisher.Publish(t.Context(), "notifications.info")) // makes the exchange, as a service does
		for from := 0; from < len(ids); from += 500 {
			var bodies [][]byte
			for _, id := range ids[from:min(from+500, len(ids))] {
				bodies = append(bodies, envelope(id, size))
			}
			require.NoError(t, publisher.Publish(t.Context(), "notifications.info", bodies...))
		}
		require.NoError(t, publisher.Close())
	}
	publish(t, nil, nil, 0)
	return source{[]string{"AUDIT_TRANSPORT_URL=" + collectortest.TransportURL(url)}, publish, deadLetters(t, url)}
}

// deadLetters takes what is in the dead-letter queue, and remembers it.
func deadLetters(t *testing.T, url string) func(*testing.T) map[string]bool {
	t.Helper()
	connection, err := amqp.Dial(url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	ids := map[string]bool{}
	return func(t *testing.T) map[string]bool {
		t.Helper()
		channel, err := connection.Channel()
		require.NoError(t, err)
		defer func() { _ = channel.Close() }()
		for {
			letter, found, err := channel.Get("otelcol-openstack-audit.rejected", true)
			require.NoError(t, err)
			if !found {
				return ids
			}
			ids[idOf(t, letter.Body)] = true
		}
	}
}

func idOf(t *testing.T, body []byte) string {
	t.Helper()
	var envelope struct {
		Message string `json:"oslo.message"`
	}
	var inner struct {
		ID string `json:"message_id"`
	}
	require.NoError(t, json.Unmarshal(body, &envelope))
	require.NoError(t, json.Unmarshal([]byte(envelope.Message), &inner))
	return inner.ID
}

func listen(t *testing.T) source {
	t.Helper()
	addresses := collectortest.FreeAddresses(t, 2)
	environment := []string{"AUDIT_LISTEN_ENDPOINT=" + addresses[0], "AUDIT_NAMES_ENDPOINT=" + addresses[1], "AUDIT_LISTEN_PASSWORD=secret"}
	return source{environment: environment, send: func(t *testing.T, c *collector, ids []string, size int) {
		t.Helper()
		publisher, err := rabbitmqtest.NewPublisher("amqp://keystone:secret@"+addresses[0]+"/", "keystone", false)
		require.NoError(t, err, "%s", &c.Log)
		for _, id := range ids {
			require.NoError(t, publisher.Publish(t.Context(), "notifications.info", envelope(id, size)))
		}
		require.NoError(t, publisher.Close())
	}}
}

func kafka(t *testing.T) source {
	t.Helper()
	broker, produce := collectortest.Kafka(t)
	return source{environment: []string{"AUDIT_KAFKA_BROKER=" + broker}, send: func(t *testing.T, _ *collector, ids []string, size int) {
		t.Helper()
		for _, id := range ids {
			require.NoError(t, produce(envelope(id, size)))
		}
	}}
}

func journald(t *testing.T) source {
	t.Helper()
	journal := collectortest.Journal{Folder: t.TempDir()}
	journal.Write(t, "keystone.service")
	return source{environment: []string{"AUDIT_JOURNAL=" + journal.Folder}, send: func(t *testing.T, _ *collector, ids []string, size int) {
		t.Helper()
		messages := make([]string, len(ids))
		for i, id := range ids {
			messages[i] = line(id, size)
		}
		journal.Write(t, "keystone.service", messages...)
	}}
}

func kubernetes(t *testing.T) source {
	t.Helper()
	folder := t.TempDir()
	pod := filepath.Join(folder, "openstack_keystone-api-0_c2f1b0de-52cc-4a4f-9f62-1f3d0d1b1b5c", "keystone-api")
	environment := []string{"AUDIT_POD_LOGS=" + filepath.Join(folder, "openstack_*", "*", "*.log")}
	return source{environment: environment, send: lines(filepath.Join(pod, "0.log"), "2026-11-20T23:21:25.898782000Z stdout F ")}
}

func logfile(t *testing.T) source {
	t.Helper()
	folder := t.TempDir()
	return source{
		environment: []string{"AUDIT_LOG_FILES=" + filepath.Join(folder, "*.log")}, send: lines(filepath.Join(folder, "keystone.log"), ""),
	}
}

// spool is that of a Keystone in Rust, which signs with the key that the configuration has by default.
func spool(t *testing.T) source {
	t.Helper()
	const node = "ctl01"
	key, err := hkdf.Expand(sha256.New, make([]byte, 32), "keystone-audit-hmac-v1:"+node, sha256.Size)
	require.NoError(t, err)
	folder, seq := t.TempDir(), 0
	path := filepath.Join(folder, "audit-spool-"+node+".jsonl")
	return source{environment: []string{"AUDIT_SPOOL_FILES=" + path + "*"}, send: func(t *testing.T, _ *collector, ids []string, size int) {
		t.Helper()
		var text strings.Builder
		for _, id := range ids {
			event := map[string]any{
				"id": id, "seq": seq, "boot_session_id": "s", "hmac_key_version": 1, "version": "1.1", "domain": "default",
				"correlation_id": "req-1", "event_time": "2026-11-20T23:21:25.898782+00:00", "action": "delete", "outcome": "success",
				"outcome_reason": nil, "initiator": map[string]any{"id": "unknown", "project_id": nil, "domain_id": nil},
				"target":   map[string]any{"id": strings.Repeat("x", size), "type_uri": "data/security/identity/user"},
				"observer": map[string]any{"node_id": node, "id": "service/security/keystone/" + node},
			}
			seq++
			canonical, err := json.Marshal(event) // sorted, and all of it ASCII
			require.NoError(t, err)
			mac := hmac.New(sha256.New, key)
			mac.Write(canonical)
			event["signature"] = hex.EncodeToString(mac.Sum(nil))
			require.NoError(t, json.NewEncoder(&text).Encode(event))
		}
		require.NoError(t, collectortest.Append(path, text.String()))
	}}
}

// lines appends to a log file.
func lines(path, prefix string) func(t *testing.T, c *collector, ids []string, size int) {
	return func(t *testing.T, _ *collector, ids []string, size int) {
		t.Helper()
		var text strings.Builder
		for _, id := range ids {
			fmt.Fprintln(&text, prefix+line(id, size))
		}
		require.NoError(t, collectortest.Append(path, text.String()))
	}
}

// gateway's agent sends a batch until it is taken.
func gateway(t *testing.T) source {
	t.Helper()
	addresses := collectortest.FreeAddresses(t, 2)
	environment := collectortest.GatewayEnvironment(t, addresses[0], addresses[1])
	return source{environment: environment, send: func(t *testing.T, c *collector, ids []string, size int) {
		t.Helper()
		for from := 0; from < len(ids); from += 50 {
			logs := plog.NewLogs()
			records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
			for _, id := range ids[from:min(from+50, len(ids))] {
				records.AppendEmpty().Body().SetStr(line(id, size))
			}
			c.Eventually(t, func() bool {
				status, err := collectortest.PostLogs(t.Context(), "http://"+addresses[0], collectortest.GatewayToken, logs)
				return err == nil && status == http.StatusOK
			}, "it does not take the agent's records")
		}
	}}
}
