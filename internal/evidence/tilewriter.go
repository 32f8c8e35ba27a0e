package evidence

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"
)

// tileWriter writes tiles and bundles below a directory. They are durable after flush.
type tileWriter struct {
	files     fileSystem
	directory string
	open      []file
	// names are the directories that have new names.
	names map[string]bool
	// full are those that were full, without their partial predecessors' names.
	full []string
}

// maxOpen bounds the files that are open until they are synced: the first sync of several pays for most of the work of all.
const maxOpen = 64

// put writes a tile or, for bundleLevel, a bundle.
func (w *tileWriter) put(level int, index uint64, width int, data []byte) error {
	path := BundlePath(index, width)
	if level != bundleLevel {
		path = TilePath(level, index, width)
	}
	path = filepath.Join(w.directory, filepath.FromSlash(path))
	if width == TileWidth {
		w.full = append(w.full, path)
	}
	parent := filepath.Dir(path)
	if err := w.files.MkdirAll(parent, directoryMode); err != nil {
		return err
	}
	for !w.names[parent] && len(parent) >= len(w.directory) {
		w.names[parent] = true
		parent = filepath.Dir(parent)
	}
	f, err := w.files.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, fileMode)
	if err != nil {
		return err
	}
	w.open = append(w.open, f)
	if _, err := f.Write(data); err != nil {
		return err
	}
	if len(w.open) >= maxOpen {
		return w.syncFiles()
	}
	return nil
}

// putPartial writes what is not full in a tree, but for levels that did not grow since it had a size.
func (w *tileWriter) putPartial(t *tree, before uint64) error {
	for level, tile := range t.tiles {
		count := t.size >> (TileHeight * level)
		if len(tile) == 0 || count == before>>(TileHeight*level) {
			continue
		}
		if err := w.put(level, count/TileWidth, len(tile)/tlog.HashSize, tile); err != nil {
			return err
		}
	}
	if width := PartialWidth(0, t.size); width > 0 && t.size != before {
		return w.put(bundleLevel, t.size/TileWidth, width, t.bundle)
	}
	return nil
}

func (w *tileWriter) syncFiles() error {
	var err error
	for _, f := range w.open {
		if err == nil {
			err = f.Sync()
		}
		err = errors.Join(err, f.Close())
	}
	w.open = w.open[:0]
	return err
}

func (w *tileWriter) flush() error {
	if err := w.syncFiles(); err != nil {
		return err
	}
	for name := range w.names {
		if err := syncPath(w.files, name); err != nil {
			return fmt.Errorf("sync %s: %w", name, err)
		}
	}
	return nil
}

// close closes what a failure left open.
func (w *tileWriter) close() {
	for _, f := range w.open {
		_ = f.Close()
	}
	w.open = nil
}

// removePartial removes the partial tiles and bundles whose full ones are there.
func (w *tileWriter) removePartial() error {
	var errs []error
	for _, path := range w.full {
		errs = append(errs, w.files.RemoveAll(path+".p"))
	}
	w.full = nil
	return errors.Join(errs...)
}
