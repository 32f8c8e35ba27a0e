// Package treelog reads an evidence log from a directory and checks it: signatures, the hash tree, and every checkpoint against the
// entries.
package treelog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
)

// Log is a log in a directory, signed by a key.
type Log struct {
	Dir string
	// Newest is the checkpoint in the directory.
	Newest *evidence.Checkpoint
	// Unsigned are the entries that the collector wrote since.
	Unsigned [][]byte
	Key      *Key
}

// Key checks checkpoints.
type Key struct {
	plain    note.Verifier
	verifier *evidence.Verifier
}

// NewKey returns the key of a log (origin+hash+key), and of witnesses.
func NewKey(key string, witnesses ...string) (*Key, error) {
	plain, err := note.NewVerifier(key)
	if err != nil {
		return nil, fmt.Errorf("--key %q is no verifier key of signed notes (origin+hash+key): %w", key, err)
	}
	verifier, err := evidence.NewVerifier(key, witnesses...)
	if err != nil {
		return nil, err
	}
	return &Key{plain: plain, verifier: verifier}, nil
}

// ErrForged says that what has the name of the key as signature was not made with the key.
var ErrForged = errors.New("the signature is wrong: the checkpoint was changed, or made by somebody else")

// ErrNotProved says that the hashes do not lead to the signed root.
var ErrNotProved = errors.New("the proof fails")

// ErrOtherKey says that a checkpoint has no signature of the key.
var ErrOtherKey = errors.New("the checkpoint is not signed by this key")

// Open reads a signed checkpoint.
func (k *Key) Open(data []byte) (*evidence.Checkpoint, error) {
	_, err := note.Open(data, note.VerifierList(k.plain))
	var invalid *note.InvalidSignatureError
	var unverified *note.UnverifiedNoteError
	switch {
	case errors.As(err, &invalid):
		return nil, ErrForged
	case errors.As(err, &unverified):
		return nil, fmt.Errorf("%w (%s+%08x)", ErrOtherKey, k.plain.Name(), k.plain.KeyHash())
	case err != nil:
		return nil, fmt.Errorf("no signed checkpoint: %w", err)
	}
	checkpoint, err := k.verifier.Open(data)
	if errors.As(err, &invalid) { // that of the cosignature
		return nil, ErrForged
	}
	return checkpoint, err
}

// Directories returns the directories of logs: those that are named, and where one has logs in directories below it, such as one for each
// month, these.
func Directories(named []string) (directories []string) {
	for _, dir := range named {
		if _, err := os.Stat(filepath.Join(dir, evidence.CheckpointPath)); err == nil {
			directories = append(directories, dir)
			continue
		}
		below, _ := filepath.Glob(filepath.Join(dir, "*", evidence.CheckpointPath))
		for _, path := range below {
			directories = append(directories, filepath.Dir(path))
		}
		if below == nil {
			directories = append(directories, dir)
		}
	}
	return directories
}

// maxSize is more than a collector logs in a thousand years.
const maxSize = 1 << 40

// Open opens the log in a directory, which one of the keys has signed.
func Open(dir string, keys ...*Key) (*Log, error) {
	path := filepath.Join(dir, evidence.CheckpointPath)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("no log: %w", err)
	}
	for _, key := range keys {
		var checkpoint *evidence.Checkpoint
		if checkpoint, err = key.Open(data); err == nil {
			if checkpoint.Size > maxSize {
				return nil, fmt.Errorf("%s: a log of %d entries is larger than audit-verify can check", path, checkpoint.Size)
			}
			log := &Log{Dir: dir, Newest: checkpoint, Key: key}
			return log, evidence.ReadJournal(dir, checkpoint.Size, func(entry []byte) { log.Unsigned = append(log.Unsigned, entry) })
		}
		if !errors.Is(err, ErrOtherKey) {
			break
		}
	}
	return nil, fmt.Errorf("%s: %w", path, err)
}
