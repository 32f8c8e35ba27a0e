package evidence

import (
	"iter"

	"golang.org/x/mod/sumdb/tlog"
)

// Batch is the entries that are appended together. The zero value is an empty batch.
type Batch struct {
	journaled []byte
	ends      []int // of the entries in journaled
	leaves    []tlog.Hash
	entry     []byte
}

// Add adds an entry.
func (b *Batch) Add(e *Entry) {
	b.entry = e.Append(b.entry[:0])
	b.leaves = append(b.leaves, LeafHash(b.entry))
	b.journaled = appendJournaled(b.journaled, b.entry)
	b.ends = append(b.ends, len(b.journaled))
}

// Reset empties the batch, whose memory can be used again.
func (b *Batch) Reset() {
	b.journaled, b.ends, b.leaves = b.journaled[:0], b.ends[:0], b.leaves[:0]
}

// Len returns the number of entries.
func (b *Batch) Len() int { return len(b.leaves) }

// Entries returns the entries with their hashes in the tree.
func (b *Batch) Entries() iter.Seq2[tlog.Hash, Entry] {
	return func(yield func(tlog.Hash, Entry) bool) {
		rest := b.journaled
		for _, leaf := range b.leaves {
			data, after, ok := nextJournaled(rest)
			if !ok {
				return
			}
			rest = after
			if entry, err := ParseEntry(data); err != nil || !yield(leaf, entry) {
				return
			}
		}
	}
}

// group is the batches that are made durable together.
type group struct {
	batch     Batch
	has       map[tlog.Hash]struct{}
	committed bool
	err       error
}

// join adds the entries of a batch that are neither in the log nor in the group.
func (g *group) join(b *Batch, seen *seen) {
	start := 0
	for i, leaf := range b.leaves {
		entry := b.journaled[start:b.ends[i]]
		start = b.ends[i]
		if _, ok := g.has[leaf]; ok || seen.has(leaf) {
			continue
		}
		if g.has == nil {
			g.has = make(map[tlog.Hash]struct{}, len(b.leaves))
		}
		g.has[leaf] = struct{}{}
		g.batch.leaves = append(g.batch.leaves, leaf)
		g.batch.journaled = append(g.batch.journaled, entry...)
	}
}
