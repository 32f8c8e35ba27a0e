package treelog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"sort"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
	"golang.org/x/sync/errgroup"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
)

// Statement says what the root of the first entries is: a checkpoint that is kept elsewhere, or an entry of the log itself.
type Statement struct {
	Source string
	Size   uint64
	Root   tlog.Hash
}

// Result is what a check found.
type Result struct {
	// Authentic says that the entries are those of the newest checkpoint.
	Authentic bool
	// Problems are the findings, in words.
	Problems []string
	// Removed is the number of entries at the beginning of which only the hashes are there.
	Removed uint64
	// Statements is how many checkpoints and beginnings of months were held against the entries.
	Statements int
	// Altered are the indices of entries that are not those that were signed.
	Altered map[uint64]bool

	checker *checker
}

// Entries visits the entries of a bundle that are as the hash tree in the directory has them; first is the index of the first. It is called
// from several goroutines at once.
type Entries func(first uint64, entries [][]byte)

// checker is the state of a check.
type checker struct {
	log    *Log
	visit  Entries
	mu     sync.Mutex
	result *Result
	// byEntries are the roots of the bundles' entries, byTiles those of the hashes in the tiles.
	byEntries, byTiles []tlog.Hash
	tilesAreRight      bool
	differing          map[uint64][]uint64 // bundle → entries that are not as in its tile
	absent             map[uint64]bool     // bundles
	statements         []Statement
}

// Check reads the whole log up to its newest checkpoint. Every entry that begins a month is held against those before it.
func (l *Log) Check(ctx context.Context, visit Entries) (*Result, error) {
	bundles := (l.Newest.Size + evidence.TileWidth - 1) / evidence.TileWidth
	c := &checker{
		log: l, visit: visit, result: &Result{Altered: map[uint64]bool{}},
		byEntries: make([]tlog.Hash, bundles), byTiles: make([]tlog.Hash, bundles),
		differing: map[uint64][]uint64{}, absent: map[uint64]bool{},
	}
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for index := range bundles {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error { c.bundle(index); return nil })
	}
	if err := errors.Join(group.Wait(), ctx.Err()); err != nil {
		return nil, err
	}
	c.decide()
	c.upperTiles()
	c.result.checker = c
	c.result.Hold(c.statements)
	return c.result, nil
}

func (c *checker) problem(format string, arguments ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.result.Problems = append(c.result.Problems, fmt.Sprintf(format, arguments...))
}

// bundle reads one bundle and its tile.
func (c *checker) bundle(index uint64) {
	size := c.log.Newest.Size
	wide := width(index, size)
	tile, tileErr := c.log.tile(0, index, wide)
	entries, err := c.log.Bundle(index, size)
	if err != nil {
		c.withoutEntries(index, tile, tileErr, err)
		return
	}
	if tileErr != nil {
		c.problem("tile of hashes: %v", tileErr)
	}
	leaves := make([]tlog.Hash, len(entries))
	for i, entry := range entries {
		leaves[i] = evidence.LeafHash(entry)
	}
	c.byEntries[index] = rootOf(leaves)
	c.byTiles[index] = c.byEntries[index]
	first := index * evidence.TileWidth
	if tileErr == nil {
		var differing []uint64
		for i := range leaves {
			if leaves[i] != tile[i] {
				differing = append(differing, first+uint64(i))
			}
		}
		if differing != nil {
			c.byTiles[index] = rootOf(tile)
			c.mu.Lock()
			c.differing[index] = differing
			c.mu.Unlock()
			return // visited when it is known which are right
		}
	}
	c.entries(first, entries)
}

// shardKind is in the entry that begins a month. Within a value its quotes are escaped.
var shardKind = []byte(`"k":"` + evidence.KindShard + `"`)

// withoutEntries takes the root of a bundle that cannot be read from its tile, or from that above: when the retention time of entries has
// passed, both they and the lowest tiles are deleted.
func (c *checker) withoutEntries(index uint64, tile []tlog.Hash, tileErr, err error) {
	if errors.Is(err, fs.ErrNotExist) {
		c.mu.Lock()
		c.absent[index] = true
		c.mu.Unlock()
	} else {
		c.problem("bundle of entries: %v", err)
	}
	if tileErr == nil {
		c.byTiles[index] = rootOf(tile)
	} else if above, err := c.log.tile(1, index/evidence.TileWidth,
		width(index/evidence.TileWidth, c.log.Newest.Size/evidence.TileWidth)); err != nil || int(index%evidence.TileWidth) >= len(above) {
		c.problem("the entries from %d on are missing, and so are their hashes", index*evidence.TileWidth)
	} else {
		c.byTiles[index] = above[index%evidence.TileWidth]
	}
	c.byEntries[index] = c.byTiles[index]
}

func (c *checker) entries(first uint64, entries [][]byte) {
	for i, data := range entries {
		if !bytes.Contains(data, shardKind) {
			continue
		}
		if entry, err := evidence.ParseEntry(data); err == nil && entry.Kind == evidence.KindShard {
			c.mu.Lock()
			c.statements = append(c.statements, Statement{
				fmt.Sprintf("entry %d, which begins %s", first+uint64(i), entry.Month), entry.Count, entry.Root,
			})
			c.mu.Unlock()
		}
	}
	if c.visit != nil {
		c.visit(first, entries)
	}
}

// roots are those of the bundles.
func (c *checker) roots() []tlog.Hash {
	if c.tilesAreRight {
		return c.byTiles
	}
	return c.byEntries
}

// decide finds out whether the entries or the tiles are what was signed.
func (c *checker) decide() {
	newest := c.log.Newest
	c.result.Authentic = rootOf(c.byEntries) == newest.Root
	if !c.result.Authentic && len(c.differing) > 0 && rootOf(c.byTiles) == newest.Root {
		c.result.Authentic, c.tilesAreRight = true, true
	}
	for index, differing := range c.differing {
		entries, err := c.log.Bundle(index, newest.Size)
		if err != nil {
			c.problem("bundle of entries: %v", err)
			continue
		}
		if !c.tilesAreRight {
			c.problem("the tile of hashes of the entries from %d on is not that of the entries", index*evidence.TileWidth)
		} else {
			for _, i := range differing {
				c.problem("entry %d is not the one that was signed", i)
				c.result.Altered[i] = true
			}
		}
		c.entries(index*evidence.TileWidth, entries)
	}
	if !c.result.Authentic {
		c.problem("the entries are not those of the signed checkpoint: their root is %v, the checkpoint of %d entries has %v",
			rootOf(c.byEntries), newest.Size, newest.Root)
	}
	for index := uint64(0); c.absent[index]; index++ {
		c.result.Removed += uint64(width(index, newest.Size))
		delete(c.absent, index)
	}
	for index := range c.absent {
		c.problem("the entries from %d on are missing: no %s", index*evidence.TileWidth, evidence.BundlePath(index, width(index, newest.Size)))
	}
}

// upperTiles holds the tiles above the lowest against the roots of the bundles.
func (c *checker) upperTiles() {
	size := c.log.Newest.Size
	nodes := c.roots()[:size/evidence.TileWidth]
	for level := 1; len(nodes) > 0; level++ {
		var above []tlog.Hash
		for start := 0; start < len(nodes); start += evidence.TileWidth {
			want := nodes[start:min(start+evidence.TileWidth, len(nodes))]
			index := uint64(start / evidence.TileWidth)
			have, err := c.log.tile(level, index, len(want))
			switch {
			case err != nil:
				c.problem("tile of hashes: %v", err)
			case rootOf(have) != rootOf(want):
				c.problem("%s has not the hashes of the entries", evidence.TilePath(level, index, len(want)))
			}
			if len(want) == evidence.TileWidth {
				above = append(above, rootOf(want))
			}
		}
		nodes = above
	}
}

// Hold holds statements against the entries.
func (r *Result) Hold(statements []Statement) {
	c := r.checker
	newest := c.log.Newest
	sort.Slice(statements, func(i, j int) bool { return statements[i].Size < statements[j].Size })
	r.Statements += len(statements)
	var before frontier
	for _, statement := range statements {
		if statement.Size > newest.Size {
			c.problem("the log was cut back: %s is of %d entries, the log's newest checkpoint of %d", statement.Source, statement.Size, newest.Size)
			continue
		}
		for before.size < statement.Size/evidence.TileWidth {
			before.append(c.roots()[before.size])
		}
		root, err := c.rootAt(&before, statement.Size)
		switch {
		case err != nil && statement.Size <= r.Removed: // nobody can say any more what it was
			r.Statements--
		case err != nil:
			c.problem("%s cannot be checked: %v", statement.Source, err)
		case root != statement.Root:
			c.problem("the log was forked: %s of %d entries has the root %v, the entries here %v",
				statement.Source, statement.Size, statement.Root, root)
		}
	}
}

func (c *checker) rootAt(before *frontier, size uint64) (tlog.Hash, error) {
	if size%evidence.TileWidth == 0 {
		return before.root(nil), nil
	}
	index := size / evidence.TileWidth
	leaves, err := c.log.tile(0, index, int(size%evidence.TileWidth))
	if err != nil || !c.tilesAreRight && c.differing[index] != nil {
		entries, err := c.log.Bundle(index, size)
		if err != nil {
			return tlog.Hash{}, err
		}
		leaves = leaves[:0]
		for _, entry := range entries {
			leaves = append(leaves, evidence.LeafHash(entry))
		}
	}
	last := rootOf(leaves)
	return before.root(&last), nil
}
