package amqpserver

import (
	"encoding/binary"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/amqpframe"
)

func bit(value bool) byte {
	if value {
		return 1
	}
	return 0
}

func putLong(to []byte, value uint32) { binary.BigEndian.PutUint32(to, value) }

func appendShort(to []byte, value uint16) []byte { return binary.BigEndian.AppendUint16(to, value) }

func appendLong(to []byte, value uint32) []byte { return binary.BigEndian.AppendUint32(to, value) }

func appendLongLong(to []byte, value uint64) []byte { return binary.BigEndian.AppendUint64(to, value) }

// appendShortString cuts what does not fit.
func appendShortString[T string | []byte](to []byte, text T) []byte {
	text = text[:min(len(text), 255)]
	return append(append(to, byte(len(text))), text...)
}

func appendLongString(to []byte, text string) []byte {
	return append(appendLong(to, uint32(len(text))), text...)
}

// appendTable appends a table of bools, strings and tables: what a server says of itself.
func appendTable(to []byte, table amqpframe.Table) []byte {
	start := len(to)
	to = append(to, 0, 0, 0, 0)
	for name, value := range table {
		to = appendShortString(to, name)
		switch value := value.(type) {
		case bool:
			to = append(to, 't', bit(value))
		case string:
			to = appendLongString(append(to, 'S'), value)
		case amqpframe.Table:
			to = appendTable(append(to, 'F'), value)
		}
	}
	putLong(to[start:], uint32(len(to)-start-4))
	return to
}
