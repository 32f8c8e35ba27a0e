//go:build keystone

package keystone

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
)

const (
	// root is the top folder of the repository.
	root           = "../.."
	listenPassword = "listen-only"
	// patience is how long something may take that takes a moment.
	patience = time.Minute
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
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	b.url = server.URL
	return b
}

// ServeHTTP implements http.Handler.
func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request := plogotlp.NewExportRequest()
	unzipped, err := gzip.NewReader(r.Body)
	if err == nil {
		var body []byte
		if body, err = io.ReadAll(unzipped); err == nil {
			err = request.UnmarshalProto(body)
		}
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, resource := range request.Logs().ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, log := range scope.LogRecords().All() {
				uid, _ := log.Attributes().Get(auditlog.AttrRecordUID)
				b.records[uid.Str()] = record{sentence: log.Body().Str(), copies: b.records[uid.Str()].copies + 1}
			}
		}
	}
	answer, err := plogotlp.NewExportResponse().MarshalProto()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(answer)
}

func (b *backend) get(uid string) record {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.records[uid]
}

// collector runs config/listen.yaml. It can be started again on the same ports.
type collector struct {
	t       *testing.T
	address string
	// changes is a configuration that is merged over config/listen.yaml; empty for none.
	changes     string
	environment []string
	process     *exec.Cmd
	log         collectortest.Output
}

// newCollector is for a Keystone at keystonePort.
func newCollector(t *testing.T, b *backend, keystonePort int, changes string) *collector {
	t.Helper()
	c := &collector{t: t, address: collectortest.FreeAddress(t), changes: changes}
	c.environment = append(os.Environ(),
		"AUDIT_LISTEN_ENDPOINT="+c.address,
		"AUDIT_LISTEN_PASSWORD="+listenPassword,
		"AUDIT_NAMES_ENDPOINT="+collectortest.FreeAddress(t),
		fmt.Sprintf("AUDIT_KEYSTONE_URL=http://127.0.0.1:%d/v3", keystonePort),
		"AUDIT_KEYSTONE_USER="+keystonetest.Username,
		"AUDIT_KEYSTONE_PASSWORD="+keystonetest.Password,
		"AUDIT_OTLP_ENDPOINT="+b.url,
		fmt.Sprintf("AUDIT_METRICS_PORT=%d", collectortest.FreePort(t)))
	t.Cleanup(func() {
		c.kill()
		if t.Failed() {
			text := c.log.String()
			t.Logf("the collector's log, its end:\n%s", text[max(0, len(text)-4000):])
		}
	})
	return c
}

// start starts it with the state of a folder and waits until it listens.
func (c *collector) start(state string) {
	c.t.Helper()
	program := collectortest.Binary(c.t, root)
	arguments := []string{"--config", filepath.Join(root, "config", "listen.yaml")}
	if c.changes != "" {
		file := filepath.Join(c.t.TempDir(), "changes.yaml")
		require.NoError(c.t, os.WriteFile(file, []byte(c.changes), 0o600))
		arguments = append(arguments, "--config", file)
	}
	c.process = exec.Command(program, arguments...)
	c.process.Env = append(c.environment, "AUDIT_STATE="+state)
	c.process.Stdout, c.process.Stderr = &c.log, &c.log
	c.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	ready := strings.Count(c.log.String(), "Everything is ready") + 1
	require.NoError(c.t, c.process.Start())
	require.Eventually(c.t, func() bool { return strings.Count(c.log.String(), "Everything is ready") == ready }, patience, poll, "the collector does not start")
}

func (c *collector) stop() {
	c.t.Helper()
	require.NoError(c.t, c.process.Process.Signal(syscall.SIGTERM))
	require.NoError(c.t, c.process.Wait())
	c.process = nil
}

func (c *collector) kill() {
	if c.process != nil {
		_ = c.process.Process.Kill()
		_ = c.process.Wait()
		c.process = nil
	}
}
