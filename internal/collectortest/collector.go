package collectortest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence/evidencetest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

// Options of a Collector.
type Options struct {
	// Config is a file of config/, or the path of another.
	Config string
	// Changes are configurations that are merged over it, each over those before; empty ones change nothing.
	Changes []string
	// Environment is added to the test's own, and to the addresses and the folder that each Collector has for itself.
	Environment []string
	// Arguments follow those that say which configuration it is.
	Arguments []string
	// Wrapper is a program with its arguments that runs the collector.
	Wrapper []string
}

// Collector is the built collector with a configuration, on ports of its own.
type Collector struct {
	*Process
	// Metrics is the address of its own metrics, Health of its health check, Prometheus of what it counts.
	Metrics, Health, Prometheus string

	receivers int // that have a queue at the broker
}

// queues finds each receiver of a configuration that has a queue at the broker.
var queues = regexp.MustCompile(`(?m)^  openstack_audit(/\w+)?:\n(    \w.*\n)*    rabbitmq:|^  openstack_audit/\w+:`)

// Binary returns the path of the built collector. It builds nothing.
func Binary(t testing.TB) string {
	t.Helper()
	path := filepath.Join(fixtures.Root(t), "build", "otelcol-openstack-audit")
	require.FileExists(t, path, "the collector is not built: run make build")
	return path
}

// Run starts a collector that ends with the test at the latest, and shows the end of its log where the test fails.
func Run(t testing.TB, o Options) *Collector {
	t.Helper()
	if !filepath.IsAbs(o.Config) {
		o.Config = filepath.Join(fixtures.Root(t), "config", o.Config)
	}
	text, err := os.ReadFile(o.Config)
	require.NoError(t, err)
	command := append(slices.Clip(o.Wrapper), Binary(t),
		"--feature-gates=+extension.healthcheck.useComponentStatus", "--config", o.Config)
	folder := t.TempDir()
	for i, change := range o.Changes {
		path := filepath.Join(folder, fmt.Sprintf("change%d.yaml", i))
		require.NoError(t, os.WriteFile(path, []byte(change), 0o600))
		command = append(command, "--config", path)
	}
	addresses := FreeAddresses(t, 4)
	c := &Collector{Metrics: addresses[0], Health: addresses[1], Prometheus: addresses[2], receivers: len(queues.FindAll(text, -1))}
	evidenceKey, _ := evidencetest.NewKey(t, evidencetest.Origin)
	environment := append([]string{
		"AUDIT_METRICS_PORT=" + Port(t, c.Metrics), "AUDIT_HEALTH_ENDPOINT=" + c.Health, "AUDIT_PROMETHEUS_ENDPOINT=" + c.Prometheus,
		"AUDIT_NAMES_ENDPOINT=" + addresses[3], "AUDIT_STATE=" + filepath.Join(folder, "state"),
		"AUDIT_EVIDENCE_KEY=" + evidenceKey,
	}, o.Environment...)
	c.Process = Start(t, environment, command[0], append(command[1:], o.Arguments...)...)
	t.Cleanup(func() {
		c.Kill()
		if t.Failed() {
			t.Logf("the end of the collector's log:\n%s", c.Log.Tail())
		}
	})
	return c
}

// AwaitReady waits until every component has started.
func (c *Collector) AwaitReady(t testing.TB) {
	t.Helper()
	c.AwaitLog(t, "Everything is ready", 1)
}

// AwaitConsuming waits until its queues are bound, too: what is published before is in none.
func (c *Collector) AwaitConsuming(t testing.TB) {
	t.Helper()
	c.AwaitReady(t)
	c.AwaitLog(t, "Consuming", c.receivers)
}

// Scrape returns the collector's own metrics, and those that it counts. Where it has none of these, there is nothing of them.
func (c *Collector) Scrape(ctx context.Context) string {
	own, _ := Get(ctx, "http://"+c.Metrics+"/metrics")
	counted, _ := Get(ctx, "http://"+c.Prometheus+"/metrics")
	return own + counted
}

// Metric returns the sum over all series of one of the collector's own metrics; -1 where there is none.
func (c *Collector) Metric(ctx context.Context, name string) float64 {
	sum, found := 0.0, false
	for line := range strings.Lines(c.Scrape(ctx)) {
		if rest, is := strings.CutPrefix(line, name); is && (rest[0] == '{' || rest[0] == ' ') {
			if value, err := strconv.ParseFloat(strings.TrimSpace(rest[strings.LastIndexByte(rest, ' '):]), 64); err == nil {
				sum, found = sum+value, true
			}
		}
	}
	if !found {
		return -1
	}
	return sum
}

// Get fetches a URL. It returns the body of an error's answer, too.
func Get(ctx context.Context, url string) (body string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	content, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err == nil && response.StatusCode >= http.StatusMultipleChoices {
		err = fmt.Errorf("%s: %s: %s", url, response.Status, content)
	}
	return string(content), err
}

// Port returns the port of an address.
func Port(t testing.TB, address string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	return port
}
