package evidence

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint is what a signed checkpoint says.
type Checkpoint struct {
	// Origin is the name of the log.
	Origin string
	// Size is the number of entries.
	Size uint64
	// Root is the root hash of the tree of these entries.
	Root tlog.Hash
	// Time is when the log signed it, by the log's clock in seconds; zero without a cosignature/v1 of the log's own key.
	Time time.Time
	// Cosigned is when each witness cosigned it, by the name of its key.
	Cosigned map[string]time.Time
	// Note is the signed note itself.
	Note []byte
}

// Signer signs checkpoints, each twice: as a note (Ed25519), and with the time as a cosignature/v1. Both are made with one key.
type Signer struct {
	name        string
	verifierKey string
	signers     []note.Signer
}

// NewSigner returns the signer of a private key in note's format, PRIVATE+KEY+origin+hash+key.
func NewSigner(key string) (*Signer, error) {
	plain, err := note.NewSigner(key)
	if err != nil {
		return nil, fmt.Errorf("not a private key in the format of signed notes (PRIVATE+KEY+origin+hash+key): %w", err)
	}
	timed, err := fnote.NewSignerForCosignatureV1(key)
	if err != nil {
		return nil, fmt.Errorf("not a key for cosignatures: %w", err)
	}
	verifierKey, err := verifierKeyOf(key, plain.Name())
	if err != nil {
		return nil, err
	}
	return &Signer{name: plain.Name(), verifierKey: verifierKey, signers: []note.Signer{plain, timed}}, nil
}

// verifierKeyOf returns the public key to a private key that NewSigner of package note accepts: PRIVATE+KEY+name+hash+key, where the last
// is one byte for the algorithm and the seed, in base64.
func verifierKeyOf(key, name string) (string, error) {
	fields := strings.SplitN(key, "+", 5) // base64 may have a plus of its own
	seed, err := base64.StdEncoding.DecodeString(fields[len(fields)-1])
	if err != nil || len(seed) != 1+ed25519.SeedSize {
		return "", errors.New("not an Ed25519 key")
	}
	public := ed25519.NewKeyFromSeed(seed[1:]).Public().(ed25519.PublicKey)
	return note.NewEd25519VerifierKey(name, public)
}

// Origin returns the name of the key, which is that of its log.
func (s *Signer) Origin() string { return s.name }

// VerifierKey returns the public key, origin+hash+key.
func (s *Signer) VerifierKey() string { return s.verifierKey }

// Sign returns the signed checkpoint of a tree.
func (s *Signer) Sign(size uint64, root tlog.Hash) ([]byte, error) {
	text := log.Checkpoint{Origin: s.name, Size: size, Hash: root[:]}.Marshal()
	return note.Sign(&note.Note{Text: string(text)}, s.signers...)
}

// Verifier checks checkpoints.
type Verifier struct {
	plain, timed note.Verifier
	witnesses    []note.Verifier
}

// NewVerifier returns the verifier of a public key in note's format, origin+hash+key, with the public keys of witnesses, if any.
func NewVerifier(key string, witnesses ...string) (*Verifier, error) {
	plain, err := note.NewVerifier(key)
	if err != nil {
		return nil, fmt.Errorf("not a public key in the format of signed notes (origin+hash+key): %w", err)
	}
	timed, err := fnote.NewVerifierForCosignatureV1(key)
	if err != nil {
		return nil, fmt.Errorf("not a key for cosignatures: %w", err)
	}
	v := &Verifier{plain: plain, timed: timed}
	for _, key := range witnesses {
		witness, err := NewWitnessVerifier(key)
		if err != nil {
			return nil, fmt.Errorf("%q is not the public key of a witness (name+hash+key): %w", key, err)
		}
		v.witnesses = append(v.witnesses, witness)
	}
	return v, nil
}

// Origin returns the name of the log.
func (v *Verifier) Origin() string { return v.plain.Name() }

// Open checks a signed checkpoint and returns what it says. The log's own signature has to be there, and none of a known key may be wrong.
func (v *Verifier) Open(data []byte) (*Checkpoint, error) {
	known := append([]note.Verifier{v.plain, v.timed}, v.witnesses...)
	if _, err := note.Open(data, note.VerifierList(known...)); err != nil {
		return nil, fmt.Errorf("verify the signatures: %w", err) // ParseCheckpoint does not wrap it
	}
	says, rest, n, err := log.ParseCheckpoint(data, v.Origin(), v.plain, known[1:]...)
	if err != nil {
		return nil, err
	}
	if len(says.Hash) != tlog.HashSize || says.Size > 1<<62 || len(rest) > 0 {
		return nil, errors.New("the checkpoint has a size or hash that no log has, or lines that this version does not know")
	}
	c := &Checkpoint{Origin: says.Origin, Size: says.Size, Root: tlog.Hash(says.Hash), Cosigned: map[string]time.Time{}, Note: data}
	for _, signature := range n.Sigs {
		if signature.Name == v.plain.Name() && signature.Hash == v.plain.KeyHash() {
			continue
		}
		at, err := fnote.CoSigV1Timestamp(signature)
		if err != nil {
			return nil, fmt.Errorf("the cosignature of %s has no time: %w", signature.Name, err)
		}
		if signature.Name == v.timed.Name() && signature.Hash == v.timed.KeyHash() {
			c.Time = at
		} else {
			c.Cosigned[signature.Name] = at
		}
	}
	return c, nil
}
