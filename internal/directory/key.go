package directory

import (
	"crypto/sha256"
	"encoding/hex"

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
	if len(id) == 2*len(k.id) && isLowerHex(id) {
		_, _ = hex.Decode(k.id[:], []byte(id))
		return k
	}
	k.hashed = true
	sum := sha256.Sum256([]byte(id))
	copy(k.id[:], sum[:])
	return k
}

func isLowerHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
