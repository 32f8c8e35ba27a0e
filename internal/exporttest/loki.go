// Package exporttest has what backends give back, for tests: records as Loki, Elasticsearch and the file exporter write them, and the ways
// in which somebody may have changed them since.
package exporttest

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
)

// Document is the JSON that a backend gives back for a record.
type Document = map[string]any

// Loki returns the lines of logcli -o jsonl.
func Loki(t testing.TB, logs plog.Logs) (lines []Document) {
	t.Helper()
	for lr, in := range audit.Records(logs) {
		labels := map[string]any{"detected_level": "info"}
		for _, attributes := range []pcommon.Map{lr.Attributes(), in.Resource.Attributes(), in.Scope.Attributes()} {
			lokiLabels(t, labels, "", attributes)
		}
		add := func(name, value string, there bool) {
			if there {
				labels[name] = value
			}
		}
		at := lr.Timestamp()
		if at == 0 {
			at = lr.ObservedTimestamp()
		} else {
			add("observed_timestamp", fmt.Sprint(uint64(lr.ObservedTimestamp())), lr.ObservedTimestamp() != 0)
		}
		trace, span := lr.TraceID(), lr.SpanID()
		add("severity_number", fmt.Sprint(int32(lr.SeverityNumber())), lr.SeverityNumber() != 0)
		add("severity_text", lr.SeverityText(), lr.SeverityText() != "")
		add("dropped_attributes_count", fmt.Sprint(lr.DroppedAttributesCount()), lr.DroppedAttributesCount() != 0)
		add("flags", fmt.Sprint(uint32(lr.Flags())), lr.Flags() != 0)
		add("trace_id", hex.EncodeToString(trace[:]), !trace.IsEmpty())
		add("span_id", hex.EncodeToString(span[:]), !span.IsEmpty())
		add("scope_name", in.Scope.Name(), in.Scope.Name() != "")
		add("scope_version", in.Scope.Version(), in.Scope.Version() != "")
		if _, ok := labels["service_name"]; !ok {
			labels["service_name"] = "unknown_service"
		}
		lines = append(lines, Document{
			"labels": labels, "line": lr.Body().AsString(), "timestamp": at.AsTime().In(time.FixedZone("", 3600)).Format(time.RFC3339Nano),
		})
	}
	return lines
}

func lokiLabels(t testing.TB, labels map[string]any, prefix string, attributes pcommon.Map) {
	for key, value := range attributes.All() {
		if prefix != "" {
			key = prefix + "_" + key
		}
		name := LokiName(key)
		require.NotEmpty(t, strings.Trim(name, "_"), "Loki has no name for %q", key)
		if value.Type() == pcommon.ValueTypeMap {
			lokiLabels(t, labels, name, value.Map())
			continue
		}
		labels[name] = strings.Map(func(r rune) rune {
			if r == utf8.RuneError {
				return ' '
			}
			return r
		}, value.AsString())
	}
}

var unnamable = regexp.MustCompile(`[^a-zA-Z0-9]+`)

// LokiName returns the name that Loki gives to an attribute. internal/tools/test holds it against the translator that Loki uses.
func LokiName(key string) string {
	if inner, reserved := strings.CutPrefix(key, "__"); reserved && strings.HasSuffix(inner, "__") {
		return "__" + unnamable.ReplaceAllString(strings.TrimSuffix(inner, "__"), "_") + "__"
	}
	name := unnamable.ReplaceAllString(key, "_")
	if name != "" && '0' <= name[0] && name[0] <= '9' {
		return "key_" + name
	}
	return name
}
