package amqpserver

import (
	"cmp"
	"math"
)

// Table is an AMQP field table. Its values are bool, int64, uint64, float64, string, []byte, Table, []any and nil.
type Table map[string]any

// String returns the string under the key, or "".
func (t Table) String(key string) string {
	text, _ := t[key].(string)
	return text
}

// maxTableDepth is how deep tables and arrays may be nested: clients use two levels.
const maxTableDepth = 8

// table reads a field table with its length.
func (a *arguments) table(depth int) Table {
	fields := a.nested(depth)
	if fields == nil {
		return nil
	}
	table := Table{}
	for len(fields.unread) > 0 && fields.err == nil {
		name := fields.shortString()
		table[name] = fields.field(depth)
	}
	a.err = cmp.Or(a.err, fields.err)
	return table
}

func (a *arguments) array(depth int) []any {
	fields := a.nested(depth)
	if fields == nil {
		return nil
	}
	values := []any{}
	for len(fields.unread) > 0 && fields.err == nil {
		values = append(values, fields.field(depth))
	}
	a.err = cmp.Or(a.err, fields.err)
	return values
}

// nested returns the arguments within a table or an array, nil when there are none.
func (a *arguments) nested(depth int) *arguments {
	content := a.longString()
	if depth > maxTableDepth {
		a.err = cmp.Or(a.err, errTooDeep)
	}
	if a.err != nil || len(content) == 0 {
		return nil
	}
	return &arguments{unread: content}
}

// field reads one value after its type. The types are RabbitMQ's, which differ from those of the specification
// (https://www.rabbitmq.com/amqp-0-9-1-errata, section 3).
func (a *arguments) field(depth int) any {
	switch a.octet() {
	case 't':
		return a.octet() != 0
	case 'b':
		return int64(int8(a.octet()))
	case 'B':
		return int64(a.octet())
	case 's':
		return int64(int16(a.short()))
	case 'u':
		return int64(a.short())
	case 'I':
		return int64(int32(a.long()))
	case 'i':
		return int64(a.long())
	case 'l':
		return int64(a.longLong())
	case 'L', 'T':
		return a.longLong()
	case 'f':
		return float64(math.Float32frombits(a.long()))
	case 'd':
		return math.Float64frombits(a.longLong())
	case 'D':
		scale := a.octet()
		return float64(int32(a.long())) / math.Pow10(int(scale))
	case 'S':
		return string(a.longString())
	case 'x':
		return append([]byte(nil), a.longString()...)
	case 'A':
		return a.array(depth + 1)
	case 'F':
		return a.table(depth + 1)
	case 'V':
		return nil
	default:
		a.err = cmp.Or(a.err, errFieldType)
		return nil
	}
}

// appendTable appends a table of bools, strings and tables: what a server says of itself.
func appendTable(to []byte, table Table) []byte {
	start := len(to)
	to = append(to, 0, 0, 0, 0)
	for name, value := range table {
		to = appendShortString(to, name)
		switch value := value.(type) {
		case bool:
			to = append(to, 't', bit(value))
		case string:
			to = appendLongString(append(to, 'S'), value)
		case Table:
			to = appendTable(append(to, 'F'), value)
		}
	}
	putLong(to[start:], uint32(len(to)-start-4))
	return to
}
