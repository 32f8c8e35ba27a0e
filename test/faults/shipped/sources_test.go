package shipped

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// source brings notifications to a collector. send returns when whoever sends them need not send them again.
type source struct {
	environment []string
	send        func(t *testing.T, c *collector, ids []string, size int)
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
	publisher, err := rabbitmqtest.NewPublisher(url, "keystone", true) // the exchange exists, as a service made it
	require.NoError(t, err)
	require.NoError(t, publisher.Publish(t.Context(), "notifications.info"))
	require.NoError(t, publisher.Close())
	return source{[]string{"AUDIT_TRANSPORT_URL=" + strings.Replace(url, "amqp://", "rabbit://", 1)}, publish}
}

func listen(t *testing.T) source {
	t.Helper()
	addresses := collectortest.FreeAddresses(t, 2)
	environment := []string{"AUDIT_LISTEN_ENDPOINT=" + addresses[0], "AUDIT_NAMES_ENDPOINT=" + addresses[1], "AUDIT_LISTEN_PASSWORD=secret"}
	return source{environment, func(t *testing.T, c *collector, ids []string, size int) {
		t.Helper()
		publisher, err := rabbitmqtest.NewPublisher("amqp://keystone:secret@"+addresses[0]+"/", "keystone", false)
		require.NoError(t, err, "%s", &c.Log)
		for _, id := range ids {
			require.NoError(t, publisher.Publish(t.Context(), "notifications.info", envelope(id, size)))
		}
		require.NoError(t, publisher.Close())
	}}
}

// kafka's broker is franz-go's, in this process.
func kafka(t *testing.T) source {
	t.Helper()
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "notifications.info", "notifications.warn",
		"notifications.error", "notifications.critical", "notifications.audit"))
	require.NoError(t, err)
	t.Cleanup(broker.Close)
	producer, err := kgo.NewClient(kgo.SeedBrokers(broker.ListenAddrs()...))
	require.NoError(t, err)
	t.Cleanup(producer.Close)
	return source{[]string{"AUDIT_KAFKA_BROKER=" + broker.ListenAddrs()[0]}, func(t *testing.T, _ *collector, ids []string, size int) {
		t.Helper()
		for _, id := range ids {
			record := &kgo.Record{Topic: "notifications.info", Value: envelope(id, size)}
			require.NoError(t, producer.ProduceSync(t.Context(), record).FirstErr())
		}
	}}
}

func journald(t *testing.T) source {
	t.Helper()
	folder, at := t.TempDir(), 1795216984177204
	write := func(t *testing.T, _ *collector, ids []string, size int) {
		t.Helper()
		var export bytes.Buffer
		for _, id := range ids {
			at += 1000 // a cursor of journalctl goes by the time, too
			fmt.Fprintf(&export, "__REALTIME_TIMESTAMP=%d\n_HOSTNAME=ctl01\nPRIORITY=6\n_SYSTEMD_UNIT=keystone.service\nSYSLOG_IDENTIFIER=keystone\nMESSAGE=%s\n\n", at, line(id, size))
		}
		command := exec.CommandContext(t.Context(), "/usr/lib/systemd/systemd-journal-remote", "-o", filepath.Join(folder, "system.journal"), "-")
		command.Stdin = &export
		output, err := command.CombinedOutput()
		require.NoError(t, err, "%s", output)
	}
	write(t, nil, nil, 0)
	return source{[]string{"AUDIT_JOURNAL=" + folder}, write}
}

func kubernetes(t *testing.T) source {
	t.Helper()
	folder := t.TempDir()
	pod := filepath.Join(folder, "openstack_keystone-api-0_c2f1b0de-52cc-4a4f-9f62-1f3d0d1b1b5c", "keystone-api")
	require.NoError(t, os.MkdirAll(pod, 0o750))
	environment := []string{"AUDIT_POD_LOGS=" + filepath.Join(folder, "openstack_*", "*", "*.log")}
	return source{environment, lines(filepath.Join(pod, "0.log"), "2026-11-20T23:21:25.898782000Z stdout F ")}
}

func logfile(t *testing.T) source {
	t.Helper()
	folder := t.TempDir()
	return source{[]string{"AUDIT_LOG_FILES=" + filepath.Join(folder, "*.log")}, lines(filepath.Join(folder, "keystone.log"), "")}
}

// lines appends to a log file.
func lines(path, prefix string) func(t *testing.T, c *collector, ids []string, size int) {
	return func(t *testing.T, _ *collector, ids []string, size int) {
		t.Helper()
		file, err := os.OpenFile(filepath.Clean(path), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		require.NoError(t, err)
		for _, id := range ids {
			_, err = fmt.Fprintln(file, prefix+line(id, size))
			require.NoError(t, err)
		}
		require.NoError(t, file.Close())
	}
}

// gateway's agent sends a batch until it is taken.
func gateway(t *testing.T) source {
	t.Helper()
	addresses := collectortest.FreeAddresses(t, 2)
	environment := collectortest.GatewayEnvironment(t, addresses[0], addresses[1])
	return source{environment, func(t *testing.T, c *collector, ids []string, size int) {
		t.Helper()
		for from := 0; from < len(ids); from += 50 {
			logs := plog.NewLogs()
			records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
			for _, id := range ids[from:min(from+50, len(ids))] {
				records.AppendEmpty().Body().SetStr(line(id, size))
			}
			require.Eventually(t, func() bool {
				status, err := collectortest.PostLogs(t.Context(), "http://"+addresses[0], collectortest.GatewayToken, logs)
				return err == nil && status == http.StatusOK
			}, patience, poll, "%s", &c.Log)
		}
	}}
}
