// Package treelogtest writes evidence logs for tests, by the public text alone (c2sp.org/tlog-tiles) and not by the log's own writer.
package treelogtest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Width is the number of entries in a bundle.
const Width = 256

// Writer writes a log.
type Writer struct {
	t      testing.TB
	dir    string
	signer note.Signer
	bundle []byte
	levels [][]byte // of each level the tile that is not full
	size   uint64
}

// NewWriter returns the writer of a log in a directory.
func NewWriter(t testing.TB, dir, key string) *Writer {
	t.Helper()
	signer, err := note.NewSigner(key)
	require.NoError(t, err)
	return &Writer{t: t, dir: dir, signer: signer}
}

// Append appends an entry.
func (w *Writer) Append(entry []byte) {
	w.bundle = binary.BigEndian.AppendUint16(w.bundle, uint16(len(entry)))
	w.bundle = append(w.bundle, entry...)
	w.size++
	if w.size%Width == 0 {
		w.write("tile/entries/"+position(w.size/Width-1), w.bundle)
		w.bundle = w.bundle[:0]
	}
	w.push(0, tlog.RecordHash(entry))
}

func (w *Writer) push(level int, hash tlog.Hash) {
	if level == len(w.levels) {
		w.levels = append(w.levels, nil)
	}
	w.levels[level] = append(w.levels[level], hash[:]...)
	if len(w.levels[level]) < Width*tlog.HashSize {
		return
	}
	w.write(fmt.Sprintf("tile/%d/%s", level, position(w.size>>(8*(level+1))-1)), w.levels[level])
	root := root(w.levels[level])
	w.levels[level] = w.levels[level][:0]
	w.push(level+1, root)
}

// root is that of RFC 6962, by its definition.
func root(hashes []byte) tlog.Hash {
	count := len(hashes) / tlog.HashSize
	if count == 1 {
		return tlog.Hash(hashes)
	}
	left := 1
	for left*2 < count {
		left *= 2
	}
	return tlog.NodeHash(root(hashes[:left*tlog.HashSize]), root(hashes[left*tlog.HashSize:]))
}

// Sign writes what is not full, and a checkpoint, which it returns.
func (w *Writer) Sign() []byte {
	if w.size%Width != 0 {
		w.write(fmt.Sprintf("tile/entries/%s.p/%d", position(w.size/Width), w.size%Width), w.bundle)
	}
	all, have := tlog.Hash(sha256.Sum256(nil)), false
	for level, tile := range w.levels {
		if len(tile) == 0 {
			continue
		}
		w.write(fmt.Sprintf("tile/%d/%s.p/%d", level, position(w.size>>(8*(level+1))), len(tile)/tlog.HashSize), tile)
		hashes := tile
		if have {
			hashes = append(append([]byte{}, tile...), all[:]...)
		}
		all, have = root(hashes), true
	}
	text := fmt.Sprintf("%s\n%d\n%s\n", w.signer.Name(), w.size, base64.StdEncoding.EncodeToString(all[:]))
	signed, err := note.Sign(&note.Note{Text: text}, w.signer)
	require.NoError(w.t, err)
	w.write("checkpoint", signed)
	return signed
}

func (w *Writer) write(path string, data []byte) {
	path = filepath.Join(w.dir, filepath.FromSlash(path))
	require.NoError(w.t, os.MkdirAll(filepath.Dir(path), 0o750))
	require.NoError(w.t, os.WriteFile(path, data, 0o600))
}

// position writes 1234067 as x001/x234/067.
func position(index uint64) string {
	digits := fmt.Sprintf("%03d", index)
	for len(digits)%3 != 0 {
		digits = "0" + digits
	}
	var parts []string
	for ; len(digits) > 3; digits = digits[3:] {
		parts = append(parts, "x"+digits[:3])
	}
	return strings.Join(append(parts, digits), "/")
}
