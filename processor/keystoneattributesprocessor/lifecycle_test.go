package keystoneattributesprocessor

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/storagetest"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/keystoneattributesprocessor/internal/metadata"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/keystoneattributesprocessor/internal/metadatatest"
)

func TestNoSecretAndNoNameInTheLog(t *testing.T) {
	server := lab()
	h := newHarness(t, server, func(c *Config) { c.Preload = true }, storagetest.NewMemory())
	h.start()
	for _, failures := range []keystonetest.Failures{
		{}, {Status: 401}, {Status: 503}, {HTML: true}, {Forbidden: []string{"user", "project", "domain"}}, {LoginStatus: 401},
	} {
		server.Fail(failures)
		server.RevokeTokens()
		added(t, h, map[string]string{"user.id": aliceID, "openstack.project.id": strings.Repeat("0", 32)})
	}
	h.stop()
	for _, entry := range h.logs.All() {
		line := entry.Message
		for _, field := range entry.Context {
			line += " " + field.String
			if err, ok := field.Interface.(error); ok {
				line += " " + err.Error()
			}
		}
		for _, secret := range []string{keystonetest.Password, "token-", "alice", "web-shop"} {
			assert.NotContains(t, line, secret)
		}
	}
}

func TestStart(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Config)
		fails  string
	}{
		{"Keystone is away", func(c *Config) { c.Auth.Get().AuthURL = "http://127.0.0.1:1" }, ""},
		{"a storage is not there", func(c *Config) { c.Storage = &storageID }, "storage: there is no extension"},
		{"a cloud is not there", func(c *Config) { c.Auth = NewDefaultConfig().Auth; c.Cloud, c.CloudsFile = "x", "testdata/clouds.yaml" },
			`"x"`},
		{"a cloud", func(c *Config) {
			c.Auth = NewDefaultConfig().Auth
			c.Cloud, c.CloudsFile = "lab", "testdata/clouds.yaml"
		}, ""},
		{"a certificate is missing", func(c *Config) { c.HTTP.TLS.CAFile = "testdata/none.pem" }, "http: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHarness(t, lab(), test.change, nil)
			p, err := NewFactory().CreateLogs(t.Context(), processortest.NewNopSettings(metadata.Type), h.config, consumertest.NewNop())
			require.NoError(t, err)
			err = p.Start(t.Context(), componenttest.NewNopHost())
			if test.fails == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, test.fails)
			}
			assert.NoError(t, p.Shutdown(context.Background()))
		})
	}
}

// damagedStorage cannot be opened.
type damagedStorage struct{ *storagetest.Memory }

func (damagedStorage) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return nil, storagetest.ErrBroken
}

// An empty auth_url turns the processor off, whatever else is missing.
func TestOff(t *testing.T) {
	h := newHarness(t, lab(), func(c *Config) { c.Auth.Get().AuthURL, c.Auth.Get().Password = "", "" }, nil)
	h.start()
	assert.Empty(t, added(t, h, map[string]string{"user.id": aliceID}))
	h.stop()
}

func TestDamagedStorageDoesNotBlockTheStart(t *testing.T) {
	h := newHarness(t, lab(), func(c *Config) { c.Storage = &storageID }, nil)
	h.host = storageHost{storageID: damagedStorage{storagetest.NewMemory()}}
	h.start()
	defer h.stop()
	assert.Equal(t, 1, h.logs.FilterMessageSnippet("the storage cannot be opened").Len())
	assert.Equal(t, "alice", added(t, h, map[string]string{"user.id": aliceID})["user.name"])
}

func TestPipelinesShareADirectory(t *testing.T) {
	server := lab()
	h := newHarness(t, server, nil, nil)
	factory := NewFactory()
	var pipelines []component.Component
	for range 2 {
		p, err := factory.CreateLogs(t.Context(), processortest.NewNopSettings(metadata.Type), h.config, consumertest.NewNop())
		require.NoError(t, err)
		require.NoError(t, p.Start(t.Context(), h.host))
		require.NoError(t, p.ConsumeLogs(t.Context(), auditLogs(map[string]string{"user.id": aliceID})))
		pipelines = append(pipelines, p)
	}
	require.NoError(t, pipelines[0].Shutdown(context.Background()))
	assert.Equal(t, 1, server.Requests("users/"+aliceID))
	assert.Equal(t, 1, server.Logins())
	require.NoError(t, pipelines[1].Shutdown(context.Background()))
}

// reportingHost hears of the status of one pipeline.
type reportingHost struct {
	component.Host
	statuses chan componentstatus.Status
}

func (h reportingHost) Report(e *componentstatus.Event) { h.statuses <- e.Status() }

func (h reportingHost) next(t *testing.T) componentstatus.Status {
	t.Helper()
	select {
	case status := <-h.statuses:
		return status
	case <-time.After(patience):
		t.Fatal("no status was reported")
		return componentstatus.StatusNone
	}
}

func TestEveryPipelineShowsTheLogin(t *testing.T) {
	server := lab()
	server.Fail(keystonetest.Failures{LoginStatus: http.StatusServiceUnavailable})
	h := newHarness(t, server, nil, nil)
	factory := NewFactory()
	var hosts []reportingHost
	var pipelines []component.Component
	for range 2 {
		host := reportingHost{h.host, make(chan componentstatus.Status, 100)}
		p, err := factory.CreateLogs(t.Context(), processortest.NewNopSettings(metadata.Type), h.config, consumertest.NewNop())
		require.NoError(t, err)
		require.NoError(t, p.Start(t.Context(), host))
		assert.Equal(t, componentstatus.StatusRecoverableError, host.next(t))
		hosts, pipelines = append(hosts, host), append(pipelines, p)
	}
	server.Fail(keystonetest.Failures{})
	for i, host := range hosts {
		assert.Equal(t, componentstatus.StatusOK, host.next(t))
		require.NoError(t, pipelines[i].Shutdown(context.Background()))
	}
}

func TestShutdownTwiceIsShutdownOnce(t *testing.T) {
	server := lab()
	h := newHarness(t, server, nil, nil)
	factory := NewFactory()
	var pipelines []processor.Logs
	sink := &consumertest.LogsSink{}
	for range 2 {
		p, err := factory.CreateLogs(t.Context(), processortest.NewNopSettings(metadata.Type), h.config, sink)
		require.NoError(t, err)
		require.NoError(t, p.Start(t.Context(), h.host))
		pipelines = append(pipelines, p)
	}
	for range 2 {
		require.NoError(t, pipelines[0].Shutdown(context.Background()))
	}
	require.NoError(t, pipelines[1].ConsumeLogs(t.Context(), auditLogs(map[string]string{"user.id": aliceID})))
	assert.Equal(t, "alice", audit.Text(only(sink.AllLogs()[0]).Attributes(), "user.name"), "the other pipeline goes on")
	require.NoError(t, pipelines[1].Shutdown(context.Background()))
}

func TestConnectionsAreClosed(t *testing.T) {
	open := map[net.Conn]bool{}
	var mu sync.Mutex
	server := httptest.NewUnstartedServer(lab())
	server.Config.ConnState = func(c net.Conn, state http.ConnState) {
		mu.Lock()
		defer mu.Unlock()
		open[c] = state != http.StateClosed
	}
	server.Start()
	t.Cleanup(server.Close)
	h := newHarness(t, lab(), func(c *Config) { c.Auth.Get().AuthURL = server.URL }, nil)
	count := func() (n int) {
		mu.Lock()
		defer mu.Unlock()
		for _, isOpen := range open {
			if isOpen {
				n++
			}
		}
		return n
	}
	h.start()
	added(t, h, map[string]string{"user.id": aliceID})
	assert.Positive(t, count())
	h.stop()
	assert.Eventually(t, func() bool { return count() == 0 }, patience, time.Millisecond)
}

func TestMetrics(t *testing.T) {
	server := lab()
	h := newHarness(t, server, nil, nil)
	h.start()
	require.NoError(t, h.consume(auditLogs(
		map[string]string{"user.id": aliceID}, map[string]string{"user.id": aliceID},
		map[string]string{"openstack.project.id": strings.Repeat("0", 32)}, map[string]string{},
	)))
	metadatatest.AssertEqualProcessorKeystoneAttributesRecords(t, h.telemetry, points(
		point{1, []string{"result", "complete"}}, point{2, []string{"result", "enriched"}}, point{1, []string{"result", "incomplete"}},
	), metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualProcessorKeystoneAttributesMissingNames(t, h.telemetry, points(
		point{1, []string{"kind", "project", "reason", "absent"}},
	), metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualProcessorKeystoneAttributesIds(t, h.telemetry, points(
		point{1, []string{"kind", "user", "result", "found"}}, point{1, []string{"kind", "project", "result", "absent"}},
		point{1, []string{"kind", "domain", "result", "found"}},
	), metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualProcessorKeystoneAttributesCacheEntries(t, h.telemetry, points(
		point{2, []string{"state", "keystone"}}, point{1, []string{"state", "absent"}}, point{0, []string{"state", "event"}},
		point{0, []string{"state", "deleted"}}, point{0, []string{"state", "forbidden"}},
	), metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualProcessorKeystoneAttributesBreakerOpen(t, h.telemetry, points(point{0, nil}), metricdatatest.IgnoreTimestamp())
	_, err := h.telemetry.GetMetric("otelcol_processor_keystone_attributes_request_duration")
	require.NoError(t, err)
	h.stop()
}

func TestTLSIsVerified(t *testing.T) {
	server := lab()
	httpServer := httptest.NewTLSServer(server)
	t.Cleanup(httpServer.Close)
	httpServer.Config.ErrorLog = log.New(io.Discard, "", 0)
	dir := t.TempDir()
	ca := filepath.Join(dir, "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: httpServer.Certificate().Raw})
	require.NoError(t, os.WriteFile(ca, block, 0o600))
	clouds := filepath.Join(dir, "clouds.yaml")
	entry := func(name, more string) string {
		return fmt.Sprintf("  %s: {auth: {auth_url: %q, application_credential_id: %s, application_credential_secret: %s}%s}\n",
			name, httpServer.URL, keystonetest.ApplicationCredentialID, keystonetest.ApplicationCredentialSecret, more)
	}
	text := "clouds:\n" + entry("plain", "") + entry("trusting", ", cacert: "+ca) + entry("careless", ", verify: false")
	require.NoError(t, os.WriteFile(clouds, []byte(text), 0o600))

	for _, test := range []struct {
		cloud string
		known bool
	}{{"plain", false}, {"trusting", true}, {"careless", true}} {
		h := newHarness(t, server, func(c *Config) {
			c.Auth = NewDefaultConfig().Auth
			c.Cloud, c.CloudsFile = test.cloud, clouds
		}, nil)
		h.start()
		_, named := added(t, h, map[string]string{"user.id": aliceID})["user.name"]
		assert.Equal(t, test.known, named, test.cloud)
		h.stop()
	}
}
