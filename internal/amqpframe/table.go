package amqpframe

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

// ReadTable reads the fields of a table, without the length before them; nil when there are none.
func ReadTable(fields []byte) (Table, error) {
	a := Arguments{unread: fields}
	return a.fields(1), a.err
}

// Table reads a field table with its length; nil when it is empty.
func (a *Arguments) Table() Table { return a.table(1) }

func (a *Arguments) table(depth int) Table {
	nested := a.nested(depth)
	table := nested.fields(depth)
	a.err = cmp.Or(a.err, nested.err)
	return table
}

func (a *Arguments) fields(depth int) (table Table) {
	for len(a.unread) > 0 && a.err == nil {
		if table == nil {
			table = Table{}
		}
		name := a.ShortString()
		table[name] = a.field(depth)
	}
	return table
}

func (a *Arguments) array(depth int) (values []any) {
	nested := a.nested(depth)
	for len(nested.unread) > 0 && nested.err == nil {
		values = append(values, nested.field(depth))
	}
	a.err = cmp.Or(a.err, nested.err)
	return values
}

// nested returns the arguments within a table or an array.
func (a *Arguments) nested(depth int) Arguments {
	content := a.LongBytes()
	if depth > maxTableDepth {
		a.err = cmp.Or(a.err, errTooDeep)
		content = nil
	}
	return Arguments{unread: content}
}

// field reads one value after its type. The types are RabbitMQ's, which differ from those of the specification
// (https://www.rabbitmq.com/amqp-0-9-1-errata, section 3).
func (a *Arguments) field(depth int) any {
	switch a.Octet() {
	case 't':
		return a.Octet() != 0
	case 'b':
		return int64(int8(a.Octet()))
	case 'B':
		return int64(a.Octet())
	case 's':
		return int64(int16(a.Short()))
	case 'u':
		return int64(a.Short())
	case 'I':
		return int64(int32(a.Long()))
	case 'i':
		return int64(a.Long())
	case 'l':
		return int64(a.LongLong())
	case 'L', 'T':
		return a.LongLong()
	case 'f':
		return float64(math.Float32frombits(a.Long()))
	case 'd':
		return math.Float64frombits(a.LongLong())
	case 'D':
		scale := a.Octet()
		return float64(int32(a.Long())) / math.Pow10(int(scale))
	case 'S':
		return string(a.LongBytes())
	case 'x':
		return append([]byte(nil), a.LongBytes()...)
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
