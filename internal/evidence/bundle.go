package evidence

import (
	"encoding/binary"
	"errors"
)

// AppendFramed appends an entry's bytes as a bundle has them: after their length, two bytes, the higher one first.
func AppendFramed(dst, entry []byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(entry)))
	return append(dst, entry...)
}

// errTorn says that a bundle ends within an entry.
var errTorn = errors.New("a bundle ends within an entry")

// NextFramed returns the bytes of the first entry of a bundle, and the rest of the bundle.
func NextFramed(bundle []byte) (entry, rest []byte, err error) {
	if len(bundle) < 2 {
		return nil, nil, errTorn
	}
	size := int(binary.BigEndian.Uint16(bundle))
	if len(bundle) < 2+size {
		return nil, nil, errTorn
	}
	return bundle[2 : 2+size], bundle[2+size:], nil
}
