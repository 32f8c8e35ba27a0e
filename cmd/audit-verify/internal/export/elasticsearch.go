package export

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fastjson"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/canonical"
)

// readElasticsearch reads an answer of _search or _search/scroll, an array of hits, a hit, or a document.
func (r *Reader) readElasticsearch(value *fastjson.Value, record func(Record)) error {
	switch {
	case value.Type() == fastjson.TypeArray:
		return r.readHits(value.GetArray(), record)
	case value.Exists("hits", "hits"):
		return r.readHits(value.GetArray("hits", "hits"), record)
	case value.Exists("_source"):
		value = value.Get("_source")
	case !value.Exists("@timestamp") && (value.Exists("create", "_index") || value.Exists("index", "_index")): // a line of a bulk request
		return nil
	}
	foreign, err := r.document(value)
	if err != nil {
		return err
	}
	read := Record{Form: r.form, Foreign: foreign}
	if !foreign {
		read.EventNames = append(read.EventNames, text(value.Get("event_name")))
		if attribute := r.form.Value("event.name"); attribute == read.EventNames[0] { // the exporter takes that where there is no event name
			read.EventNames = append(read.EventNames, "")
		}
	}
	record(read)
	return nil
}

func (r *Reader) readHits(hits []*fastjson.Value, record func(Record)) error {
	for _, hit := range hits {
		if hit.Type() != fastjson.TypeObject {
			return fmt.Errorf("%w: a hit is no object", errNoRecords)
		}
		if err := r.readElasticsearch(hit, record); err != nil {
			return err
		}
	}
	return nil
}

// document reads the layout of OpenTelemetry; of any other, such as ECS, only a canonical text that is embedded in it tells what it was.
func (r *Reader) document(value *fastjson.Value) (foreign bool, err error) {
	f := r.form
	f.Reset()
	if value.Get("@timestamp") == nil {
		return false, fmt.Errorf("%w: hits of Elasticsearch or documents with @timestamp are wanted", errNoRecords)
	}
	at := documentTime(value.Get("@timestamp"))
	if !isOTel(value) {
		f.Field(canonical.FieldTime, at)
		r.flatten("", value)
		f.Field(canonical.FieldBody, text(value.Get("message")))
		return true, nil
	}
	observed := documentTime(value.Get("observed_timestamp"))
	f.Field(canonical.FieldTime, at)
	if observed == at { // written also for a record that has no other time
		f.Unsure(canonical.FieldObservedTime, observed, true)
	} else {
		f.Field(canonical.FieldObservedTime, observed)
	}
	for field, name := range map[string]string{
		"severity_number": canonical.FieldSeverityNumber, "severity_text": canonical.FieldSeverityText, "trace_id": canonical.FieldTraceID,
		"span_id": canonical.FieldSpanID, "dropped_attributes_count": canonical.FieldDroppedAttributes,
	} {
		f.Field(name, text(value.Get(field)))
	}
	if flags := text(value.Get("flags")); flags != "" {
		f.Field(canonical.FieldFlags, flags)
	} else if value.Exists("trace_id") { // the exporter does not write them
		f.Unsure(canonical.FieldFlags, "1", false)
	}
	f.Field(canonical.FieldScopeName, text(value.Get("scope", "name")))
	f.Field(canonical.FieldScopeVersion, text(value.Get("scope", "version")))
	for _, attributes := range []*fastjson.Value{
		value.Get("resource", "attributes"), value.Get("scope", "attributes"), value.Get("attributes"),
	} {
		r.flatten("", attributes)
	}
	body := value.Get("body")
	if structured := body.Get("structured"); structured != nil {
		f.Field(canonical.FieldBody, text(structured))
	} else {
		f.Field(canonical.FieldBody, text(body.Get("text")))
	}
	return false, nil
}

func isOTel(document *fastjson.Value) bool {
	return document.Exists("attributes") || document.Exists("resource") || document.Exists("body")
}

// flatten adds what is in an object by the keys joined; Elasticsearch takes objects within objects and keys with dots for the same.
func (r *Reader) flatten(prefix string, value *fastjson.Value) {
	value.GetObject().Visit(func(key []byte, inner *fastjson.Value) {
		path := prefix + string(key)
		switch {
		case path == "data_stream" || strings.HasPrefix(path, "data_stream."):
		case inner.Type() == fastjson.TypeObject:
			r.flatten(path+".", inner)
		default:
			r.form.Attribute(path, text(inner))
		}
	})
}

// documentTime returns the nanoseconds since 1970 of a time, and what is no time as it is. "<ms>.<ns>" is how the Elasticsearch exporter
// writes it: what stands after the point is a number of nanoseconds, and not a fraction.
func documentTime(value *fastjson.Value) string {
	written := text(value)
	if strings.Contains(written, "T") {
		if at, err := time.Parse(time.RFC3339Nano, written); err == nil {
			return formatTime(at.UnixNano())
		}
		return written
	}
	whole, rest, _ := strings.Cut(written, ".")
	milliseconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return written
	}
	nanoseconds := int64(0)
	if rest != "" {
		if nanoseconds, err = strconv.ParseInt(rest, 10, 64); err != nil || nanoseconds >= int64(time.Millisecond) {
			return written
		}
	}
	return formatTime(milliseconds*int64(time.Millisecond) + nanoseconds)
}
