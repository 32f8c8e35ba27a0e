// Package signed checks the signatures of events that a service signs. The Rust Keystone does so, openstack-experimental/keystone,
// doc/src/adr/0023-audit.md.
package signed

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/gowebpki/jcs"
)

// Verdict is what came of checking a signature.
type Verdict string

// The verdicts. Whatever it is, the event stays.
const (
	// Verified: the event is as its node signed it.
	Verified Verdict = "verified"
	// Bad: the event was altered, or another key signed it.
	Bad Verdict = "bad"
	// Missing: the event has no signature.
	Missing Verdict = "missing"
	// UnknownKey: there is no key of the version that the event names.
	UnknownKey Verdict = "unknown_key"
	// OtherNode: the signature is right, and the event stands in the file of another node.
	OtherNode Verdict = "other_node"
)

// KeySize is the size of a key-encryption key, in bytes.
const KeySize = sha256.Size

// Keys are key-encryption keys, from which each node derives its own. Nodes that do not share one may have the same version.
type Keys struct {
	byVersion map[uint64][][]byte
}

// Add adds a key-encryption key.
func (k *Keys) Add(version uint64, kek []byte) {
	if k.byVersion == nil {
		k.byVersion = map[uint64][][]byte{}
	}
	k.byVersion[version] = append(k.byVersion[version], kek)
}

// Empty reports whether there is no key at all.
func (k *Keys) Empty() bool { return len(k.byVersion) == 0 }

// Check checks the text of an event, which names the node, the version of the key and the signature.
func (k *Keys) Check(text, nodeID string, version uint64, signature string) Verdict {
	if signature == "" {
		return Missing
	}
	keks := k.byVersion[version]
	if len(keks) == 0 {
		return UnknownKey
	}
	message, err := canonical(text)
	if err != nil {
		return Bad
	}
	for _, kek := range keks {
		if key, err := nodeKey(kek, nodeID); err == nil && signs(key, message, signature) {
			return Verified
		}
	}
	return Bad
}

// nodeKey derives the key of a node: HKDF-Expand alone, for the key-encryption key is random as it is.
func nodeKey(kek []byte, nodeID string) ([]byte, error) {
	return hkdf.Expand(sha256.New, kek, "keystone-audit-hmac-v1:"+nodeID, sha256.Size)
}

func signs(key, message []byte, signature string) bool {
	sum, err := hex.DecodeString(signature)
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(message)
	return hmac.Equal(sum, mac.Sum(nil))
}

// canonical is what is signed: the event without its signature, as RFC 8785 writes it. A member that occurs twice is an error: whoever
// reads the event could read another one than whoever checks it.
func canonical(text string) ([]byte, error) {
	whole, err := jcs.Transform([]byte(text))
	if err != nil {
		return nil, err
	}
	var members, initiator map[string]json.RawMessage
	if err := json.Unmarshal(whole, &members); err != nil {
		return nil, err
	}
	delete(members, "signature")
	nullUnlessSet(members, "outcome_reason")
	if err := json.Unmarshal(members["initiator"], &initiator); err != nil {
		return nil, fmt.Errorf("initiator: %w", err)
	}
	nullUnlessSet(initiator, "project_id", "domain_id")
	if members["initiator"], err = encode(initiator); err != nil {
		return nil, err
	}
	signed, err := encode(members)
	if err != nil {
		return nil, err
	}
	return jcs.Transform(signed)
}

// nullUnlessSet puts back what whoever stored the event left out because it is null. A host that is not there is left out by Keystone, too.
func nullUnlessSet(members map[string]json.RawMessage, names ...string) {
	for _, name := range names {
		if members != nil && members[name] == nil {
			members[name] = json.RawMessage("null")
		}
	}
}

func encode(members map[string]json.RawMessage) (json.RawMessage, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(members)
	return text.Bytes(), err
}
