package directory

import (
	"crypto/sha256"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
)

// key is a kind and an id in 18 bytes. Keystone's own ids (32 hexadecimal digits, uuid4) stand in it as they are; of all
// other ones (64 digits for LDAP and federated users, the domain `default`) it holds 128 bits of their SHA-256.
type key struct {
	kind   keystone.Kind
	hashed bool
	id     [16]byte
}

func keyOf(kind keystone.Kind, id string) key {
	k := key{kind: kind}
	if !decodeHex(&k.id, id) {
		k.hashed = true
		sum := sha256.Sum256([]byte(id))
		copy(k.id[:], sum[:])
	}
	return k
}

// decodeHex reads lower-case digits alone, or two ids would have one key.
func decodeHex(to *[16]byte, id string) bool {
	if len(id) != 2*len(to) {
		return false
	}
	var bad byte
	for i := range to {
		high, low := digits[id[2*i]], digits[id[2*i+1]]
		bad |= high | low
		to[i] = high<<4 | low&0x0f
	}
	return bad&notADigit == 0
}

const notADigit = 0x80

// digits are the values of hexadecimal digits.
var digits = func() (values [256]byte) {
	for i := range values {
		values[i] = notADigit
	}
	for i, c := range []byte("0123456789abcdef") {
		values[c] = byte(i)
	}
	return values
}()
