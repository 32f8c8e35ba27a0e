package amqpframe

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

// Arguments reads the arguments of a method, or the properties of a message. After the first error, which stays, everything reads as zero.
type Arguments struct {
	unread []byte
	err    error
}

// NewArguments reads these octets, which are not copied.
func NewArguments(octets []byte) *Arguments { return &Arguments{unread: octets} }

// Err is the first error.
func (a *Arguments) Err() error { return a.err }

func (a *Arguments) take(count int) []byte {
	if a.err != nil || count > len(a.unread) {
		a.err = cmp.Or(a.err, errShort)
		return nil
	}
	taken := a.unread[:count]
	a.unread = a.unread[count:]
	return taken
}

// Octet reads an octet.
func (a *Arguments) Octet() byte {
	if octet := a.take(1); octet != nil {
		return octet[0]
	}
	return 0
}

// Short reads two octets.
func (a *Arguments) Short() uint16 {
	if octets := a.take(2); octets != nil {
		return binary.BigEndian.Uint16(octets)
	}
	return 0
}

// Long reads four octets.
func (a *Arguments) Long() uint32 {
	if octets := a.take(4); octets != nil {
		return binary.BigEndian.Uint32(octets)
	}
	return 0
}

// LongLong reads eight octets.
func (a *Arguments) LongLong() uint64 {
	if octets := a.take(8); octets != nil {
		return binary.BigEndian.Uint64(octets)
	}
	return 0
}

// ShortBytes reads a short string without copying it.
func (a *Arguments) ShortBytes() []byte { return a.take(int(a.Octet())) }

// ShortString reads a short string.
func (a *Arguments) ShortString() string { return string(a.ShortBytes()) }

// LongBytes reads a long string, or a table unread, without copying it.
func (a *Arguments) LongBytes() []byte {
	count := a.Long()
	if uint64(count) > uint64(len(a.unread)) { // also where an int has 32 bits
		a.err = cmp.Or(a.err, errShort)
		return nil
	}
	return a.take(int(count))
}
