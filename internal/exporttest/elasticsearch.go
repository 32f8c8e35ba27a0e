package exporttest

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
)

// Elasticsearch returns documents in the layout of OpenTelemetry, as the exporter v0.156.0 writes them: it leaves out the leading zeros of
// the nanoseconds, and the flags.
func Elasticsearch(_ testing.TB, logs plog.Logs) (documents []Document) {
	for lr, in := range audit.Records(logs) {
		at := lr.Timestamp()
		if at == 0 {
			at = lr.ObservedTimestamp()
		}
		document := Document{
			"@timestamp": milliseconds(at), "observed_timestamp": milliseconds(lr.ObservedTimestamp()), "event_name": lr.EventName(),
			"data_stream": Document{"type": "logs", "dataset": "openstack.audit.otel", "namespace": "default"},
			"attributes":  values(lr.Attributes()), "resource": Document{"attributes": values(in.Resource.Attributes())},
			"scope": Document{"name": in.Scope.Name(), "version": in.Scope.Version(), "attributes": values(in.Scope.Attributes())},
		}
		if lr.Body().Type() == pcommon.ValueTypeMap {
			document["body"] = Document{"structured": value(lr.Body())}
		} else {
			document["body"] = Document{"text": value(lr.Body())}
		}
		if text := lr.SeverityText(); text != "" {
			document["severity_text"] = text
		}
		if number := lr.SeverityNumber(); number != 0 {
			document["severity_number"] = int(number)
		}
		if dropped := lr.DroppedAttributesCount(); dropped != 0 {
			document["dropped_attributes_count"] = dropped
		}
		if trace := lr.TraceID(); !trace.IsEmpty() {
			document["trace_id"] = hex.EncodeToString(trace[:])
		}
		if span := lr.SpanID(); !span.IsEmpty() {
			document["span_id"] = hex.EncodeToString(span[:])
		}
		documents = append(documents, document)
	}
	return documents
}

func milliseconds(at pcommon.Timestamp) string { return fmt.Sprintf("%d.%d", at/1e6, at%1e6) }

func values(attributes pcommon.Map) Document {
	document := Document{}
	for key, v := range attributes.All() {
		document[key] = value(v)
	}
	return document
}

func value(v pcommon.Value) any {
	switch v.Type() {
	case pcommon.ValueTypeMap:
		return values(v.Map())
	case pcommon.ValueTypeSlice:
		elements := []any{}
		for _, element := range v.Slice().All() {
			elements = append(elements, value(element))
		}
		return elements
	case pcommon.ValueTypeDouble: // with a point, which tells Elasticsearch the type
		text, _ := json.Marshal(v.Double())
		if _, err := json.Number(text).Int64(); err == nil {
			text = append(text, ".0"...)
		}
		return json.RawMessage(text)
	}
	return v.AsRaw()
}

// OTLP returns a request for each record, as the file exporter writes them.
func OTLP(t testing.TB, logs plog.Logs) (requests []Document) {
	t.Helper()
	for lr, in := range audit.Records(logs) {
		one := plog.NewLogs()
		resource := one.ResourceLogs().AppendEmpty()
		in.Resource.CopyTo(resource.Resource())
		scope := resource.ScopeLogs().AppendEmpty()
		in.Scope.CopyTo(scope.Scope())
		lr.CopyTo(scope.LogRecords().AppendEmpty())
		data, err := (&plog.JSONMarshaler{}).MarshalLogs(one)
		require.NoError(t, err)
		var request Document
		require.NoError(t, json.Unmarshal(data, &request))
		requests = append(requests, request)
	}
	return requests
}
