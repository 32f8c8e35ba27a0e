package evidence

import (
	"bytes"
	"context"
	"errors"
	"fmt"
)

// Publish writes the tiles and bundles of all entries that are in the log, signs their checkpoint, has it cosigned and writes it. The
// checkpoint is nil if RequireWitness is set and no witness cosigned it.
func (l *Log) Publish(ctx context.Context) (*Checkpoint, error) {
	l.publishing.Lock()
	defer l.publishing.Unlock()
	size, err := l.endSegment()
	if err != nil {
		return nil, err
	}
	if l.tree == nil {
		if err := l.loadTree(); err != nil {
			return nil, err
		}
	}
	checkpoint, err := l.publish(ctx, size)
	if err != nil {
		l.tree = nil // it may have grown without its tiles
	}
	return checkpoint, err
}

// endSegment returns the number of entries to publish, which all stand in segments that do not grow any more.
func (l *Log) endSegment() (uint64, error) {
	l.committing.Lock()
	defer l.committing.Unlock()
	if err := l.ready(); err != nil {
		return 0, err
	}
	if err := l.writeDue(); err != nil {
		return 0, err
	}
	l.journal.close()
	return l.journal.size, nil
}

func (l *Log) publish(ctx context.Context, size uint64) (*Checkpoint, error) {
	if err := l.unchanged(); err != nil {
		return nil, err
	}
	if err := l.greet(ctx); err != nil {
		return nil, err
	}
	writer := tileWriter{files: l.files, directory: l.Directory, names: map[string]bool{}}
	defer writer.close()
	if err := l.writeTiles(&writer, size); err != nil {
		return nil, err
	}
	root, err := l.tree.root()
	if err != nil {
		return nil, err
	}
	signed, err := l.Signer.Sign(size, root)
	if err != nil {
		return nil, fmt.Errorf("sign the checkpoint: %w", err)
	}
	signed, err = l.cosign(ctx, signed, size, root)
	if err != nil || signed == nil {
		return nil, err
	}
	checkpoint, err := l.verifier.Open(signed)
	if err != nil {
		return nil, err
	}
	// The mark comes first: a directory that is replaced by an older copy at any time has fewer entries than it says.
	if err := writeAtomically(l.files, l.markPath(), signed); err != nil {
		return nil, fmt.Errorf("write the checkpoint: %w", err)
	}
	l.mark = checkpoint
	if err := writeAtomically(l.files, l.path(CheckpointPath), signed); err != nil {
		return nil, fmt.Errorf("write the checkpoint: %w", err)
	}
	l.published.Store(checkpoint)
	return checkpoint, l.tidy(&writer, size)
}

// unchanged halts the log if its checkpoint on disk is not the one that was published last.
func (l *Log) unchanged() error {
	published := l.published.Load()
	data, err := readIfThere(l.files, l.path(CheckpointPath))
	if err != nil {
		return err
	}
	if published == nil && data == nil || published != nil && bytes.Equal(published.Note, data) {
		return nil
	}
	if l.mark != nil && bytes.Equal(l.mark.Note, data) { // written, though an error followed
		return nil
	}
	return l.halt(l.path(CheckpointPath) + " was removed or replaced while it was in use")
}

// writeTiles takes the entries of the journal into the tree, and writes what becomes of them.
func (l *Log) writeTiles(w *tileWriter, size uint64) error {
	before := l.tree.size
	full := func(level int, index uint64, data []byte) error { return w.put(level, index, TileWidth, data) }
	parts, err := segments(l.files, l.Directory)
	if err != nil {
		return err
	}
	for _, s := range parts {
		if s.first >= size {
			break
		}
		var failure error
		_, _, _, err := s.read(l.files, func(index uint64, entry []byte) {
			if failure == nil && index == l.tree.size && index < size {
				failure = errors.Join(l.tree.add(entry, full), l.checkMark())
			}
		})
		if err := errors.Join(err, failure); err != nil {
			return err
		}
	}
	if l.tree.size != size {
		return l.halt(fmt.Sprintf("the journal has entries up to %d instead of %d", l.tree.size, size))
	}
	if err := w.putPartial(l.tree, before); err != nil {
		return err
	}
	if err := w.flush(); err != nil {
		return err
	}
	return l.writeShards()
}

// checkMark holds the tree against the newest checkpoint that is remembered, when it has as many entries.
func (l *Log) checkMark() error {
	if l.mark == nil || l.tree.size != l.mark.Size {
		return nil
	}
	root, err := l.tree.root()
	if err == nil && root != l.mark.Root {
		err = l.halt(fmt.Sprintf("the first %d entries of %s are not those of %s", l.mark.Size, l.Directory, l.markPath()))
	}
	return err
}

func (l *Log) writeShards() error {
	l.committing.Lock()
	month, index := l.journal.shard.Month, l.journal.shardIndex
	l.committing.Unlock()
	line := fmt.Sprintf("%s %d\n", month, index)
	if month == "" || bytes.HasSuffix(l.shards, []byte(line)) {
		return nil
	}
	shards := append(bytes.Clone(l.shards), line...)
	if err := writeAtomically(l.files, l.path(shardsFile), shards); err != nil {
		return err
	}
	l.shards = shards
	return nil
}

// tidy removes what the published checkpoint makes superfluous.
func (l *Log) tidy(w *tileWriter, size uint64) error {
	parts, err := segments(l.files, l.Directory)
	if err != nil {
		return err
	}
	for _, s := range parts {
		if s.first < size { // it ended before the checkpoint was made
			err = errors.Join(err, l.files.Remove(s.path))
		}
	}
	return errors.Join(err, w.removePartial())
}
