package evidence

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// tree is the right edge of the hash tree: of each level of tiles the one that is not full yet, and the bundle that is not.
type tree struct {
	size uint64
	// tiles are the partial tiles, fewer than TileWidth hashes each.
	tiles [][]byte
	// bundle is the partial bundle.
	bundle []byte
}

// full is told of each tile that is full, and of each bundle (level -1).
type full func(level int, index uint64, data []byte) error

const bundleLevel = -1

// add adds an entry.
func (t *tree) add(entry []byte, full full) error {
	leaf := LeafHash(entry)
	t.bundle = AppendFramed(t.bundle, entry)
	t.size++
	if t.size%TileWidth == 0 {
		if err := full(bundleLevel, t.size/TileWidth-1, t.bundle); err != nil {
			return err
		}
		t.bundle = t.bundle[:0]
	}
	return t.push(0, leaf, full)
}

func (t *tree) push(level int, hash tlog.Hash, full full) error {
	if level == len(t.tiles) {
		t.tiles = append(t.tiles, make([]byte, 0, TileWidth*tlog.HashSize))
	}
	t.tiles[level] = append(t.tiles[level], hash[:]...)
	if len(t.tiles[level]) < TileWidth*tlog.HashSize {
		return nil
	}
	index := t.size>>(TileHeight*(level+1)) - 1
	root, err := tileRoot(t.tiles[level])
	if err != nil {
		return err
	}
	if err := full(level, index, t.tiles[level]); err != nil {
		return err
	}
	t.tiles[level] = t.tiles[level][:0]
	return t.push(level+1, root, full)
}

// tileRoot returns the hash of a full tile.
func tileRoot(data []byte) (tlog.Hash, error) {
	tile := tlog.Tile{H: TileHeight, W: TileWidth}
	left, err := tlog.HashFromTile(tile, data, tlog.StoredHashIndex(TileHeight-1, 0))
	if err != nil {
		return tlog.Hash{}, err
	}
	right, err := tlog.HashFromTile(tile, data, tlog.StoredHashIndex(TileHeight-1, 1))
	return tlog.NodeHash(left, right), err
}

// root returns the root hash: all hashes that it needs stand in the right edge.
func (t *tree) root() (tlog.Hash, error) {
	return tlog.TreeHash(int64(t.size), tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			tile := tlog.TileForIndex(TileHeight, index)
			if tile.L >= len(t.tiles) || uint64(tile.N) != t.size>>(TileHeight*(tile.L+1)) {
				return nil, fmt.Errorf("hash %d is not in the right edge", index)
			}
			hash, err := tlog.HashFromTile(tile, t.tiles[tile.L], index)
			if err != nil {
				return nil, err
			}
			hashes[i] = hash
		}
		return hashes, nil
	}))
}

// loadTree reads the right edge of a checkpoint's tree, and checks it against the checkpoint.
func loadTree(c *Checkpoint, read func(path string) ([]byte, error)) (*tree, error) {
	t := &tree{size: c.Size}
	for level := 0; c.Size>>(TileHeight*level) > 0; level++ {
		tile := make([]byte, 0, TileWidth*tlog.HashSize)
		if width := PartialWidth(level, c.Size); width > 0 {
			data, err := read(TilePath(level, c.Size>>(TileHeight*(level+1)), width))
			if err != nil {
				return nil, err
			}
			if len(data) != width*tlog.HashSize {
				return nil, fmt.Errorf("a tile of level %d has %d bytes instead of %d", level, len(data), width*tlog.HashSize)
			}
			tile = append(tile, data...)
		}
		t.tiles = append(t.tiles, tile)
	}
	root, err := t.root()
	if err != nil {
		return nil, err
	}
	if root != c.Root {
		return nil, errors.New("the tiles are not those of the signed checkpoint")
	}
	if width := PartialWidth(0, c.Size); width > 0 {
		if t.bundle, err = read(BundlePath(c.Size/TileWidth, width)); err != nil {
			return nil, err
		}
		if err := checkBundle(t.bundle, t.tiles[0]); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// checkBundle checks the entries of a bundle against their tile.
func checkBundle(bundle, tile []byte) error {
	for len(tile) > 0 {
		entry, rest, err := NextFramed(bundle)
		if err != nil {
			return err
		}
		if leaf := LeafHash(entry); leaf != tlog.Hash(tile[:tlog.HashSize]) {
			return errors.New("the entries are not those of the signed checkpoint")
		}
		bundle, tile = rest, tile[tlog.HashSize:]
	}
	if len(bundle) > 0 {
		return errors.New("a bundle has more entries than the signed checkpoint")
	}
	return nil
}
