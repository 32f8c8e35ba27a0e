package amqpserver

import (
	"cmp"
	"encoding/binary"
	"errors"
)

// Why the arguments of a method, or the properties of a message, cannot be read.
var (
	errShort     = errors.New("the frame ends within its arguments")
	errTooDeep   = errors.New("a field table is nested too deep")
	errFieldType = errors.New("a field table has a value of unknown type")
)

// arguments reads the arguments of a method. After the first error, which stays, everything reads as zero.
type arguments struct {
	unread []byte
	err    error
}

func (a *arguments) take(count int) []byte {
	if a.err != nil || count > len(a.unread) {
		a.err = cmp.Or(a.err, errShort)
		return nil
	}
	taken := a.unread[:count]
	a.unread = a.unread[count:]
	return taken
}

func (a *arguments) octet() byte {
	if octet := a.take(1); octet != nil {
		return octet[0]
	}
	return 0
}

func (a *arguments) short() uint16 {
	if octets := a.take(2); octets != nil {
		return binary.BigEndian.Uint16(octets)
	}
	return 0
}

func (a *arguments) long() uint32 {
	if octets := a.take(4); octets != nil {
		return binary.BigEndian.Uint32(octets)
	}
	return 0
}

func (a *arguments) longLong() uint64 {
	if octets := a.take(8); octets != nil {
		return binary.BigEndian.Uint64(octets)
	}
	return 0
}

// shortBytes reads a short string without copying it.
func (a *arguments) shortBytes() []byte { return a.take(int(a.octet())) }

func (a *arguments) shortString() string { return string(a.shortBytes()) }

// longString reads a long string, or a table unread, without copying it.
func (a *arguments) longString() []byte {
	count := a.long()
	if uint64(count) > uint64(len(a.unread)) { // also where an int has 32 bits
		a.err = cmp.Or(a.err, errShort)
		return nil
	}
	return a.take(int(count))
}

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
