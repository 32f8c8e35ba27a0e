package evidence

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// lab is a directory with a log, a key, and a clock that the test moves.
type lab struct {
	t       *testing.T
	options Options
	public  string
	now     time.Time
}

func newLab(t *testing.T) *lab {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, "audit.example.com/ctl01")
	require.NoError(t, err)
	signer, err := NewSigner(private)
	require.NoError(t, err)
	l := &lab{t: t, public: public, now: time.Date(2026, 11, 21, 19, 0, 0, 0, time.UTC)}
	l.options = Options{Directory: filepath.Join(t.TempDir(), "evidence"), Signer: signer, Monthly: true,
		Now: func() time.Time { return l.now }}
	return l
}

func (l *lab) open() *Log {
	l.t.Helper()
	log, err := Open(context.Background(), l.options)
	require.NoError(l.t, err)
	l.t.Cleanup(log.release)
	return log
}

// reopen ends a log as a kill does, and opens it anew.
func (l *lab) reopen(log *Log) *Log {
	l.t.Helper()
	log.release()
	return l.open()
}

func records(first, count int) *Batch {
	var b Batch
	for i := range count {
		b.Add(record(first + i))
	}
	return &b
}

func record(i int) *Entry {
	return &Entry{EventName: "e", Service: "keystone", UID: fmt.Sprint(i), Time: uint64(i)}
}

func publish(t *testing.T, log *Log) *Checkpoint {
	t.Helper()
	checkpoint, err := log.Publish(t.Context())
	require.NoError(t, err)
	return checkpoint
}

// read reads the log as its readers do, and checks each file against the definitions of RFC 6962 and C2SP.
func (l *lab) read() (*Checkpoint, []Entry) {
	l.t.Helper()
	verifier, err := NewVerifier(l.public)
	require.NoError(l.t, err)
	data, err := os.ReadFile(filepath.Join(l.options.Directory, "checkpoint"))
	require.NoError(l.t, err)
	checkpoint, err := verifier.Open(data)
	require.NoError(l.t, err)

	var leaves []tlog.Hash
	var entries []Entry
	for size := int(checkpoint.Size); len(entries) < size; {
		width := min(TileWidth, size-len(entries))
		bundle := l.file(BundlePath(uint64(len(entries)/TileWidth), width))
		for range width {
			var entry []byte
			entry, bundle, err = NextFramed(bundle)
			require.NoError(l.t, err)
			leaves = append(leaves, LeafHash(entry))
			parsed, err := ParseEntry(entry)
			require.NoError(l.t, err)
			entries = append(entries, parsed)
		}
		require.Empty(l.t, bundle)
	}
	require.Equal(l.t, treeHash(leaves), checkpoint.Root)
	for level, span := 0, 1; span <= len(leaves); level, span = level+1, span*TileWidth {
		for n := 0; n*TileWidth*span+span <= len(leaves); n++ {
			var want []byte
			width := 0
			for i := range TileWidth {
				start := (n*TileWidth + i) * span
				if start+span > len(leaves) {
					break
				}
				hash := treeHash(leaves[start : start+span])
				want = append(want, hash[:]...)
				width++
			}
			require.Equal(l.t, want, l.file(TilePath(level, uint64(n), width)), "level %d, tile %d", level, n)
		}
	}
	return checkpoint, entries
}

func (l *lab) file(path string) []byte {
	l.t.Helper()
	data, err := os.ReadFile(filepath.Join(l.options.Directory, filepath.FromSlash(path)))
	require.NoError(l.t, err)
	return data
}

// treeHash is MTH of RFC 6962, section 2.1.
func treeHash(leaves []tlog.Hash) tlog.Hash {
	if len(leaves) == 1 {
		return leaves[0]
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	return tlog.NodeHash(treeHash(leaves[:k]), treeHash(leaves[k:]))
}

// uids are those of the records among entries, in order.
func uids(entries []Entry) []string {
	var found []string
	for _, e := range entries {
		if e.Kind == KindRecord {
			found = append(found, e.UID)
		}
	}
	return found
}

func numbers(first, count int) []string {
	var all []string
	for i := range count {
		all = append(all, fmt.Sprint(first+i))
	}
	return all
}

func TestLogGrows(t *testing.T) {
	lab := newLab(t)
	log := lab.open()
	written := 0
	for _, count := range []int{1, 254, 1, 1, 300, 0, 513} {
		require.NoError(t, log.Append(records(written, count)))
		written += count
		checkpoint := publish(t, log)
		read, entries := lab.read()
		assert.Equal(t, checkpoint.Note, read.Note)
		assert.Equal(t, numbers(0, written), uids(entries))
		assert.Equal(t, uint64(written+1), log.Stats().Entries, "one is the shard's")
	}
	require.NoError(t, log.Close(t.Context()))
	for _, partial := range []string{"tile/0/000.p", "tile/entries/001.p"} {
		assert.NoDirExists(t, filepath.Join(lab.options.Directory, filepath.FromSlash(partial)), "the full one is there")
	}
	journal, err := os.ReadDir(filepath.Join(lab.options.Directory, journalDirectory))
	require.NoError(t, err)
	assert.Empty(t, journal)
	assert.ErrorContains(t, log.Append(records(0, 1)), "closed")
}

func TestLogOfThreeLevels(t *testing.T) {
	lab := newLab(t)
	log := lab.open()
	for i := range 66 {
		require.NoError(t, log.Append(records(i*1000, 1000)))
	}
	publish(t, log)
	log = lab.reopen(log)
	require.NoError(t, log.Append(records(66000, 300)))
	publish(t, log)
	_, entries := lab.read()
	assert.Len(t, uids(entries), 66300)
}

func TestLogGoesOnAfterAKill(t *testing.T) {
	lab := newLab(t)
	log := lab.open()
	require.NoError(t, log.Append(records(0, 300)))
	publish(t, log)
	require.NoError(t, log.Append(records(300, 20)))
	log = lab.reopen(log)
	require.NoError(t, log.Append(records(320, 5)))
	log = lab.reopen(log)
	publish(t, log)
	_, entries := lab.read()
	assert.Equal(t, numbers(0, 325), uids(entries))
}

func TestTornTailIsCut(t *testing.T) {
	whole := appendJournaled(nil, record(2).Append(nil))
	for _, torn := range []struct {
		name string
		tail []byte
	}{
		{"half of an entry", whole[:20]}, {"a byte", whole[:1]}, {"zeros", make([]byte, 5000)},
		{"an entry that was not written whole", append(whole[:len(whole)-1:len(whole)-1], 0)},
	} {
		t.Run(torn.name, func(t *testing.T) {
			lab := newLab(t)
			log := lab.open()
			require.NoError(t, log.Append(records(0, 2)))
			path := log.journal.path
			log.release()
			file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
			require.NoError(t, err)
			_, err = file.Write(torn.tail)
			require.NoError(t, err)
			require.NoError(t, file.Close())
			log = lab.open()
			require.NoError(t, log.Append(records(3, 1)))
			publish(t, log)
			_, entries := lab.read()
			assert.Equal(t, []string{"0", "1", "3"}, uids(entries))
		})
	}
}

// TestEntriesBehindDamageStay: the records behind a damaged entry were acknowledged, and are not delivered again.
func TestEntriesBehindDamageStay(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(data []byte, entry int) []byte
	}{
		{name: "a byte of an entry", change: func(data []byte, entry int) []byte { data[entry+journalHeader+9] ^= 1; return data }},
		{name: "the length", change: func(data []byte, entry int) []byte { data[entry] = 0xff; return data }},
		{name: "bytes are missing", change: func(data []byte, entry int) []byte { return slices.Delete(data, entry+3, entry+30) }},
		{name: "bytes are missing, and the tail is torn", change: func(data []byte, entry int) []byte {
			return append(slices.Delete(data, entry+3, entry+30), 0, 9, 1)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			lab := newLab(t)
			log := lab.open()
			require.NoError(t, log.Append(records(0, 5)))
			path := log.journal.path
			log.release()
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			damaged := bytes.Index(data, record(2).Append(nil)) - journalHeader
			require.NoError(t, os.WriteFile(path, test.change(data, damaged), 0o600))

			log = lab.open()
			require.NotNil(t, log.Stats().Damage)
			assert.Equal(t, int64(damaged), log.Stats().Damage.Offset)
			assert.Equal(t, 2, log.Stats().Damage.Kept)
			require.NoError(t, log.Append(records(2, 2))) // 2 is delivered again, 3 is known
			log = lab.reopen(log)
			assert.Nil(t, log.Stats().Damage, "it is repaired")
			publish(t, log)
			_, entries := lab.read()
			assert.Equal(t, []string{"0", "1", "3", "4", "2"}, uids(entries))
		})
	}
}

func TestRepeatsAreAppendedOnce(t *testing.T) {
	lab := newLab(t)
	log := lab.open()
	twice := records(0, 3)
	twice.Add(record(1))
	require.NoError(t, log.Append(twice))
	require.NoError(t, log.Append(records(2, 2)))
	log = lab.reopen(log)
	require.NoError(t, log.Append(records(0, 5)))
	publish(t, log)
	_, entries := lab.read()
	assert.Equal(t, numbers(0, 5), uids(entries))
}

func TestMemoryOfRepeatsIsBounded(t *testing.T) {
	var s seen
	leaf := func(i int) tlog.Hash { return LeafHash(fmt.Append(nil, i)) }
	for i := range 5 * seenEntries {
		s.add(leaf(i))
		require.LessOrEqual(t, len(s.young)+len(s.old), 2*seenEntries)
	}
	assert.True(t, s.has(leaf(4*seenEntries)))
	assert.False(t, s.has(leaf(2*seenEntries)))
}

func TestConcurrentAppends(t *testing.T) {
	lab := newLab(t)
	log := lab.open()
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range 50 {
				assert.NoError(t, log.Append(records(worker*1000+i*3, 3)))
			}
		})
	}
	for range 20 {
		publish(t, log)
		lab.read()
	}
	group.Wait()
	publish(t, log)
	_, entries := lab.read()
	var want []string
	for worker := range 8 {
		want = append(want, numbers(worker*1000, 150)...)
	}
	assert.ElementsMatch(t, want, uids(entries))
}

func TestShards(t *testing.T) {
	lab := newLab(t)
	log := lab.open()
	require.NoError(t, log.Append(records(0, 3)))
	checkpoint := publish(t, log)
	log = lab.reopen(log)
	require.NoError(t, log.Append(records(3, 1)))
	lab.now = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	require.NoError(t, log.Append(records(4, 1)))
	log = lab.reopen(log)
	lab.now = lab.now.AddDate(0, 1, 0)
	require.NoError(t, log.Append(records(5, 1)))
	publish(t, log)
	_, entries := lab.read()
	var shards []Entry
	var indexes []int
	for i, e := range entries {
		if e.Kind == KindShard {
			shards, indexes = append(shards, e), append(indexes, i)
		}
	}
	require.Len(t, shards, 3)
	assert.Equal(t, []int{0, 5, 7}, indexes)
	first := uint64(time.Date(2026, 11, 21, 19, 0, 0, 0, time.UTC).UnixNano())
	assert.Equal(t, Entry{Kind: KindShard, Month: "2026-11", Root: emptyRoot, Time: first}, shards[0])
	assert.Equal(t, "2026-12", shards[1].Month)
	assert.Equal(t, checkpoint.Size, shards[1].Count)
	assert.Equal(t, checkpoint.Root, shards[1].Root)
	assert.Equal(t, uint64(0), shards[1].Previous)
	assert.Equal(t, "2027-01", shards[2].Month)
	assert.Equal(t, uint64(5), shards[2].Previous)
	assert.Equal(t, "2026-11 0\n2026-12 5\n2027-01 7\n", string(lab.file("shards")))
	assert.Equal(t, numbers(0, 6), uids(entries))
}
