package treelog

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
)

// Proof shows that an entry is in the tree of the newest checkpoint.
type Proof struct {
	Index uint64
	Entry []byte
	Leaf  tlog.Hash
	Path  tlog.RecordProof
}

// Prove makes the proof of an entry from the tiles, and checks it.
func (l *Log) Prove(index uint64) (*Proof, error) {
	entries, err := l.Bundle(index/evidence.TileWidth, l.Newest.Size)
	if err != nil {
		return nil, err
	}
	p := &Proof{Index: index, Entry: entries[index%evidence.TileWidth]}
	p.Leaf = evidence.LeafHash(p.Entry)
	size, at := int64(l.Newest.Size), int64(index)
	if p.Path, err = tlog.ProveRecord(size, at, tlog.HashReaderFunc(l.hashes)); err != nil {
		return nil, fmt.Errorf("prove entry %d: %w", index, err)
	}
	if err := tlog.CheckRecord(p.Path, size, l.Newest.Root, at, p.Leaf); err != nil {
		return nil, fmt.Errorf("%w: entry %d is not in the tree of the signed checkpoint: %w", ErrNotProved, index, err)
	}
	return p, nil
}

// hashes reads nodes of the tree by their indices in the order of package tlog.
func (l *Log) hashes(indices []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indices))
	for i, index := range indices {
		level, n := tlog.SplitStoredHashIndex(index)
		// The node is the root of 1<<(level%8) hashes of a tile of level/8.
		count := int64(1) << (level % evidence.TileHeight)
		first := n * count
		tileIndex := first / evidence.TileWidth
		within := int(first % evidence.TileWidth)
		size := l.Newest.Size >> (level / evidence.TileHeight * evidence.TileHeight) // hashes of that level
		tile, err := l.tile(level/evidence.TileHeight, uint64(tileIndex), width(uint64(tileIndex), size))
		if err != nil {
			return nil, err
		}
		hashes[i] = rootOf(tile[within : within+int(count)])
	}
	return hashes, nil
}
