//go:build keystone

package keystone

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
)

const (
	// root is the top folder of the repository.
	root           = "../.."
	listenPassword = "listen-only"
	// patience is how long something may take that takes a moment.
	patience = collectortest.Patience
	poll     = 20 * time.Millisecond
)

// record is what the tests look at of a record.
type record struct {
	sentence string
	copies   int
}

// backend takes the records by OTLP.
type backend struct {
	url     string
	mu      sync.Mutex
	records map[string]record // by log.record.uid
}

func newBackend(t *testing.T) *backend {
	b := &backend{records: map[string]record{}}
	server := httptest.NewServer(collectortest.OTLP("/v1/logs", b.store))
	t.Cleanup(server.Close)
	b.url = server.URL
	return b
}

func (b *backend) store(_ context.Context, logs plog.Logs) (status int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for log := range collectortest.Records(logs) {
		uid, _ := log.Attributes().Get(audit.AttrRecordUID)
		b.records[uid.Str()] = record{sentence: log.Body().Str(), copies: b.records[uid.Str()].copies + 1}
	}
	return http.StatusOK
}

func (b *backend) get(uid string) record {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.records[uid]
}

// collector runs one of the shipped configurations. It can be started again on the same ports.
type collector struct {
	t       *testing.T
	config  string
	address string
	// changes is a configuration that is merged over config; empty for none.
	changes     string
	environment []string
	process     *collectortest.Process
}

// newCollector is for a Keystone at keystonePort. It runs config/listen.yaml.
func newCollector(t *testing.T, b *backend, keystonePort int, changes string) *collector {
	t.Helper()
	c := &collector{t: t, config: "listen.yaml", address: collectortest.FreeAddress(t), changes: changes}
	c.environment = []string{
		"AUDIT_LISTEN_ENDPOINT=" + c.address,
		"AUDIT_LISTEN_PASSWORD=" + listenPassword,
		"AUDIT_NAMES_ENDPOINT=" + collectortest.FreeAddress(t),
		fmt.Sprintf("AUDIT_KEYSTONE_URL=http://127.0.0.1:%d/v3", keystonePort),
		"AUDIT_KEYSTONE_USER=" + keystonetest.Username,
		"AUDIT_KEYSTONE_PASSWORD=" + keystonetest.Password,
		"AUDIT_OTLP_ENDPOINT=" + b.url,
		fmt.Sprintf("AUDIT_METRICS_PORT=%d", collectortest.FreePort(t)),
	}
	t.Cleanup(func() {
		if t.Failed() && c.process != nil {
			text := c.process.Log.String()
			t.Logf("the collector's log, its end:\n%s", text[max(0, len(text)-4000):])
		}
	})
	return c
}

// start starts it with the state of a folder and waits until it runs.
func (c *collector) start(state string) {
	c.t.Helper()
	arguments := []string{"--feature-gates=+extension.healthcheck.useComponentStatus", "--config", filepath.Join(root, "config", c.config)}
	if c.changes != "" {
		file := filepath.Join(c.t.TempDir(), "changes.yaml")
		require.NoError(c.t, os.WriteFile(file, []byte(c.changes), 0o600))
		arguments = append(arguments, "--config", file)
	}
	c.process = collectortest.Start(c.t, append(c.environment, "AUDIT_STATE="+state), collectortest.Binary(c.t, root), arguments...)
	require.Eventually(c.t, func() bool { return strings.Contains(c.process.Log.String(), "Everything is ready") }, patience, poll, "the collector does not start")
}

func (c *collector) stop() { c.process.Stop(c.t) }

func (c *collector) kill() { c.process.Kill() }
