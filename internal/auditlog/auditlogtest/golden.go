// Package auditlogtest writes audit log records in a form that a person can
// review, and compares them with what was reviewed.
package auditlogtest

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
)

// Line is a log record with its resource and scope, as a golden file shows it.
type Line struct {
	Body       any            `json:"body,omitempty"`
	EventName  string         `json:"event_name,omitempty"`
	Time       string         `json:"time,omitempty"`
	Observed   string         `json:"observed,omitempty"`
	Severity   int32          `json:"severity"`
	Text       string         `json:"severity_text,omitempty"`
	Attributes map[string]any `json:"attributes"`
	Dropped    uint32         `json:"dropped_attributes,omitempty"`
	Resource   map[string]any `json:"resource"`
	Scope      map[string]any `json:"scope,omitempty"`
}

// Lines returns the records in order.
func Lines(logs plog.Logs) []Line {
	var lines []Line
	for lr, in := range audit.Records(logs) {
		lines = append(lines, Line{
			Body:       lr.Body().AsRaw(),
			EventName:  lr.EventName(),
			Time:       timestamp(lr.Timestamp()),
			Observed:   timestamp(lr.ObservedTimestamp()),
			Severity:   int32(lr.SeverityNumber()),
			Text:       lr.SeverityText(),
			Attributes: lr.Attributes().AsRaw(),
			Dropped:    lr.DroppedAttributesCount(),
			Resource:   in.Resource.Attributes().AsRaw(),
			Scope:      in.Scope.Attributes().AsRaw(),
		})
	}
	return lines
}

func timestamp(t pcommon.Timestamp) string {
	if t == 0 {
		return ""
	}
	return t.AsTime().Format(time.RFC3339Nano)
}

// JSON writes lines as JSON, one record a line.
func JSON(t testing.TB, lines []Line) []byte {
	t.Helper()
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	for _, line := range lines {
		require.NoError(t, encoder.Encode(line))
	}
	return b.Bytes()
}

// update writes golden files instead of comparing with them: go test ./... -update
var update = flag.Bool("update", false, "write golden files")

// Golden compares lines with a file, record by record.
func Golden(t testing.TB, path string, lines []Line) {
	t.Helper()
	got := JSON(t, lines)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o600))
		return
	}
	want, err := os.ReadFile(filepath.Clean(path))
	require.NoError(t, err)
	wantLines, gotLines := bytes.Split(want, []byte("\n")), bytes.Split(got, []byte("\n"))
	for i := range min(len(wantLines), len(gotLines)) {
		require.JSONEq(t, orNull(wantLines[i]), orNull(gotLines[i]), "%s line %d", path, i+1)
	}
	require.Len(t, gotLines, len(wantLines), path)
}

func orNull(line []byte) string {
	if len(line) == 0 {
		return "null"
	}
	return string(line)
}
