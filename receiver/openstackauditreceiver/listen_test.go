package openstackauditreceiver

import (
	"bytes"
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/amqpserver"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/receiver/openstackauditreceiver/internal/metadatatest"
)

// listening is the default but for the credentials, the waits and a free port.
func listening(t *testing.T, change func(*Config, *ListenConfig)) (config *Config, url string) {
	t.Helper()
	address := collectortest.FreeAddress(t)
	config = createDefaultConfig().(*Config)
	section := config.Listen.GetOrInsertDefault()
	section.Endpoint, section.Auth.Username, section.Auth.Password = address, "keystone", "hidden"
	config.RetryOnFailure.InitialInterval = 2 * time.Millisecond
	config.RetryOnFailure.MaxInterval = 20 * time.Millisecond
	if change != nil {
		change(config, section)
	}
	require.NoError(t, confmap.Validate(config))
	return config, "amqp://keystone:hidden@" + address + "/"
}

// publishing is a service that publishes one by one over a connection of its own, again and again until it is confirmed.
type publishing struct {
	t          testing.TB
	url        string
	connection *amqp.Connection
	channel    *amqp.Channel
}

func newPublishing(t testing.TB, url string) *publishing {
	t.Helper()
	p := &publishing{t: t, url: url}
	t.Cleanup(func() {
		if p.connection != nil {
			_ = p.connection.Close()
		}
	})
	return p
}

func (p *publishing) connect() error {
	if p.connection != nil && !p.connection.IsClosed() {
		return nil
	}
	var err error
	if p.connection, err = amqp.Dial(p.url); err != nil {
		return err
	}
	if p.channel, err = p.connection.Channel(); err != nil {
		return err
	}
	return p.channel.Confirm(false)
}

// try publishes once and says whether that was confirmed.
func (p *publishing) try(ctx context.Context, body []byte) bool {
	if p.connect() != nil {
		return false
	}
	confirmation, err := p.channel.PublishWithDeferredConfirm("keystone", "notifications.info", false, false, amqp.Publishing{Body: body})
	if err != nil {
		return false
	}
	confirmed, err := confirmation.WaitContext(ctx)
	return err == nil && confirmed
}

func (p *publishing) publish(body []byte) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), soon)
	defer cancel()
	require.Eventually(p.t, func() bool { return p.try(ctx, body) }, soon, often)
}

// TestListen is not parallel to others, one of which might listen on its port afterwards.
func TestListen(t *testing.T) {
	config, url := listening(t, nil)
	next := &backend{}
	r := start(t, config, next)
	p := newPublishing(t, url)
	p.publish(notification("one"))
	assert.Equal(t, 1, next.times("one"), "confirmed after the pipeline took it")
	p.publish([]byte("{torn"))
	assert.Len(t, next.allCalls(), 2, "a raw record")
	r.eventuallySettled(map[string]int64{"acknowledged": 2})
	assert.Equal(t, map[string]int64{"cadf": 1, "raw": 1}, r.counts("notifications", "kind"))
	assert.Equal(t, int64(1), r.gauge("listen_connections"))
	assert.Equal(t, int64(0), r.gauge("listen_in_flight_bytes"))
	r.shutdown()
	assert.Error(t, newPublishing(t, url).connect(), "nobody listens")
}

// TestListenGroupCommit: many services that publish one by one make few calls of the pipeline.
func TestListenGroupCommit(t *testing.T) {
	t.Parallel()
	const services, each = 8, 20
	config, url := listening(t, nil)
	release := make(chan struct{})
	next := &backend{decide: func(_ context.Context, ids []string) error {
		if ids[0] == "first" {
			<-release
		}
		return nil
	}}
	r := start(t, config, next)
	var work sync.WaitGroup
	work.Go(func() { newPublishing(t, url).publish(notification("first")) })
	require.Eventually(t, func() bool { return len(next.allCalls()) == 1 }, soon, often)
	waiting := r.gauge("listen_in_flight_bytes")
	for i := range services {
		work.Go(func() {
			p := newPublishing(t, url)
			for j := range each {
				p.publish(notification(fmt.Sprintf("%d-%d", i, j)))
			}
		})
	}
	require.Eventually(t, func() bool { return r.gauge("listen_in_flight_bytes") > services*waiting }, soon, often)
	close(release)
	work.Wait()
	assert.GreaterOrEqual(t, len(next.allCalls()[1]), services/2, "what had come while the first was delivered; the last may be on its way")
	for i := range services {
		for j := range each {
			assert.Equal(t, 1, next.times(fmt.Sprintf("%d-%d", i, j)))
		}
	}
}

// TestListenOrder: what a service publishes without waiting arrives in its order, whatever others publish meanwhile.
func TestListenOrder(t *testing.T) {
	t.Parallel()
	const services, each = 6, 100
	config, url := listening(t, nil)
	next := &backend{}
	start(t, config, next)
	var work sync.WaitGroup
	for i := range services {
		p := newPublishing(t, url)
		require.NoError(t, p.connect())
		_, bodies := notifications(fmt.Sprint(i), each)
		work.Go(func() {
			var confirmations []*amqp.DeferredConfirmation
			for _, body := range bodies {
				confirmation, err := p.channel.PublishWithDeferredConfirm("keystone", "notifications.info", false, false, amqp.Publishing{Body: body})
				if assert.NoError(t, err) {
					confirmations = append(confirmations, confirmation)
				}
			}
			for _, confirmation := range confirmations {
				assert.True(t, confirmation.Wait())
			}
		})
	}
	work.Wait()
	arrived := slices.Concat(next.allCalls()...)
	for i := range services {
		ids, _ := notifications(fmt.Sprint(i), each)
		assert.Equal(t, ids, slices.DeleteFunc(slices.Clone(arrived), func(id string) bool { return !slices.Contains(ids, id) }))
	}
}

// TestListenHold: what the pipeline refuses temporarily is held, given back after max_hold, and one record however often it was sent again.
func TestListenHold(t *testing.T) {
	t.Parallel()
	// What is accepted while its service has to send it again is two records: the hold is long against a try and a handshake.
	config, url := listening(t, func(_ *Config, section *ListenConfig) { section.MaxHold = 5 * time.Second })
	var open atomic.Bool
	next := &backend{decide: func(context.Context, []string) error {
		if open.Load() {
			return nil
		}
		return errTemporary
	}}
	r := start(t, config, next)
	done := make(chan struct{})
	go func() {
		defer close(done)
		newPublishing(t, url).publish(notification("held"))
	}()
	require.Eventually(t, func() bool { return r.counts("listen_messages_resent", "")[""] >= 2 }, soon, often)
	assert.Zero(t, next.times("held"))
	open.Store(true)
	<-done
	assert.Equal(t, 1, next.times("held"))
	r.shutdown() // a connection that was closed is counted when it has ended
	assert.Equal(t, r.counts("listen_messages_resent", ""), r.counts("listen_connections_closed", ""))
	assert.Equal(t, 1, r.lines("A service's connection was closed"), "said once")
}

// TestListenHoldIsTriedAgain: the pipeline is asked again while a service waits, however far apart retry_on_failure wants the tries.
func TestListenHoldIsTriedAgain(t *testing.T) {
	t.Parallel()
	config, url := listening(t, func(config *Config, section *ListenConfig) {
		section.MaxHold = 10 * time.Second
		config.RetryOnFailure.InitialInterval, config.RetryOnFailure.MaxInterval = time.Hour, time.Hour
	})
	var tries atomic.Int32
	next := &backend{decide: func(context.Context, []string) error {
		if tries.Add(1) <= 2 {
			return errTemporary
		}
		return nil
	}}
	r := start(t, config, next)
	newPublishing(t, url).publish(notification("held"))
	assert.Equal(t, 1, next.times("held"))
	assert.Empty(t, r.counts("listen_connections_closed", ""), "its first connection was confirmed")
}

// TestListenRefusedForGood: there is nowhere to keep it, so it is dropped, counted and said; neighbours arrive.
func TestListenRefusedForGood(t *testing.T) {
	t.Parallel()
	config, url := listening(t, func(c *Config, _ *ListenConfig) { c.Records.OnDecodeError = auditlog.DecodeErrorReject })
	next := &backend{decide: func(_ context.Context, ids []string) error {
		if slices.Contains(ids, "bad") {
			return errPermanent
		}
		return nil
	}}
	r := start(t, config, next)
	p := newPublishing(t, url)
	for _, body := range [][]byte{notification("before"), notification("bad"), []byte("{torn"), notification("after")} {
		p.publish(body)
	}
	assert.Equal(t, 1, next.times("before"))
	assert.Equal(t, 1, next.times("after"))
	r.eventuallySettled(map[string]int64{"acknowledged": 2, "dropped": 2})
	assert.Equal(t, 2, r.lines("A message is rejected permanently. It is confirmed and dropped"))
}

// TestListenRefusals are counted, and said once for each host and reason.
func TestListenRefusals(t *testing.T) {
	t.Parallel()
	config, url := listening(t, func(_ *Config, section *ListenConfig) { section.Exchanges = []string{"keystone"} })
	r := start(t, config, &backend{})
	for range 2 {
		conn, err := net.Dial("tcp", config.Listen.Get().Endpoint)
		require.NoError(t, err)
		_, err = conn.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
		require.NoError(t, err)
		require.NoError(t, conn.Close())
	}
	_, err := amqp.Dial(strings.Replace(url, "hidden", "wrong", 1))
	require.Error(t, err)
	require.Eventually(t, func() bool {
		return maps.Equal(r.counts("listen_connections_refused", "refusal"), map[string]int64{"protocol": 2, "authentication": 1})
	}, soon, often)

	p := newPublishing(t, url)
	require.NoError(t, p.connect())
	confirmation, err := p.channel.PublishWithDeferredConfirm("nova", "notifications.info", false, false, amqp.Publishing{})
	require.NoError(t, err)
	require.True(t, confirmation.Wait())
	assert.Equal(t, int64(1), r.counts("listen_messages_ignored", "")[""])
	_, err = p.channel.Consume("q", "", false, false, false, false, nil)
	require.Error(t, err)
	assert.Equal(t, int64(1), r.counts("listen_messages_refused", "")[""])
	r.shutdown() // a refusal is counted before it is said
	assert.Equal(t, 2, r.lines("A connection was refused"))
}

// TestListenLogsForeignText: what a client calls itself, which is as long as it likes, cannot break or fill the log.
func TestListenLogsForeignText(t *testing.T) {
	t.Parallel()
	config, url := listening(t, nil)
	r := start(t, config, &backend{})
	name := "keystone\n2026-11-21T00:00:00Z error forged \u202e" + strings.Repeat("x", 100_000)
	properties := amqp.NewConnectionProperties()
	properties["connection_name"], properties["product"] = name[:200], "\x1b[31m"
	connection, err := amqp.DialConfig(url, amqp.Config{Properties: properties})
	require.NoError(t, err)
	require.NoError(t, connection.Close())
	require.Eventually(t, func() bool { return r.logs.FilterMessage("A service has connected").Len() == 1 }, soon, often)
	fields := r.logs.FilterMessage("A service has connected").All()[0].ContextMap()
	assert.Equal(t, `\x1b[31m`, fields["product"])
	assert.True(t, strings.HasPrefix(fields["connection_name"].(string), `keystone\n2026-11-21T00:00:00Z error forged \u202exxx`),
		fields["connection_name"])

	newListenObserver(r.Logs.(*auditReceiver).telemetry).Refused(netip.AddrPort{}, fmt.Errorf("%w: %q", amqpserver.ErrAuthentication, name))
	require.Less(t, len(r.logs.FilterMessageSnippet("A connection was refused").All()[0].ContextMap()["error"].(string)), 4<<10)
	newListenObserver(r.Logs.(*auditReceiver).telemetry).Refused(netip.AddrPort{}, amqpserver.ErrTooManyLogins)
	assert.Equal(t, map[string]int64{"authentication": 1, "too_many_logins": 1}, r.counts("listen_connections_refused", "refusal"))
}

// TestListenShutdown: what is in flight is taken and confirmed.
func TestListenShutdown(t *testing.T) {
	t.Parallel()
	config, url := listening(t, nil)
	entered, release := make(chan struct{}), make(chan struct{})
	next := &backend{decide: func(context.Context, []string) error {
		close(entered)
		<-release
		return nil
	}}
	r := start(t, config, next)
	confirmed := make(chan bool, 1)
	go func() { confirmed <- newPublishing(t, url).try(t.Context(), notification("in flight")) }()
	<-entered
	done := make(chan struct{})
	go func() { defer close(done); r.shutdown() }()
	require.Eventually(t, func() bool { return newPublishing(t, url).connect() != nil }, soon, often)
	close(release)
	assert.True(t, <-confirmed)
	<-done
	assert.Equal(t, 1, next.times("in flight"))
}

// TestListenShutdownWhilePushedBack: what the pipeline does not take is left to be sent again, and Shutdown ends.
func TestListenShutdownWhilePushedBack(t *testing.T) {
	t.Parallel()
	config, url := listening(t, nil)
	next := &backend{decide: func(context.Context, []string) error { return errTemporary }}
	r := start(t, config, next)
	confirmed := make(chan bool, 1)
	go func() { confirmed <- newPublishing(t, url).try(t.Context(), notification("held")) }()
	require.Eventually(t, func() bool { return len(next.allCalls()) > 1 }, soon, often)
	r.shutdown()
	assert.Less(t, drainTimeout, shutdownTimeout, "it is not abandoned")
	assert.False(t, <-confirmed)
	assert.Equal(t, 1, r.lines("the services send them again"))
}

// TestListenBesideRabbitMQ: a broker that is away keeps nobody from publishing.
func TestListenBesideRabbitMQ(t *testing.T) {
	t.Parallel()
	config, url := listening(t, func(c *Config, _ *ListenConfig) {
		c.RabbitMQ.GetOrInsertDefault().TransportURL = "rabbit://u:p@127.0.0.1:1//"
	})
	next := &backend{}
	r := startAnyhow(t, config, next)
	newPublishing(t, url).publish(notification("one"))
	assert.Equal(t, 1, next.times("one"))
	require.Eventually(t, func() bool { return r.host.last() == componentstatus.StatusRecoverableError }, soon, often)
}

func TestListenStartFailsForLocalMistakes(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	for _, test := range []struct {
		name string
		keys map[string]any
	}{
		{"listen::endpoint: listen tcp", map[string]any{"endpoint": taken.Addr().String()}},
		{"listen::tls: ", map[string]any{"tls": map[string]any{"cert_file": "/missing.pem", "key_file": "/missing.pem"}}},
	} {
		config, _ := listening(t, nil)
		require.NoError(t, confmap.NewFromStringMap(map[string]any{"listen": test.keys}).Unmarshal(config))
		telemetry := componenttest.NewTelemetry()
		r, err := NewFactory().CreateLogs(t.Context(), metadatatest.NewSettings(telemetry), config, consumertest.NewNop())
		require.NoError(t, err)
		require.ErrorContains(t, r.Start(t.Context(), componenttest.NewNopHost()), test.name)
		require.NoError(t, r.Shutdown(t.Context()))
		require.NoError(t, telemetry.Shutdown(t.Context()))
	}
}

// TestListenConsumeContract runs the Collector's own check; the service sends again what was not confirmed.
func TestListenConsumeContract(t *testing.T) {
	config, url := listening(t, func(c *Config, _ *ListenConfig) { c.OnPermanentError = PermanentErrorDrop })
	var publishing sync.Mutex // one at a time: the checker knows no parts of a batch
	checkConsumeContract(t, config, func(_ int64, id string) {
		publishing.Lock()
		defer publishing.Unlock()
		p := newPublishing(t, url)
		p.publish(notification(id))
		require.NoError(t, p.connection.Close())
	}, func(error) {})
}

// TestListenOsloMessaging: a service with Debian's oslo.messaging.
func TestListenOsloMessaging(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("/usr/bin/python3", "-c", "import oslo_messaging").CombinedOutput()
	require.NoError(t, err, "apt-get install --no-install-recommends python3-oslo.messaging: %s", out)
	config, url := listening(t, func(c *Config, _ *ListenConfig) { c.Records.OtherNotifications = auditlog.Keep })
	next := &backend{}
	r := start(t, config, next)
	file := filepath.Join(t.TempDir(), "keystone.conf")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, "[oslo_messaging_notifications]\ndriver = messagingv2\ntransport_url = %s\n",
		strings.Replace(url, "amqp:", "rabbit:", 1)), 0o600))
	command := exec.CommandContext(t.Context(), "/usr/bin/python3", "../../internal/amqpserver/testdata/publish.py", "notify", file, "1", "a",
		"b")
	var said bytes.Buffer // with warnings of what newer releases do without
	command.Stderr = &said
	out, err = command.Output()
	require.NoError(t, err, "%s", &said)
	assert.Equal(t, "a\nb\n", string(out))
	r.eventuallySettled(map[string]int64{"acknowledged": 2})
	assert.NotContains(t, r.counts("notifications", "kind"), "raw")
}

func TestPublisher(t *testing.T) {
	t.Parallel()
	certificate := &x509.Certificate{Subject: pkix.Name{CommonName: "ctl01", Organization: []string{"cloud"}}}
	for _, test := range []struct {
		name string
		want string
	}{{"127.0.0.1:1", ""}, {"[::1]:1", ""}, {"192.0.2.7:55", "192.0.2.7"}, {"[2001:db8::1]:55", "2001:db8::1"}} {
		client := &amqpserver.Client{Address: netip.MustParseAddrPort(test.name)}
		if test.want == "" {
			assert.Nil(t, publisher(client))
		} else {
			assert.Equal(t, &audit.Publisher{Address: test.want}, publisher(client))
		}
		client.Certificate = certificate
		assert.Equal(t, &audit.Publisher{Address: test.want, CertificateSubject: "CN=ctl01,O=cloud"}, publisher(client))
	}
}
