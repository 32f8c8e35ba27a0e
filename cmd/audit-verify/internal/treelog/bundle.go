package treelog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
)

// readWidth reads a tile or a bundle of a width, or a wider one that took its place, of which it is the beginning.
func (l *Log) readWidth(width int, path func(width int) string) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(l.Dir, path(width)))
	if !errors.Is(err, fs.ErrNotExist) || width == evidence.TileWidth {
		return data, err
	}
	if data, err = os.ReadFile(filepath.Join(l.Dir, path(evidence.TileWidth))); !errors.Is(err, fs.ErrNotExist) {
		return data, err
	}
	partial := filepath.Dir(path(width))
	files, _ := os.ReadDir(filepath.Join(l.Dir, partial))
	for _, file := range files {
		if wider, err := strconv.Atoi(file.Name()); err == nil && wider > width {
			return os.ReadFile(filepath.Join(l.Dir, partial, file.Name()))
		}
	}
	return nil, fmt.Errorf("%s: %w", path(width), fs.ErrNotExist)
}

// width is the number of entries in a bundle of a tree of a size.
func width(index, size uint64) int {
	return int(min(evidence.TileWidth, size-index*evidence.TileWidth))
}

// Bundle returns the entries of a bundle, as many as a tree of a size has.
func (l *Log) Bundle(index, size uint64) ([][]byte, error) {
	want := width(index, size)
	data, err := l.readWidth(want, func(width int) string { return evidence.BundlePath(index, width) })
	if err != nil {
		return nil, err
	}
	entries := make([][]byte, 0, want)
	for len(entries) < want {
		var entry []byte
		if entry, data, err = evidence.NextFramed(data); err != nil {
			return entries, fmt.Errorf("%s: %w", evidence.BundlePath(index, want), err)
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// tile returns the hashes of a tile, as many as a tree of a size has.
func (l *Log) tile(level int, index uint64, width int) ([]tlog.Hash, error) {
	data, err := l.readWidth(width, func(width int) string { return evidence.TilePath(level, index, width) })
	if err != nil {
		return nil, err
	}
	if len(data) < width*tlog.HashSize || len(data)%tlog.HashSize != 0 {
		return nil, fmt.Errorf("%s has %d bytes, %d are wanted", evidence.TilePath(level, index, width), len(data), width*tlog.HashSize)
	}
	hashes := make([]tlog.Hash, width)
	for i := range hashes {
		hashes[i] = tlog.Hash(data[i*tlog.HashSize:])
	}
	return hashes, nil
}
