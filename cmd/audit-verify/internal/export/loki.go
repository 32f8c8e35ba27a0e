package export

import (
	"fmt"
	"strconv"

	"github.com/valyala/fastjson"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/canonical"
)

// lokiFields are the labels that Loki makes of fields (pkg/loghttp/push/otlp.go).
var lokiFields = map[string]string{
	"observed_timestamp":       canonical.FieldObservedTime,
	"severity_number":          canonical.FieldSeverityNumber,
	"severity_text":            canonical.FieldSeverityText,
	"trace_id":                 canonical.FieldTraceID,
	"span_id":                  canonical.FieldSpanID,
	"flags":                    canonical.FieldFlags,
	"dropped_attributes_count": canonical.FieldDroppedAttributes,
	"scope_name":               canonical.FieldScopeName,
	"scope_version":            canonical.FieldScopeVersion,
}

// lokiAdds are labels of Loki's own.
var lokiAdds = map[string]bool{
	"detected_level": true, "scope_dropped_attributes_count": true, "__stream_shard__": true, "__time_shard__": true,
	"__error__": true, "__error_details__": true, "__preserve_error__": true,
}

// readLoki reads a line of logcli (labels, line, timestamp), an answer of query_range, or a stream of one.
func (r *Reader) readLoki(value *fastjson.Value, record func(Record)) error {
	if value.Exists("labels") && value.Exists("line") {
		r.loki(documentTime(value.Get("timestamp")), value.GetStringBytes("line"), value.Get("labels"))
		record(Record{Form: r.form})
		return nil
	}
	if value.Exists("stream") {
		return r.readStream(value, record)
	}
	if kind := value.GetStringBytes("data", "resultType"); string(kind) != "streams" {
		return fmt.Errorf("%w: a line of logcli -o jsonl, or an answer of query_range with streams, is wanted", errNoRecords)
	}
	for _, stream := range value.GetArray("data", "result") {
		if err := r.readStream(stream, record); err != nil {
			return err
		}
	}
	return nil
}

func (r *Reader) readStream(stream *fastjson.Value, record func(Record)) error {
	for _, value := range stream.GetArray("values") {
		parts := value.GetArray()
		if len(parts) < 2 {
			return fmt.Errorf("%w: a value of a stream has no time and line", errNoRecords)
		}
		labels := []*fastjson.Value{stream.Get("stream")}
		if len(parts) > 2 { // with categorize-labels they are apart; what a query parsed out of the line is not the record's
			labels = append(labels, parts[2].Get("structuredMetadata"))
		}
		r.loki(text(parts[0]), parts[1].GetStringBytes(), labels...)
		record(Record{Form: r.form})
	}
	return nil
}

func (r *Reader) loki(at string, line []byte, labels ...*fastjson.Value) {
	f := r.form
	f.Reset()
	observed := false
	for _, set := range labels {
		set.GetObject().Visit(func(key []byte, value *fastjson.Value) {
			text := string(value.GetStringBytes())
			switch field, isField := lokiFields[string(key)]; {
			case isField:
				observed = observed || field == canonical.FieldObservedTime
				f.Field(field, text)
			case lokiAdds[string(key)]:
			case string(key) == "service_name" && text == "unknown_service": // added where a resource has none
				f.Unsure("service_name", text, false)
			default:
				f.Attribute(string(key), text)
			}
		})
	}
	f.Field(canonical.FieldTime, at)
	if !observed { // Loki leaves it out where it is the time
		f.Unsure(canonical.FieldObservedTime, at, true)
	}
	f.Field(canonical.FieldBody, string(line))
}

// formatTime is that of nanoseconds since 1970; a time of 0 is none.
func formatTime(at int64) string {
	if at == 0 {
		return ""
	}
	return strconv.FormatInt(at, 10)
}
