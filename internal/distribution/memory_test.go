package distribution

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo/oslotest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

const memoryConfig = `
receivers:
  openstack_audit:
    %s
exporters:
  otlp_http:
    endpoint: %s
    tls: {insecure: true}
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    logs: {receivers: [openstack_audit], exporters: [otlp_http]}
`

// What is published: hostile messages among good ones.
const (
	goodMessages    = 2000
	hostileMessages = 200
	memoryMax       = 512 // MiB
)

// A collector with the defaults stays below 512 MiB while hostile messages come among good ones, each of which arrives; so does what
// identifies the hostile ones.
func TestHostileMessagesLeaveMemory(t *testing.T) {
	hostile := hostileBodies(t)
	t.Run("rabbitmq", func(t *testing.T) {
		node := rabbitmqtest.Start(t, rabbitmqtest.Options{})
		c := startCollector(t, fmt.Sprintf(`rabbitmq: {transport_url: "rabbit://guest:guest@%s//", exchanges: [keystone], rebind_interval: 1s}`,
			node.Address()))
		c.waitUntilBound(t, node.URL())
		c.publish(t, node.URL(), hostile)
		c.check(t)
	})
	t.Run("listen", func(t *testing.T) {
		address := collectortest.FreeAddress(t)
		c := startCollector(t, fmt.Sprintf(`listen: {endpoint: %q, auth: {username: keystone, password: secret}}`, address))
		c.publish(t, "amqp://keystone:secret@"+address+"/", hostile)
		c.check(t)
	})
}

// hostileBodies make a message of an id: as large as RabbitMQ 4 takes, or small and a thousand times as large once inflated.
func hostileBodies(t *testing.T) []func(id string) []byte {
	t.Helper()
	const large = 15 << 20
	var bodies []func(string) []byte
	for i, j := range oslotest.Junks() {
		junk := j.Member(large)
		if i%3 == 0 {
			bodies = append(bodies, func(id string) []byte { return []byte(oslotest.Message(id, "event", 0, junk)) })
			continue
		}
		packed := zipped(t, junk)
		bodies = append(bodies, func(id string) []byte {
			begin, end, _ := strings.Cut(oslotest.Message(id, "message", 0, "JUNK"), "JUNK")
			return slices.Concat(zipped(t, begin), packed, zipped(t, end)) // members of one gzip file
		})
	}
	return bodies
}

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	assert.NoError(t, err)
	assert.NoError(t, w.Close())
	return b.Bytes()
}

// measured is a collector whose records arrive at a backend.
type measured struct {
	*collectortest.Collector
	backend *collectortest.Backend
}

func startCollector(t *testing.T, section string) *measured {
	t.Helper()
	c := &measured{backend: collectortest.NewBackend(t, "/v1/logs")}
	path := filepath.Join(t.TempDir(), "audit.yaml")
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, memoryConfig, section, c.backend.URL), 0o600))
	c.Collector = collectortest.Run(t, collectortest.Options{Config: path, Environment: []string{"GOMEMLIMIT=", "GOGC="}})
	c.AwaitReady(t)
	return c
}

// waitUntilBound publishes until something arrives.
func (c *measured) waitUntilBound(t *testing.T, url string) {
	t.Helper()
	connection, err := amqp.Dial(url)
	require.NoError(t, err)
	defer connection.Close()
	channel, err := connection.Channel()
	require.NoError(t, err)
	require.NoError(t, channel.ExchangeDeclare("keystone", "topic", true, false, false, false, nil))
	require.Eventually(t, func() bool {
		first := oslotest.Enveloped(oslotest.Message("good-0", "", 0, ""))
		if err := channel.Publish("keystone", "notifications.info", false, false, amqp.Publishing{Body: []byte(first)}); err != nil {
			return false
		}
		return c.backend.Count() > 0
	}, collectortest.Patience, 500*time.Millisecond, "nothing arrives")
}

// publish publishes over several connections, as services do, each message once the former was confirmed.
func (*measured) publish(t *testing.T, url string, hostile []func(string) []byte) {
	t.Helper()
	const connections = 4
	group, ctx := errgroup.WithContext(t.Context())
	for part := range connections {
		group.Go(func() error {
			connection, err := amqp.Dial(url)
			if err != nil {
				return err
			}
			defer connection.Close()
			channel, err := connection.Channel()
			if err != nil {
				return err
			}
			if err := channel.Confirm(false); err != nil {
				return err
			}
			for i := part; i < goodMessages; i += connections {
				bodies := [][]byte{[]byte(oslotest.Enveloped(oslotest.Message(fmt.Sprintf("good-%d", i), "", 0, "")))}
				if n := goodMessages / hostileMessages; i/connections%n == 0 {
					at := i / connections / n * connections
					bodies = append(bodies, hostile[(at+part)%len(hostile)](fmt.Sprintf("hostile-%d", at+part)))
				}
				for _, body := range bodies {
					confirmation, err := channel.PublishWithDeferredConfirmWithContext(ctx, "keystone", "notifications.info", false, false,
						amqp.Publishing{DeliveryMode: amqp.Persistent, Body: body})
					if err != nil {
						return err
					}
					if _, err := confirmation.WaitContext(ctx); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
}

func (c *measured) check(t *testing.T) {
	t.Helper()
	c.Eventually(t, func() bool { return len(c.backend.Sentences()) == goodMessages+hostileMessages }, "not all messages arrive")
	for uid, sentences := range c.backend.Sentences() {
		require.Equal(t, "alice created user bob in project p1 from 192.0.2.7: success", sentences[0], uid)
	}
	peak := c.PeakMemory()
	require.NotZero(t, peak, "the collector has ended")
	t.Logf("the peak was %d MiB", peak>>10)
	assert.Less(t, peak>>10, int64(memoryMax))
	c.Stop(t)
}
