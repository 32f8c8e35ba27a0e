package directory

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

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
	if len(id) != 2*len(to) || strings.ToLower(id) != id {
		return false
	}
	_, err := hex.Decode(to[:], []byte(id))
	return err == nil
}
