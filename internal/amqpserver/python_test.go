package amqpserver

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/amqpframe"
)

// service is a process that publishes with Debian's oslo.messaging and kombu.
type service struct {
	t       testing.TB
	command *exec.Cmd
	errors  bytes.Buffer
	sent    chan string // ids, as each call returns; closed at the end
}

var havePython = sync.OnceValue(func() error {
	out, err := exec.Command("/usr/bin/python3", "-c", "import oslo_messaging, kombu, amqp, pika").CombinedOutput()
	if err != nil {
		return fmt.Errorf("oslo.messaging, kombu and pika are not installed: apt-get install --no-install-recommends "+
			"python3-oslo.messaging python3-kombu python3-pika: %w: %s", err, out)
	}
	return nil
})

func python(t testing.TB, arguments ...string) *service {
	t.Helper()
	require.NoError(t, havePython())
	s := &service{t: t, sent: make(chan string, 10_000)}
	s.command = exec.CommandContext(t.Context(), "/usr/bin/python3", append([]string{"testdata/publish.py"}, arguments...)...)
	s.command.Stderr = &s.errors
	out, err := s.command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, s.command.Start())
	go func() {
		defer close(s.sent)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			s.sent <- lines.Text()
		}
	}()
	return s
}

// next waits for the return of the next call.
func (s *service) next() string {
	s.t.Helper()
	select {
	case id := <-s.sent:
		return id
	case <-time.After(2 * soon):
		_ = s.command.Process.Kill()
		require.Fail(s.t, "the publisher waits", s.errors.String())
		return ""
	}
}

// wait waits for the end of the process and returns the ids that it printed since.
func (s *service) wait() (ids []string) {
	s.t.Helper()
	for {
		id := s.next()
		if id == "" {
			break
		}
		ids = append(ids, id)
	}
	require.NoError(s.t, s.command.Wait(), s.errors.String())
	return ids
}

type section map[string]string

// notify starts a service with a configuration file of its own.
func (f *fixture) notify(retry int, notifications, rabbit section, events ...string) *service {
	f.t.Helper()
	if notifications["transport_url"] == "" {
		notifications["transport_url"] = "rabbit://keystone:secret@" + f.address + "/"
	}
	if notifications["driver"] == "" {
		notifications["driver"] = "messagingv2"
	}
	var file strings.Builder
	for _, test := range []struct {
		name    string
		section section
	}{{"oslo_messaging_notifications", notifications}, {"oslo_messaging_rabbit", rabbit}} {
		fmt.Fprintf(&file, "[%s]\n", test.name)
		for key, value := range test.section {
			fmt.Fprintf(&file, "%s = %s\n", key, value)
		}
	}
	path := filepath.Join(f.t.TempDir(), "service.conf")
	require.NoError(f.t, os.WriteFile(path, []byte(file.String()), 0o600))
	return python(f.t, append([]string{"notify", path, fmt.Sprint(retry)}, events...)...)
}

// id finds the id in a message of publish.py.
func id(t testing.TB, m *Message) string {
	t.Helper()
	body := m.Body
	if m.Headers.String("compression") != "" {
		plain, err := zlib.NewReader(bytes.NewReader(body))
		require.NoError(t, err)
		body, err = io.ReadAll(plain)
		require.NoError(t, err)
	}
	var envelope struct {
		Message string `json:"oslo.message"`
	}
	require.NoError(t, json.Unmarshal(body, &envelope))
	if envelope.Message != "" {
		body = []byte(envelope.Message)
	}
	var notification struct {
		Payload struct {
			Info string `json:"resource_info"`
		} `json:"payload"`
	}
	require.NoError(t, json.Unmarshal(body, &notification))
	return notification.Payload.Info
}

func ids(t testing.TB, messages []*Message) []string {
	t.Helper()
	var all []string
	for _, m := range messages {
		all = append(all, id(t, m))
	}
	return all
}

func TestOsloMessaging(t *testing.T) {
	authority := newAuthority(t)
	server := authority.issue(t, "localhost")
	secure := func(l net.Listener) net.Listener {
		return tls.NewListener(l, &tls.Config{
			Certificates: []tls.Certificate{server}, ClientCAs: authority.pool, ClientAuth: tls.VerifyClientCertIfGiven,
		})
	}
	ca, cert, key := authority.files(t, "keystone-node")
	for _, test := range []struct {
		name                  string
		notifications, rabbit section
		listen                func(net.Listener) net.Listener
		url                   string
		copies                int
		mechanism             Mechanism
		user                  string
	}{
		{name: "messagingv2"},
		{name: "messaging", notifications: section{"driver": "messaging"}},
		{name: "PLAIN", rabbit: section{"rabbit_login_method": "PLAIN"}, mechanism: MechanismPlain},
		{name: "two topics", notifications: section{"topics": "notifications,audit"}, copies: 2},
		{name: "gzip", rabbit: section{"kombu_compression": "gzip"}},
		{name: "quorum queues", rabbit: section{"rabbit_quorum_queue": "true"}},
		{name: "durable queues", rabbit: section{"amqp_durable_queues": "true", "amqp_auto_delete": "true"}},
		{name: "mirrored queues", rabbit: section{"rabbit_ha_queues": "true"}},
		{name: "TLS", rabbit: section{"ssl": "true", "ssl_ca_file": ca}, listen: secure},
		{name: "EXTERNAL over TLS", rabbit: section{"ssl": "true", "ssl_ca_file": ca, "ssl_cert_file": cert, "ssl_key_file": key,
			"rabbit_login_method": "EXTERNAL"}, listen: secure, url: "rabbit://", mechanism: MechanismExternal, user: "keystone-node"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := start(t, options{listen: test.listen, configure: func(c *Config) {
				c.Mechanisms, c.CertificateNames = append(c.Mechanisms, MechanismExternal), []string{"keystone-node"}
			}})
			if test.notifications == nil {
				test.notifications = section{}
			}
			if test.url != "" {
				test.notifications["transport_url"] = test.url + f.address + "/"
			}
			service := f.notify(1, test.notifications, test.rabbit, "a", "b", "c")
			require.Equal(t, []string{"a", "b", "c"}, service.wait())
			assert.NotContains(t, service.errors.String(), "Could not send")

			want := []string{"a", "b", "c"}
			if test.copies == 2 {
				want = []string{"a", "a", "b", "b", "c", "c"}
			}
			messages := f.messages.all()
			require.Equal(t, want, ids(t, messages))
			m := messages[0]
			assert.Equal(t, "openstack", m.Exchange)
			assert.Equal(t, "notifications.info", m.RoutingKey)
			if test.mechanism == "" {
				test.mechanism, test.user = MechanismAMQPlain, "keystone"
			}
			assert.Equal(t, test.mechanism, m.Client.Mechanism)
			if test.user != "" {
				assert.Equal(t, test.user, m.Client.User)
			}
			assert.Contains(t, m.Client.ConnectionName, "publish.py:")
			assert.Equal(t, "py-amqp", m.Client.Product)
		})
	}
}

func TestKombu(t *testing.T) {
	f := start(t, options{})
	require.Equal(t, []string{"5", "0", "300000"}, python(t, "kombu", "amqp://keystone:secret@"+f.address+"//").wait())
	messages := f.messages.all()
	require.Len(t, messages, 3)
	assert.Equal(t, "small", string(messages[0].Body))
	assert.Nil(t, messages[0].Headers)
	list := []any{int64(1), "two", nil, true, 2.5, amqpframe.Table{"deep": "bytes"}}
	assert.Equal(t, amqpframe.Table{"nested": amqpframe.Table{"list": list}}, messages[1].Headers)
	assert.Equal(t, amqpframe.Table{"count": uint64(1) << 40, "negative": int64(-1)}, messages[2].Headers)
	assert.Len(t, messages[2].Body, 300_000)
}

// TestPika: it refuses to publish with confirms to a server that does not advertise basic.nack.
func TestPika(t *testing.T) {
	f := start(t, options{})
	require.Equal(t, []string{"5", "0", "300000"}, python(t, "pika", "amqp://keystone:secret@"+f.address+"/%2F").wait())
	messages := f.messages.all()
	require.Len(t, messages, 3)
	assert.Equal(t, "small", string(messages[0].Body))
	assert.Equal(t, amqpframe.Table{"a": "b"}, messages[0].Headers)
	assert.Len(t, messages[2].Body, 300_000)
}

// impatient makes a client reconnect soon and give up on a server that is silent for 6 s, which sends a heartbeat every 3 s.
func impatient() section {
	return section{"kombu_reconnect_delay": "0.1", "rabbit_retry_interval": "1", "heartbeat_timeout_threshold": "6"}
}

const forEver = 1_000_000

// TestHeldAcknowledgement: a publisher waits for as long as it gets heartbeats, sends nothing twice and reports nothing.
func TestHeldAcknowledgement(t *testing.T) {
	t.Parallel()
	f := start(t, options{})
	f.messages.wait(true)
	service := f.notify(forEver, section{}, impatient(), "held", "next")
	message := f.messages.eventually(t, 1)[0]
	select {
	case id := <-service.sent:
		require.Fail(t, "it did not wait", id)
	case <-time.After(15 * time.Second): // more than twice what it takes to give up on a server that says nothing
	}
	f.messages.wait(false)
	message.Accept()
	require.Equal(t, []string{"held", "next"}, service.wait())
	assert.Equal(t, []string{"held", "next"}, ids(t, f.messages.all()))
	assert.Len(t, f.events.opened, 1)
	assert.NotContains(t, service.errors.String(), "ERROR")
}

// TestRefusedForNow: what is held for too long is given back and sent again, and is one message for the handler.
func TestRefusedForNow(t *testing.T) {
	t.Parallel()
	f := start(t, options{configure: func(c *Config) { c.ConfirmTimeout = time.Second }})
	f.messages.wait(true)
	service := f.notify(forEver, section{}, impatient(), "refused", "next")
	require.Eventually(t, func() bool { return f.events.resentCount() >= 3 }, soon, often)
	f.messages.wait(false)
	f.messages.all()[0].Accept()
	require.Equal(t, []string{"refused", "next"}, service.wait())
	got := ids(t, f.messages.all())
	assert.Equal(t, "next", got[len(got)-1])
	assert.LessOrEqual(t, len(got), 3, "a copy that comes after the acceptance is another message")
}

// TestRestarts: the endpoint goes away, with a word or without, while a service publishes; every id arrives.
func TestRestarts(t *testing.T) {
	const count, faults = 120, 4
	for _, test := range []struct {
		name string
		away func(*fixture)
	}{
		{"restart", func(f *fixture) { f.stop() }},
		{"kill", func(f *fixture) {
			f.mu.Lock()
			for listener := range f.listeners {
				_ = listener.Close()
			}
			for c := range f.connections {
				if tcp, ok := c.conn.(*net.TCPConn); ok {
					_ = tcp.SetLinger(0) // a reset, as when a process is killed
				}
				_ = c.conn.Close()
			}
			f.stopped = true
			f.mu.Unlock()
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			taken := &keeper{}
			address := collectortest.FreeAddress(t) // none that a client's connection could take in between
			f := start(t, options{handler: taken, address: address})
			var events []string
			for i := range count {
				events = append(events, fmt.Sprintf("event-%d", i))
			}
			service := f.notify(forEver, section{}, impatient(), events...)
			for i := range faults {
				for range count / (faults + 1) {
					require.NotEmpty(t, service.next())
				}
				if i%2 == 0 {
					taken.wait(true) // so that a message is in flight
					require.Eventually(t, func() bool { return f.Stats().InFlightBytes > 0 }, soon, often)
				}
				test.away(f)
				taken.wait(false)
				f = start(t, options{handler: taken, address: address})
			}
			service.wait()
			seen := map[string]int{}
			for _, id := range ids(t, taken.all()) {
				seen[id]++
			}
			for _, event := range events {
				require.NotZero(t, seen[event], event)
			}
			assert.LessOrEqual(t, len(taken.all()), count+faults, "at most what was in flight came twice")
			assert.NotContains(t, service.errors.String(), "Could not send")
		})
	}
}

// TestTooLargeEvent: the service is told that it was taken, and goes on with the next one.
func TestTooLargeEvent(t *testing.T) {
	t.Parallel()
	f := start(t, options{configure: func(c *Config) {
		c.MaxMessageBytes = 100_000
		c.Condense = func(body io.Reader) []byte {
			all, _ := io.ReadAll(body) // the connection's own error
			return bytes.ReplaceAll(all, bytes.Repeat([]byte("x"), 10_000), nil)
		}
	}})
	service := f.notify(forEver, section{}, impatient(), "before", "large:1000000", "after", "last")
	require.Equal(t, []string{"before", "large", "after", "last"}, service.wait())
	assert.Equal(t, []string{"before", "large", "after", "last"}, ids(t, f.messages.all()))
	assert.Empty(t, f.events.channelClosed)
}

// TestWrongPassword: the service says so and is not let in.
func TestWrongPassword(t *testing.T) {
	t.Parallel()
	f := start(t, options{})
	service := f.notify(1, section{"transport_url": "rabbit://keystone:wrong@" + f.address + "/"}, impatient(), "lost")
	require.Equal(t, []string{"lost"}, service.wait())
	assert.Contains(t, service.errors.String(), "ACCESS_REFUSED")
	assert.Empty(t, f.messages.all())
}

// TestEightServices publish at the same time.
func TestEightServices(t *testing.T) {
	t.Parallel()
	f := start(t, options{})
	var services []*service
	var want []string
	for i := range 8 {
		var events []string
		for j := range 20 {
			events = append(events, fmt.Sprintf("%d/%d", i, j))
		}
		want = append(want, events...)
		services = append(services, f.notify(1, section{}, nil, events...))
	}
	for _, service := range services {
		service.wait()
	}
	assert.ElementsMatch(t, want, ids(t, f.messages.all()))
	assert.Len(t, f.events.opened, 8)
}
