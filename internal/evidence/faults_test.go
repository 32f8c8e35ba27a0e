package evidence

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// trial is a piece of work on a log of which each step can be the last one, and what came of it.
type trial struct {
	lab          *lab
	files        *faultyFiles
	log          *Log
	acknowledged []string
	published    []*Checkpoint
}

func newTrial(t *testing.T) *trial {
	t.Helper()
	lab := newLab(t)
	files := newFaultyFiles()
	lab.options.files = files
	return &trial{lab: lab, files: files}
}

// append insists as a receiver does.
func (r *trial) append(first, count int) {
	for range 100 {
		if r.log.Append(records(first, count)) == nil {
			r.acknowledged = append(r.acknowledged, numbers(first, count)...)
			return
		}
	}
	r.lab.t.Fatal("the log is never written again")
}

func (r *trial) publish() {
	for range 100 {
		checkpoint, err := r.log.Publish(r.lab.t.Context())
		if err == nil {
			r.published = append(r.published, checkpoint)
			return
		}
	}
	r.lab.t.Fatal("no checkpoint is ever published again")
}

// run does the work; it ends early with a crash.
func (r *trial) run() {
	defer func() {
		if failure := recover(); failure != nil && failure != any(crash{}) {
			panic(failure)
		}
	}()
	var err error
	for range 100 {
		if r.log, err = Open(r.lab.t.Context(), r.lab.options); err == nil {
			break
		}
	}
	require.NoError(r.lab.t, err)
	r.append(0, 1)
	r.append(1, 250)
	r.publish()
	r.append(251, 10)
	r.lab.now = r.lab.now.AddDate(0, 1, 0)
	r.append(261, 2)
	r.publish()
	r.publish()
	r.append(263, 300)
	r.append(563, 1)
	r.publish()
	r.append(564, 1)
}

// check opens the log again on a disk that works, and holds it against what was acknowledged and published.
func (r *trial) check() {
	r.files.end()
	t := r.lab.t
	r.lab.options.files = newFaultyFiles()
	log := r.lab.open()
	require.NoError(t, log.Stats().Halted)
	require.NoError(t, log.Append(records(10000, 1)))
	publish(t, log)
	log.release()
	checkpoint, entries := r.lab.read()
	has := map[string]int{}
	for _, uid := range uids(entries) {
		if has[uid]++; has[uid] > 1 {
			t.Fatalf("record %s is there twice", uid)
		}
	}
	for _, uid := range r.acknowledged {
		if has[uid] == 0 {
			t.Fatalf("record %s is missing", uid)
		}
	}
	for _, published := range r.published {
		require.LessOrEqual(t, published.Size, checkpoint.Size)
		old := &tree{}
		for _, entry := range entries[:published.Size] {
			if err := old.add(entry.Append(nil), func(int, uint64, []byte) error { return nil }); err != nil {
				t.Fatal(err)
			}
		}
		root, err := old.root()
		require.NoError(t, err)
		require.Equal(t, published.Root, root, "the checkpoint of %d entries", published.Size)
	}
}

// TestCrashAtEachStep ends the machine before each operation on files, with all, a part or nothing of what was not synced.
func TestCrashAtEachStep(t *testing.T) {
	whole := newTrial(t)
	whole.run()
	whole.check()
	steps := whole.files.operations
	require.Greater(t, steps, 100)
	for step := 1; step <= steps; step++ {
		lost := []int{0, 3, 4}[step%3] // quarters
		t.Run(fmt.Sprintf("%d of %d, lost %d", step, steps, lost), func(t *testing.T) {
			r := newTrial(t)
			r.files.crashAt, r.files.lost = step, lost
			r.run()
			require.True(t, r.files.crashed)
			r.check()
		})
	}
}

// TestFailureAtEachStep lets each operation on files fail, once or for a while.
func TestFailureAtEachStep(t *testing.T) {
	whole := newTrial(t)
	whole.run()
	steps := whole.files.operations
	whole.files.end()
	for step := 1; step <= steps; step++ {
		count := []int{1, 20}[step%2]
		t.Run(fmt.Sprintf("%d operations from %d of %d", count, step, steps), func(t *testing.T) {
			r := newTrial(t)
			r.files.fail = failing(step, count, syscall.ENOSPC)
			r.run()
			require.Len(t, r.acknowledged, 565)
			r.check()
		})
	}
}

func TestFullDiskRefusesForNow(t *testing.T) {
	r := newTrial(t)
	log := r.lab.open()
	require.NoError(t, log.Append(records(0, 2)))
	r.files.fail = failing(0, 1<<30, syscall.ENOSPC)
	err := log.Append(records(2, 2))
	require.ErrorIs(t, err, syscall.ENOSPC)
	_, err = log.Publish(t.Context())
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NoError(t, log.Stats().Halted, "a full disk is no reason to stop forever")
	assert.Equal(t, uint64(3), log.Stats().Entries)
	r.files.fail = nil
	require.NoError(t, log.Append(records(2, 2)))
	publish(t, log)
	_, entries := r.lab.read()
	assert.Equal(t, numbers(0, 4), uids(entries))
}

func TestFullDiskAtTheStart(t *testing.T) {
	r := newTrial(t)
	r.files.fail = failing(0, 1<<30, syscall.ENOSPC)
	log := r.lab.open()
	require.ErrorIs(t, log.Append(records(0, 2)), syscall.ENOSPC)
	r.files.fail = nil
	require.NoError(t, log.Append(records(0, 2)))
	publish(t, log)
	_, entries := r.lab.read()
	assert.Equal(t, numbers(0, 2), uids(entries))
}

func TestGapIsNoted(t *testing.T) {
	r := newTrial(t)
	log := r.lab.open()
	r.files.fail = failing(0, 1<<30, syscall.EIO)
	require.Error(t, log.Append(records(0, 2)))
	start := r.lab.now
	log.Pass(2)
	r.lab.now = start.Add(time.Minute)
	require.Error(t, log.Append(records(2, 3)))
	log.Pass(3)
	r.files.fail = nil
	require.NoError(t, log.Append(records(5, 1)))
	publish(t, log)
	_, entries := r.lab.read()
	assert.Equal(t, []string{"5"}, uids(entries))
	assert.Equal(t, Entry{Kind: KindGap, Count: 5, Time: uint64(start.UnixNano()), Until: uint64(start.Add(time.Minute).UnixNano())},
		entries[1])
	log.release()
}

func TestOneLogHasOneWriter(t *testing.T) {
	lab := newLab(t)
	log := lab.open()
	_, err := Open(t.Context(), lab.options)
	require.ErrorIs(t, err, ErrInUse)
	require.ErrorContains(t, err, lab.options.Directory)
	log.release()
	lab.open()
}

func TestNoRightToTheDirectory(t *testing.T) {
	lab := newLab(t)
	files := newFaultyFiles()
	files.fail = failing(1, 1, syscall.EACCES)
	lab.options.files = files
	_, err := Open(t.Context(), lab.options)
	require.ErrorIs(t, err, fs.ErrPermission)
}

// TestHalts changes the files behind the log's back, at rest and in use. It never signs again, nor after a restart.
func TestHalts(t *testing.T) {
	path := func(l *lab, name string) string { return filepath.Join(l.options.Directory, filepath.FromSlash(name)) }
	flip := func(t *testing.T, path string) {
		t.Helper()
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		data[len(data)-1] ^= 1
		require.NoError(t, os.WriteFile(path, data, 0o600))
	}
	var old string // a copy of the directory with fewer entries
	for _, test := range []struct {
		name    string
		change  func(t *testing.T, l *lab)
		inUse   bool
		message string
	}{
		{"a tile was changed", func(t *testing.T, l *lab) { flip(t, path(l, "tile/0/001.p/46")) }, false, "does not fit its signed checkpoint"},
		{"a tile of another level was changed", func(t *testing.T, l *lab) { flip(t, path(l, "tile/1/000.p/1")) }, false,
			"does not fit its signed"},
		{"a bundle was changed", func(t *testing.T, l *lab) { flip(t, path(l, "tile/entries/001.p/46")) }, false, "the entries are not those"},
		{"a tile is missing", func(t *testing.T, l *lab) { require.NoError(t, os.Remove(path(l, "tile/0/001.p/46"))) }, false, "no such file"},
		{"the checkpoint is missing", func(t *testing.T, l *lab) { require.NoError(t, os.Remove(path(l, "checkpoint"))) }, false,
			"checkpoint is missing"},
		{"the checkpoint was changed", func(t *testing.T, l *lab) { flip(t, path(l, "checkpoint")) }, false, "not signed with the key"},
		{"the journal is missing", func(t *testing.T, l *lab) {
			require.NoError(t, os.Remove(path(l, "checkpoint")))
			require.NoError(t, os.RemoveAll(path(l, "tile")))
		}, false, "says that 302 were signed"},
		{"the directory vanished", func(t *testing.T, l *lab) { require.NoError(t, os.RemoveAll(l.options.Directory)) }, false,
			"says that 302 were signed"},
		{"the directory is an old copy", func(t *testing.T, l *lab) {
			require.NoError(t, os.RemoveAll(l.options.Directory))
			require.NoError(t, os.CopyFS(l.options.Directory, os.DirFS(old)))
		}, false, "has 202 entries"},
		{"the directory vanished in use", func(t *testing.T, l *lab) { require.NoError(t, os.RemoveAll(l.options.Directory)) }, true,
			"removed or replaced"},
		{"the directory was replaced in use", func(t *testing.T, l *lab) {
			require.NoError(t, os.RemoveAll(l.options.Directory))
			require.NoError(t, os.CopyFS(l.options.Directory, os.DirFS(old)))
		}, true, "removed or replaced"},
		{"the journal vanished in use", func(t *testing.T, l *lab) { require.NoError(t, os.RemoveAll(path(l, "journal"))) }, true,
			"removed or replaced"},
	} {
		t.Run(test.name, func(t *testing.T) {
			lab := newLab(t)
			log := lab.open()
			require.NoError(t, log.Append(records(0, 201)))
			publish(t, log)
			old = filepath.Join(t.TempDir(), "old")
			require.NoError(t, os.CopyFS(old, os.DirFS(lab.options.Directory)))
			require.NoError(t, log.Append(records(201, 100)))
			publish(t, log)
			mark, err := os.ReadFile(lab.options.Directory + ".signed")
			require.NoError(t, err)
			if test.inUse {
				require.NoError(t, log.Append(records(301, 1)))
			} else {
				log.release()
			}
			test.change(t, lab)
			if !test.inUse {
				log = lab.open()
			}
			for range 2 { // the second time after a restart
				var halted *HaltedError
				require.ErrorAs(t, log.Append(records(302, 1)), &halted)
				_, err = log.Publish(t.Context())
				require.ErrorAs(t, err, &halted)
				assert.Contains(t, halted.Error(), test.message)
				require.ErrorAs(t, log.Stats().Halted, &halted)
				is, err := os.ReadFile(lab.options.Directory + ".signed")
				require.NoError(t, err)
				assert.Equal(t, string(mark), string(is), "nothing was signed")
				log = lab.reopen(log)
				test.message = halted.Reason
				if strings.Contains(halted.Reason, "vanished") || test.inUse {
					test.message = ""
				}
			}
		})
	}
}

// TestCheckpointReplacedInUse: the files of an older copy are written over those in use.
func TestCheckpointReplacedInUse(t *testing.T) {
	lab := newLab(t)
	log := lab.open()
	require.NoError(t, log.Append(records(0, 3)))
	old := publish(t, log)
	require.NoError(t, log.Append(records(3, 3)))
	publish(t, log)
	require.NoError(t, os.WriteFile(filepath.Join(lab.options.Directory, "checkpoint"), old.Note, 0o600))
	_, err := log.Publish(t.Context())
	var halted *HaltedError
	require.ErrorAs(t, err, &halted)
}

func TestMarkOfAnotherHistory(t *testing.T) {
	lab := newLab(t)
	log := lab.open()
	require.NoError(t, log.Append(records(0, 3)))
	other := publish(t, log)
	log.release()
	require.NoError(t, os.RemoveAll(lab.options.Directory))
	require.NoError(t, os.Remove(lab.options.Directory+".signed"))
	log = lab.open()
	require.NoError(t, log.Append(records(100, 3)))
	log.release()
	require.NoError(t, os.WriteFile(lab.options.Directory+".signed", other.Note, 0o600))
	log = lab.open()
	err := log.Append(records(200, 1))
	require.ErrorContains(t, err, "are not those of")
}

// TestAnotherKey: a log that is opened with the wrong key is as before once it gets its own.
func TestAnotherKey(t *testing.T) {
	lab, other := newLab(t), newLab(t)
	log := lab.open()
	require.NoError(t, log.Append(records(0, 3)))
	publish(t, log)
	log.release()
	wrong := lab.options
	wrong.Signer = other.options.Signer
	_, err := Open(t.Context(), wrong)
	require.ErrorIs(t, err, ErrOtherKey)
	log = lab.open()
	require.NoError(t, log.Append(records(3, 1)))
	publish(t, log)
	_, entries := lab.read()
	assert.Equal(t, numbers(0, 4), uids(entries))
}

// FuzzRecovery puts any bytes where the journal is. Whole entries behind them stay.
func FuzzRecovery(f *testing.F) {
	f.Add([]byte{}, uint8(0))
	f.Add(records(3, 2).journaled, uint8(3))
	f.Add(append(records(3, 2).journaled, 0, 9, 1), uint8(3))
	f.Fuzz(func(t *testing.T, data []byte, first uint8) {
		lab := newLab(t)
		lab.options.Monthly = false
		require.NoError(t, os.MkdirAll(filepath.Join(lab.options.Directory, journalDirectory), 0o700))
		require.NoError(t, os.WriteFile(segmentPath(lab.options.Directory, 0), records(0, 3).journaled, 0o600))
		path := segmentPath(lab.options.Directory, uint64(first))
		if first > 0 {
			require.NoError(t, os.WriteFile(path, append(slices.Clip(data), records(7, 2).journaled...), 0o600))
		}
		log := lab.open()
		if first != 3 && first != 0 {
			require.Error(t, log.Stats().Halted)
			return
		}
		whole := 3
		for rest, ok := data, first == 3; ok; whole++ {
			if _, rest, ok = nextJournaled(rest); !ok {
				break
			}
		}
		if first == 3 { // and the two entries behind
			whole += 2
		}
		entries := log.Stats().Entries
		require.NoError(t, log.Stats().Halted)
		require.GreaterOrEqual(t, entries, uint64(whole))
		log = lab.reopen(log)
		require.Equal(t, entries, log.Stats().Entries)
		require.Nil(t, log.Stats().Damage)
	})
}
