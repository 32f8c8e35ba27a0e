package treelog_test

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/openstack-audit/otelcol-openstack-audit/cmd/audit-verify/internal/treelog"
	"github.com/openstack-audit/otelcol-openstack-audit/cmd/audit-verify/internal/treelog/treelogtest"
)

// newLog writes a log of so many entries, with a checkpoint at each of some sizes.
func newLog(t testing.TB, size int, checkpoints ...int) (dir string, key *treelog.Key, signed [][]byte) {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, "audit.example.com/test")
	require.NoError(t, err)
	key, err = treelog.NewKey(public)
	require.NoError(t, err)
	dir = t.TempDir()
	writer := treelogtest.NewWriter(t, dir, private)
	for i := range size {
		for _, at := range checkpoints {
			if at == i {
				signed = append(signed, writer.Sign())
			}
		}
		writer.Append(entry(i))
	}
	writer.Sign()
	return dir, key, signed
}

func entry(i int) []byte {
	return fmt.Appendf(nil, `{"e":"","h":"","s":"","t":"%d","u":"uid-%d"}`, i, i)
}

func check(t testing.TB, dir string, key *treelog.Key, signed ...[]byte) (*treelog.Result, map[uint64]string) {
	t.Helper()
	log, err := treelog.Open(dir, key)
	require.NoError(t, err)
	var mu sync.Mutex
	visited := map[uint64]string{}
	result, err := log.Check(t.Context(), func(first uint64, entries [][]byte) {
		mu.Lock()
		defer mu.Unlock()
		for i, entry := range entries {
			visited[first+uint64(i)] = string(entry)
		}
	})
	require.NoError(t, err)
	var statements []treelog.Statement
	for i, data := range signed {
		checkpoint, err := key.Open(data)
		require.NoError(t, err)
		statements = append(statements, treelog.Statement{Source: fmt.Sprintf("checkpoint %d", i), Size: checkpoint.Size, Root: checkpoint.Root})
	}
	result.Hold(statements)
	return result, visited
}

func TestCheckOfSizes(t *testing.T) {
	for _, size := range []int{0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 700, 65535, 65536, 65537, 66000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			dir, key, signed := newLog(t, size, 1, 2, 100, 256, 300, 512, 65536, 65800)
			result, visited := check(t, dir, key, signed...)
			require.Empty(t, result.Problems)
			require.True(t, result.Authentic)
			require.Equal(t, len(signed), result.Statements)
			require.Len(t, visited, size)
			for i := range size {
				require.Equal(t, string(entry(i)), visited[uint64(i)])
			}
		})
	}
}

func edit(t testing.TB, dir, path string, change func([]byte) []byte) {
	t.Helper()
	path = filepath.Join(dir, path)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, change(data), 0o600))
}

func replace(old, with string) func([]byte) []byte {
	return func(data []byte) []byte { return []byte(strings.Replace(string(data), old, with, 1)) }
}

func flip(at int) func([]byte) []byte {
	return func(data []byte) []byte { data[at] ^= 1; return data }
}

func TestCheckFinds(t *testing.T) {
	for _, test := range []struct {
		name      string
		change    func(t *testing.T, dir string)
		problem   string
		authentic bool
	}{
		{"an altered entry", func(t *testing.T, dir string) { edit(t, dir, "tile/entries/001", replace("uid-300", "uid-301")) },
			"entry 300 is not the one that was signed", true},
		{"an altered entry in a partial bundle", func(t *testing.T, dir string) {
			edit(t, dir, "tile/entries/002.p/188", replace("uid-600", "uid-601"))
		},
			"entry 600 is not the one that was signed", true},
		{"an altered tile", func(t *testing.T, dir string) { edit(t, dir, "tile/0/001", flip(7)) },
			"the tile of hashes of the entries from 256 on is not that of the entries", true},
		{"an altered tile of the next level", func(t *testing.T, dir string) { edit(t, dir, "tile/1/000.p/2", flip(7)) },
			"tile/1/000.p/2 has not the hashes of the entries", true},
		{"an altered entry with its tile", func(t *testing.T, dir string) {
			edit(t, dir, "tile/entries/001", replace("uid-300", "uid-301"))
			edit(t, dir, "tile/0/001", flip(7))
		}, "the entries are not those of the signed checkpoint", false},
		{"entries cut off", func(t *testing.T, dir string) {
			edit(t, dir, "tile/entries/002.p/188", func(data []byte) []byte { return data[:len(data)-1] })
		}, "a bundle ends within an entry", true},
		{"no bundle", func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "tile/entries/001"))) },
			"the entries from 256 on are missing", true},
		{"no tile", func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "tile/0/001"))) }, "tile/0/001", true},
		{"no bundle and no tile", func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, "tile/entries/001")))
			require.NoError(t, os.Remove(filepath.Join(dir, "tile/0/001")))
		}, "the entries from 256 on are missing", true},
		{"the last bundle and its tile", func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, "tile/entries/002.p/188")))
			require.NoError(t, os.Remove(filepath.Join(dir, "tile/0/002.p/188")))
		}, "the entries from 512 on are missing, and so are their hashes", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir, key, signed := newLog(t, 700, 300, 512)
			test.change(t, dir)
			result, _ := check(t, dir, key, signed...)
			require.Contains(t, strings.Join(result.Problems, "\n"), test.problem)
			require.Equal(t, test.authentic, result.Authentic, result.Problems)
		})
	}
}

// A log whose first entries were deleted, as retention does, has their hashes still.
func TestCheckWithoutFirstEntries(t *testing.T) {
	dir, key, signed := newLog(t, 700, 100, 300, 600)
	for _, deleted := range []string{"tile/entries/000", "tile/0/000"} {
		require.NoError(t, os.Remove(filepath.Join(dir, deleted)))
		result, visited := check(t, dir, key, signed...)
		require.Empty(t, result.Problems)
		require.True(t, result.Authentic)
		require.Equal(t, uint64(256), result.Removed)
		require.Len(t, visited, 700-256)
	}
	// Those of the middle are no matter of retention.
	require.NoError(t, os.Remove(filepath.Join(dir, "tile/entries/002.p/188")))
	result, _ := check(t, dir, key, signed...)
	require.Contains(t, strings.Join(result.Problems, "\n"), "the entries from 512 on are missing")
}

// Whoever has the key can write another log: a checkpoint that was kept elsewhere shows it.
func TestCheckFindsForkAndCut(t *testing.T) {
	dir, key, _ := newLog(t, 700)
	private, public, err := note.GenerateKey(rand.Reader, "audit.example.com/test")
	require.NoError(t, err)
	key2, err := treelog.NewKey(public)
	require.NoError(t, err)
	writer := treelogtest.NewWriter(t, t.TempDir(), private)
	for i := range 300 {
		writer.Append(entry(i + 1))
	}
	fork, err := key2.Open(writer.Sign())
	require.NoError(t, err)
	result, _ := check(t, dir, key)
	result.Hold([]treelog.Statement{{Source: "a checkpoint", Size: fork.Size, Root: fork.Root}, {Source: "another", Size: 701}})
	require.Len(t, result.Problems, 2)
	require.Contains(t, result.Problems[0], "the log was forked: a checkpoint of 300 entries")
	require.Contains(t, result.Problems[1], "the log was cut back: another is of 701 entries")
}

func TestOpen(t *testing.T) {
	dir, key, _ := newLog(t, 5)
	_, otherKey, _ := newLog(t, 5)
	_, err := treelog.Open(dir, otherKey)
	require.ErrorIs(t, err, treelog.ErrOtherKey)
	_, err = treelog.Open(dir, otherKey, key)
	require.NoError(t, err)
	whole, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	require.NoError(t, err)
	edit(t, dir, "checkpoint", replace("\n5\n", "\n4\n"))
	_, err = treelog.Open(dir, key)
	require.ErrorIs(t, err, treelog.ErrForged)
	edit(t, dir, "checkpoint", func([]byte) []byte { // the cosignature is the last line
		at := &whole[len(whole)-20]
		if *at == 'A' { // another one of base64's
			*at = 'B'
		} else {
			*at = 'A'
		}
		return whole
	})
	_, err = treelog.Open(dir, key)
	require.ErrorIs(t, err, treelog.ErrForged)
	_, err = treelog.Open(t.TempDir(), key)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestProve(t *testing.T) {
	dir, key, _ := newLog(t, 66000)
	log, err := treelog.Open(dir, key)
	require.NoError(t, err)
	for _, index := range []uint64{0, 1, 255, 256, 65535, 65536, 65999} {
		proof, err := log.Prove(index)
		require.NoError(t, err)
		require.Equal(t, string(entry(int(index))), string(proof.Entry))
	}
	edit(t, dir, "tile/entries/001", replace("uid-300", "uid-301"))
	_, err = log.Prove(300)
	require.ErrorIs(t, err, treelog.ErrNotProved)
}
