// Package canonical turns a log record into the one text that stands for it in the evidence log, whichever way the record is had: from the
// pipeline, or from what Loki, Elasticsearch or an OTLP file gives back. docs/evidence.md describes the text.
package canonical

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Version is the first line of what is hashed.
const Version = "openstack-audit-evidence/v1"

// EmbedAttribute is the attribute with the canonical text of its record. It is no part of the text.
const EmbedAttribute = "openstack.audit.canonical"

const embedName = "openstack_audit_canonical"

// Fields of a record that are no attributes. Their names begin with a dot, which no name of an attribute can have.
const (
	FieldBody              = ".body"
	FieldTime              = ".time"
	FieldObservedTime      = ".observed_timestamp"
	FieldSeverityNumber    = ".severity_number"
	FieldSeverityText      = ".severity_text"
	FieldTraceID           = ".trace_id"
	FieldSpanID            = ".span_id"
	FieldFlags             = ".flags"
	FieldDroppedAttributes = ".dropped_attributes_count"
	FieldScopeName         = ".scope_name"
	FieldScopeVersion      = ".scope_version"
)

// Form collects the fields of one record after another. It must not be copied, and serves one goroutine.
type Form struct {
	fields   []field
	unsure   []unsure
	certain  []field // of Hashes
	embedded string
	names    map[string]string // of attribute keys
	hashed   []byte
}

type field struct{ name, value string }

// NewForm returns an empty form.
func NewForm() *Form {
	return &Form{names: map[string]string{}}
}

// Reset forgets the record.
func (f *Form) Reset() {
	clear(f.fields)
	f.fields, f.unsure, f.embedded = f.fields[:0], f.unsure[:0], ""
}

// Record takes over a record of the pipeline.
func (f *Form) Record(resource pcommon.Resource, scope pcommon.InstrumentationScope, record plog.LogRecord) {
	f.Reset()
	f.attributes("", resource.Attributes())
	f.attributes("", scope.Attributes())
	f.attributes("", record.Attributes())
	f.Field(FieldScopeName, scope.Name())
	f.Field(FieldScopeVersion, scope.Version())
	f.Field(FieldBody, record.Body().AsString())
	at, observed := record.Timestamp(), record.ObservedTimestamp()
	if at == 0 {
		at = observed
	}
	f.number(FieldTime, uint64(at))
	f.number(FieldObservedTime, uint64(observed))
	f.number(FieldSeverityNumber, uint64(max(record.SeverityNumber(), 0)))
	f.Field(FieldSeverityText, record.SeverityText())
	if id := record.TraceID(); !id.IsEmpty() {
		f.Field(FieldTraceID, hex.EncodeToString(id[:]))
	}
	if id := record.SpanID(); !id.IsEmpty() {
		f.Field(FieldSpanID, hex.EncodeToString(id[:]))
	}
	f.number(FieldFlags, uint64(record.Flags()))
	f.number(FieldDroppedAttributes, uint64(record.DroppedAttributesCount()))
}

// Append appends the canonical text.
func (f *Form) Append(text []byte) []byte {
	sortFields(f.fields)
	return appendObject(text, f.fields)
}

// Hash returns the hash of a canonical text.
func Hash(text []byte) [sha256.Size]byte {
	return sha256.Sum256(slices.Concat([]byte(Version+"\n"), text))
}

// Hash returns the hash of the record, and its canonical text, which is valid until the next call.
func (f *Form) Hash() (sum [sha256.Size]byte, text []byte) {
	f.hashed = f.Append(append(f.hashed[:0], Version+"\n"...))
	return sha256.Sum256(f.hashed), f.hashed[len(Version)+1:]
}

// Value returns the value of an attribute, or of a field by its name with a dot.
func (f *Form) Value(key string) string {
	name := key
	if key == "" || key[0] != '.' {
		name = f.name(key)
	}
	for _, field := range f.fields {
		if field.name == name {
			return field.value
		}
	}
	return ""
}

// Embedded returns the canonical text that the record carries in EmbedAttribute, if any.
func (f *Form) Embedded() string { return f.embedded }

// attributes adds attributes by the names of Loki, which flattens maps.
func (f *Form) attributes(prefix string, attributes pcommon.Map) {
	for key, value := range attributes.All() {
		if prefix == "" && key == EmbedAttribute {
			f.embedded = value.AsString()
			continue
		}
		if prefix != "" {
			key = prefix + "_" + key
		}
		if value.Type() == pcommon.ValueTypeMap {
			f.attributes(key, value.Map())
			continue
		}
		f.Field(f.name(key), value.AsString())
	}
}

// Attribute adds an attribute as a backend gives it back: its key, or the name that the backend made of it, and its value as text.
func (f *Form) Attribute(key, value string) {
	name := f.name(key)
	if name == embedName {
		f.embedded = value
		return
	}
	f.Field(name, value)
}

// Field adds a field by its name in the text. Empty values are left out.
func (f *Form) Field(name, value string) {
	if value != "" {
		f.fields = append(f.fields, field{name, value})
	}
}

func (f *Form) number(name string, value uint64) {
	if value != 0 {
		f.Field(name, strconv.FormatUint(value, 10))
	}
}
