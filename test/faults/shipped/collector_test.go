package shipped

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

const (
	root     = "../../.."
	patience = 2 * collectortest.Patience // many collectors run at once
	poll     = 50 * time.Millisecond
)

// collector is the built collector with one file of config/.
type collector struct {
	*collectortest.Process
	metrics, prometheus string // addresses of its own metrics, and of those that it counts
}

// queues finds each receiver of a configuration that has a queue at the broker.
var queues = regexp.MustCompile(`(?m)^  openstack_audit(/\w+)?:\n(    \w.*\n)*    rabbitmq:|^  openstack_audit/\w+:`)

// startCollector waits until it runs and its queues are bound.
func startCollector(t *testing.T, configuration string, wrapper, environment []string) *collector {
	t.Helper()
	path := filepath.Join(root, "config", configuration)
	text, err := os.ReadFile(filepath.Clean(path))
	require.NoError(t, err)
	addresses := collectortest.FreeAddresses(t, 3)
	_, port, err := net.SplitHostPort(addresses[0])
	require.NoError(t, err)
	c := &collector{metrics: addresses[0], prometheus: addresses[2]}
	command := append(slices.Clip(wrapper), collectortest.Binary(t, root), "--config", path, "--feature-gates=+extension.healthcheck.useComponentStatus")
	c.Process = collectortest.Start(t, append(slices.Clip(environment), "AUDIT_METRICS_PORT="+port,
		"AUDIT_HEALTH_ENDPOINT="+addresses[1], "AUDIT_PROMETHEUS_ENDPOINT="+addresses[2]), command[0], command[1:]...)
	consumers := len(queues.FindAll(text, -1))
	c.eventually(t, func() bool {
		log := c.Log.String()
		return strings.Contains(log, "Everything is ready") && strings.Count(log, "Consuming") >= consumers
	}, "it does not get ready")
	return c
}

func (c *collector) eventually(t *testing.T, condition func() bool, message string) {
	t.Helper()
	require.Eventually(t, func() bool {
		select {
		case <-c.Exited:
			require.Fail(t, "the collector ended", "%v\n%s", c.Err, tail(c.Log.String()))
		default:
		}
		return condition()
	}, patience, poll, "%s\n%s", message, lazy(func() string { return tail(c.Log.String()) }))
}

// lazy is a text that is made when it is printed.
type lazy func() string

func (l lazy) String() string { return l() }

func tail(text string) string { return text[max(0, len(text)-6000):] }

// scrape returns the collector's own metrics and those that it counts. Where it is not up, or has none of these, there is no answer.
func (c *collector) scrape(ctx context.Context) string {
	own, _ := ask(ctx, "http://"+c.metrics+"/metrics")
	counted, _ := ask(ctx, "http://"+c.prometheus+"/metrics")
	return own + counted
}

// metric is the sum over all series of a metric.
func (c *collector) metric(ctx context.Context, name string) (sum float64) {
	for line := range strings.Lines(c.scrape(ctx)) {
		if rest, is := strings.CutPrefix(line, name); is && (rest[0] == '{' || rest[0] == ' ') {
			value, _ := strconv.ParseFloat(strings.TrimSpace(rest[strings.LastIndexByte(rest, ' '):]), 64)
			sum += value
		}
	}
	return sum
}

// said is the first warning or error of the collector's log after a mark that speaks of records or a backend.
func (c *collector) said(mark int) string {
	for line := range strings.Lines(c.Log.String()[mark:]) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if len(fields) < 4 || fields[1] != "warn" && fields[1] != "error" {
			continue
		}
		message := fields[3]
		var details struct{ Reason, Answer, Error string }
		_ = json.Unmarshal([]byte(fields[len(fields)-1]), &details) // not every line has them
		for _, detail := range []string{details.Reason, details.Answer, details.Error} {
			if detail != "" {
				return message + " " + strings.Join(strings.Fields(detail[:min(len(detail), 90)]), " ")
			}
		}
		return message
	}
	return ""
}

// kept are the ids of the records in the folder of dead letters.
func kept(t *testing.T, state string) map[string]bool {
	t.Helper()
	ids := map[string]bool{}
	for pattern, parse := range map[string]func([]byte) ([]string, error){"*.pb": otlpIDs, "*.ndjson": bulkIDs} {
		files, err := filepath.Glob(filepath.Join(state, "rejected", pattern))
		require.NoError(t, err)
		for _, file := range files {
			body, err := os.ReadFile(filepath.Clean(file))
			require.NoError(t, err)
			found, err := parse(body)
			if err != nil {
				continue // it is being written
			}
			for _, id := range found {
				ids[id] = true
			}
		}
	}
	return ids
}

// written are the ids of the records in the files of the file exporter. Where a full disk cut a line off, it stands before the next.
func written(t *testing.T, folder string) map[string]bool {
	t.Helper()
	ids := map[string]bool{}
	files, err := filepath.Glob(filepath.Join(folder, "*.jsonl"))
	require.NoError(t, err)
	for _, file := range files {
		content, err := os.Open(filepath.Clean(file))
		require.NoError(t, err)
		lines := bufio.NewScanner(content)
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			line := lines.Text()
			logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs([]byte(line[max(0, strings.LastIndex(line, `{"resourceLogs"`)):]))
			if err != nil {
				continue // the last line may not be whole yet
			}
			for record := range collectortest.Records(logs) {
				id, _ := record.Attributes().Get("log.record.uid")
				ids[id.AsString()] = true
			}
		}
		require.NoError(t, content.Close())
	}
	return ids
}

func hash(text string) uint64 {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, text)
	return h.Sum64()
}
