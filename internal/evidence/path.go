package evidence

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// CheckpointPath is where the newest checkpoint is, below the log's directory. Paths have slashes on every system.
const CheckpointPath = "checkpoint"

const (
	// TileHeight is the number of tree levels that a tile spans.
	TileHeight = 8
	// TileWidth is the number of hashes in a full tile, and of entries in a full bundle.
	TileWidth = 1 << TileHeight
)

// TilePath returns where a tile is. A width of TileWidth is a full tile.
func TilePath(level int, index uint64, width int) string {
	return fmt.Sprintf("tile/%d/%s", level, position(index, width))
}

// BundlePath returns where a bundle of entries is.
func BundlePath(index uint64, width int) string {
	return "tile/entries/" + position(index, width)
}

// PartialWidth returns the width of the partial tile of a level in a tree, or of the partial bundle for level 0; 0: there is none.
func PartialWidth(level int, treeSize uint64) int {
	return int(treeSize >> (TileHeight * level) % TileWidth)
}

// position encodes an index in groups of three digits, all but the last after an x: 1234067 is x001/x234/067.
func position(index uint64, width int) string {
	path := fmt.Sprintf("%03d", index%1000)
	for index >= 1000 {
		index /= 1000
		path = fmt.Sprintf("x%03d/%s", index%1000, path)
	}
	if width < TileWidth {
		path += fmt.Sprintf(".p/%d", width)
	}
	return path
}

// tilePath returns where a tile of package tlog is, whose own paths are those of the Go checksum database.
func tilePath(t tlog.Tile) string {
	return TilePath(t.L, uint64(t.N), t.W)
}
