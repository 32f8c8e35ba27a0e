package faults

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// collector is one process of the built collector, with config/durable.yaml and what a test changes of it.
type collector struct {
	*collectortest.Process
	t             *testing.T
	peak          *atomic.Int64 // KiB, of all collectors of a trial
	health, inner string        // addresses of the health check and of the collector's own metrics
}

// binary returns the built collector.
func binary(t *testing.T) string {
	t.Helper()
	return collectortest.Binary(t, "../..")
}

// startCollector runs config/durable.yaml with changes: configurations that are merged over it, each over the ones before.
func startCollector(t *testing.T, peak *atomic.Int64, wrapper, environment, changes []string) *collector {
	t.Helper()
	c := &collector{t: t, peak: peak, health: collectortest.FreeAddress(t), inner: collectortest.FreeAddress(t)}
	_, port, err := net.SplitHostPort(c.inner)
	require.NoError(t, err)
	arguments := append(wrapper, binary(t), "--feature-gates=+extension.healthcheck.useComponentStatus",
		"--config", filepath.Join("..", "..", "config", "durable.yaml"))
	folder := t.TempDir()
	for i, change := range changes {
		file := filepath.Join(folder, fmt.Sprintf("change%d.yaml", i))
		require.NoError(t, os.WriteFile(file, []byte(change), 0o600))
		arguments = append(arguments, "--config", file)
	}
	environment = append(environment, "AUDIT_HEALTH_ENDPOINT="+c.health, "AUDIT_METRICS_PORT="+port)
	c.Process = collectortest.Start(t, environment, arguments[0], arguments[1:]...)
	go c.measure()
	t.Cleanup(func() {
		c.Kill()
		if t.Failed() {
			text := c.Log.String()
			t.Logf("the collector's log, its end:\n%s", text[max(0, len(text)-8000):])
		}
	})
	return c
}

// measure keeps the peak of the resident memory (VmHWM of proc(5)).
func (c *collector) measure() {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		c.peak.Store(max(c.peak.Load(), peakMemory(c.PID)))
		select {
		case <-c.Exited:
			return
		case <-ticker.C:
		}
	}
}

func peakMemory(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0 // it ended
	}
	for line := range strings.Lines(string(status)) {
		if rest, found := strings.CutPrefix(line, "VmHWM:"); found {
			kib, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kib
		}
	}
	return 0
}

// waitReady waits until every component has started, so many times (a reload starts them again).
func (c *collector) waitReady(times int) {
	c.t.Helper()
	c.eventually(func() bool { return strings.Count(c.Log.String(), "Everything is ready") >= times }, "it does not get ready")
}

// waitLog waits until the collector has said something.
func (c *collector) waitLog(text string) {
	c.t.Helper()
	c.eventually(func() bool { return strings.Contains(c.Log.String(), text) }, "it does not say: "+text)
}

func (c *collector) eventually(condition func() bool, message string) {
	c.t.Helper()
	eventually(c.t, func() bool {
		select {
		case <-c.Exited:
			require.Fail(c.t, "the collector ended", "%v", c.Err)
		default:
		}
		return condition()
	}, message)
}

// descriptors is how many files and sockets the collector has open.
func (c *collector) descriptors() int {
	c.t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", c.PID))
	require.NoError(c.t, err)
	return len(entries)
}

// status asks the health check: the HTTP status and the text.
func (c *collector) status() (int, string) {
	return get("http://" + c.health + "/status?verbose")
}

// metric is the sum of the receiver's metric over all attributes; -1 where there is none.
func (c *collector) metric(name string) float64 {
	_, text := get("http://" + c.inner + "/metrics")
	sum, found := 0.0, false
	for line := range strings.Lines(text) {
		if rest, is := strings.CutPrefix(line, "otelcol_"+name); is && (rest[0] == '{' || rest[0] == ' ') {
			value, err := strconv.ParseFloat(strings.TrimSpace(rest[strings.LastIndexByte(rest, ' '):]), 64)
			if err == nil {
				sum, found = sum+value, true
			}
		}
	}
	if !found {
		return -1
	}
	return sum
}

func get(url string) (status int, text string) {
	response, err := http.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(body)
}
