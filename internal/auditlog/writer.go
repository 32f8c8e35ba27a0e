package auditlog

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/derive"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/redact"
)

// The bounds of a record. Who writes to a user name must not be able to make a
// backend refuse the record of it: Loki takes 128 entries and 64 KiB a record,
// and names may still be added after the mapping.
const (
	maxAttributes     = 72       // of the record; resource, scope and names fill up to 100
	maxAttributeBytes = 48 << 10 // of all keys and values of the record
	maxElements       = 32       // of an array
	maxExtras         = 32       // fields without an attribute of their own
	maxExtraKeyBytes  = 128      // of the path of such a field, and of names within an attribute
	attributeOverhead = 8        // counted for each attribute beside key and value
)

// writer puts attributes on a record within its bounds. What comes first is kept.
type writer struct {
	attributes pcommon.Map
	bytes      int
	extraCount int
	truncated  bool
	dropped    uint32
	// clones reports that values are parts of a text that is much longer than they are.
	clones bool

	// deriver and sentence are used again for each record.
	deriver  derive.Deriver
	sentence []byte
}

// maxShared is up to which size a message may live on with the record that is made of it, whose values are parts of it. A queue
// behind us counts the records alone.
const maxShared = 16 << 10

// begin starts a record of a message of a service.
func (w *writer) begin(attributes pcommon.Map, s *derive.Service, r *Record) {
	w.attributes, w.bytes, w.extraCount, w.dropped = attributes, len(s.Name)+len(s.Host), 0, 0
	w.truncated, w.clones = s.Cut || r.notification.Cut, len(r.message.Body) > maxShared
}

// fields writes an event.
func (w *writer) fields(e *audit.Event) {
	fields := audit.Fields()
	for i := range fields {
		field := &fields[i]
		text := field.Text(e)
		switch {
		case text == nil:
			w.value(field.Key, field.Value(e))
		case *text == "":
		case field.Name:
			w.bounded(field.Key, *text, redact.MaxName)
		default:
			w.bounded(field.Key, *text, redact.MaxValue)
		}
	}
}

// value writes a field that is no text, if the event tells it.
func (w *writer) value(key string, value any) {
	switch value := value.(type) {
	case *int64:
		if *value != 0 {
			w.integer(key, *value)
		}
	case *bool:
		if *value {
			w.boolean(key, true)
		}
	case *audit.Optional[bool]:
		if value.Known {
			w.boolean(key, value.Value)
		}
	case *audit.Optional[float64]:
		if value.Known && w.room(key, 8) {
			w.attributes.PutDouble(key, value.Value)
		}
	case *[]string:
		w.texts(key, *value)
	}
}

// own returns a text that may stay with the record.
func (w *writer) own(s string) string {
	if w.clones {
		return strings.Clone(s)
	}
	return s
}

// room reserves space for a value, and reports whether there is any.
func (w *writer) room(key string, size int) bool {
	size += len(key) + attributeOverhead
	if w.attributes.Len() >= maxAttributes || w.bytes+size > maxAttributeBytes {
		w.dropped++
		w.truncated = true
		return false
	}
	w.bytes += size
	return true
}

// text writes a text; an empty one is not written.
func (w *writer) text(key, value string) {
	if value != "" {
		w.bounded(key, value, redact.MaxValue)
	}
}

func (w *writer) bounded(key, value string, limit int) {
	value = w.cut(value, limit)
	if w.room(key, len(value)) {
		w.attributes.PutStr(key, w.own(value))
	}
}

func (w *writer) integer(key string, value int64) {
	if w.room(key, 8) {
		w.attributes.PutInt(key, value)
	}
}

func (w *writer) boolean(key string, value bool) {
	if w.room(key, 1) {
		w.attributes.PutBool(key, value)
	}
}

// texts writes an array of texts.
func (w *writer) texts(key string, values []string) {
	if len(values) == 0 || !w.room(key, 0) {
		return
	}
	slice := w.attributes.PutEmptySlice(key)
	for i, value := range values {
		if i == maxElements {
			w.truncated = true
			return
		}
		value = w.cut(value, redact.MaxValue)
		if w.bytes+len(value) > maxAttributeBytes {
			w.truncated = true
			return
		}
		w.bytes += len(value)
		slice.AppendEmpty().SetStr(w.own(value))
	}
}

// usualMembers are how many texts an element has; an attachment has as many.
const usualMembers = 3

// element is a map within an array that is an attribute.
type element struct {
	w *writer
	m pcommon.Map
}

func (e element) put(name, value string) { e.w.put(e.m, name, value) }

// maps writes an array of maps of texts; fill gives the members of the map of one index.
func (w *writer) maps(key string, n int, fill func(i int, e element)) {
	if n == 0 || !w.room(key, 0) {
		return
	}
	slice := w.attributes.PutEmptySlice(key)
	if n > maxElements {
		n, w.truncated = maxElements, true
	}
	slice.EnsureCapacity(n)
	for i := range n {
		m := slice.AppendEmpty().SetEmptyMap()
		m.EnsureCapacity(usualMembers)
		fill(i, element{w: w, m: m})
	}
}

// put writes a text into a map within an attribute.
func (w *writer) put(m pcommon.Map, name, value string) {
	if value == "" {
		return
	}
	name, value = w.cut(memberName(name), maxExtraKeyBytes), w.cut(value, redact.MaxValue)
	if w.bytes+len(name)+len(value) > maxAttributeBytes || m.Len() >= maxElements {
		w.truncated = true
		return
	}
	w.bytes += len(name) + len(value)
	m.PutStr(w.own(name), w.own(value))
}

// memberName is the name of a member that an event chose. Elasticsearch refuses a document with an empty name, or with one that has nothing
// but white space before, between or behind dots.
func memberName(name string) string {
	if name != "" && strings.IndexByte(name, '.') < 0 && name[0] > ' ' && name[0] < utf8.RuneSelf {
		return name // the usual case
	}
	for part := range strings.SplitSeq(name, ".") {
		if strings.TrimSpace(part) == "" {
			return "_" + strings.ReplaceAll(strings.TrimSpace(name), ".", "_")
		}
	}
	return name
}

// extra writes a field that has no attribute of its own. Fields whose paths read
// the same are numbered.
func (w *writer) extra(path, value string) {
	key := audit.AttrNotificationExtraPrefix + extraKey(w.cut(path, maxExtraKeyBytes))
	if _, taken := w.attributes.Get(key); taken {
		for i := 2; taken; i++ {
			numbered := key + "_" + strconv.Itoa(i)
			if _, taken = w.attributes.Get(numbered); !taken {
				key = numbered
			}
		}
	}
	w.text(key, value)
}

// extraKey writes a path in snake case: requestPath is request_path.
func extraKey(path string) string {
	if path == "" {
		return "_"
	}
	var b strings.Builder
	lower := false
	for i := range len(path) {
		switch c := path[i]; {
		case 'A' <= c && c <= 'Z':
			if lower {
				b.WriteByte('_')
			}
			b.WriteByte(c - 'A' + 'a')
			lower = false
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
			b.WriteByte(c)
			lower = true
		default:
			b.WriteByte('_')
			lower = false
		}
	}
	return b.String()
}

// cut returns at most limit bytes of s, and remembers whether that is not all.
func (w *writer) cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	w.truncated = true
	return redact.Cut(s, limit)
}
