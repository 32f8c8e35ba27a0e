package shipped

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// collector is the built collector with one file of config/.
type collector struct{ *collectortest.Collector }

// metric is the sum over all series of a metric; 0 where there is none.
func (c *collector) metric(ctx context.Context, name string) float64 {
	return max(0, c.Metric(ctx, name))
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
	for _, test := range []struct {
		pattern string
		parse   func([]byte) ([]string, error)
	}{{"*.pb", collectortest.OTLPIDs}, {"*.ndjson", collectortest.BulkIDs}} {
		files, err := filepath.Glob(filepath.Join(state, "rejected", test.pattern))
		require.NoError(t, err)
		for _, file := range files {
			body, err := os.ReadFile(filepath.Clean(file))
			require.NoError(t, err)
			found, err := test.parse(body)
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
			for record := range audit.Records(logs) {
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
