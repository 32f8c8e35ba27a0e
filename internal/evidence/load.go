package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// emptyRoot is the root of a tree without entries (RFC 6962).
var emptyRoot, _ = tlog.TreeHash(0, nil)

// shardsFile lists the months, each with the index of the entry that began it: whoever looks for a month need not read all entries.
const shardsFile = "shards"

// markPath is the file beside the directory that remembers the newest checkpoint, should the directory be lost or replaced by an old copy.
func (l *Log) markPath() string { return l.Directory + ".signed" }

// load reads the state of the log from its files, and cuts off what a crash left of a batch. committing is locked.
func (l *Log) load() error {
	if err := l.takeLock(); err != nil {
		return err
	}
	reason, err := readIfThere(l.files, l.path(HaltedPath))
	if err != nil {
		return err
	}
	if reason != nil {
		return l.halt(strings.TrimSpace(string(reason)))
	}
	mark, err := l.readCheckpoint(l.markPath())
	if err != nil {
		return err
	}
	checkpoint, err := l.readCheckpoint(l.path(CheckpointPath))
	if err != nil {
		return err
	}
	if err := l.readShards(); err != nil {
		return err
	}
	var signed uint64
	if checkpoint != nil {
		signed = checkpoint.Size
	} else if _, err := l.files.Stat(l.path("tile/0/000")); err == nil {
		return l.halt(l.path(CheckpointPath) + " is missing")
	}
	size, err := l.readJournal(signed)
	if err != nil {
		return err
	}
	if mark != nil && size < mark.Size {
		return l.halt(fmt.Sprintf("%s has %d entries, but %s says that %d were signed: entries are missing, or it is an old copy",
			l.Directory, size, l.markPath(), mark.Size))
	}
	l.mark = mark
	l.published.CompareAndSwap(nil, checkpoint)
	l.journal.size, l.journal.loaded = size, true
	l.entries.Store(size)
	return nil
}

func (l *Log) takeLock() error {
	if l.journal.lock != nil {
		return l.present(l.path(lockFile), l.journal.lock)
	}
	if err := l.files.MkdirAll(filepath.Join(l.Directory, journalDirectory), directoryMode); err != nil {
		return err
	}
	for _, directory := range []string{l.Directory, filepath.Dir(l.Directory)} {
		if err := syncPath(l.files, directory); err != nil {
			return err
		}
	}
	lock, err := l.files.OpenFile(l.path(lockFile), os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return err
	}
	free, err := tryLock(lock)
	if err == nil && !free {
		err = fmt.Errorf("%s: %w", l.Directory, ErrInUse)
	}
	if err != nil {
		_ = lock.Close()
		return err
	}
	l.journal.lock = lock
	return nil
}

// readCheckpoint returns nil if there is none.
func (l *Log) readCheckpoint(path string) (*Checkpoint, error) {
	data, err := readIfThere(l.files, path)
	if data == nil || err != nil {
		return nil, err
	}
	checkpoint, err := l.verifier.Open(data)
	if _, ok := errors.AsType[*note.UnverifiedNoteError](err); ok {
		return nil, fmt.Errorf("%s: %w", path, ErrOtherKey)
	}
	if err != nil {
		return nil, l.halt(fmt.Sprintf("%s was not signed with the key of this log: %v", path, err))
	}
	return checkpoint, nil
}

// readJournal returns the number of entries in the log, of which signed are in tiles.
func (l *Log) readJournal(signed uint64) (uint64, error) {
	parts, err := segments(l.files, l.Directory)
	if err != nil {
		return 0, err
	}
	l.collecting.Lock()
	defer l.collecting.Unlock()
	size := signed
	for i, s := range parts {
		if s.first > size {
			return 0, l.halt(fmt.Sprintf("entries %d to %d are missing before %s", size, s.first-1, s.path))
		}
		count, whole, total, err := s.read(l.files, l.visit)
		if err != nil {
			return 0, err
		}
		if i < len(parts)-1 && s.first+count != parts[i+1].first {
			return 0, l.halt(fmt.Sprintf("%s has %d entries that are whole instead of %d", s.path, count, parts[i+1].first-s.first))
		}
		if whole < total {
			kept, err := l.repair(s, whole, s.first+count)
			if err != nil {
				return 0, err
			}
			count += kept
		}
		size = max(size, s.first+count)
	}
	return size, nil
}

// repair cuts off what a segment has after its whole entries: mostly the rest of a batch that was never acknowledged. Whole entries behind
// damaged bytes may be of records that left, so they stay.
func (l *Log) repair(s segment, whole int64, next uint64) (kept uint64, err error) {
	data, err := l.files.ReadFile(s.path)
	if err != nil {
		return 0, err
	}
	behind := wholeEntries(data[whole:])
	if len(behind) == 0 {
		if err := l.files.Truncate(s.path, whole); err != nil {
			return 0, err
		}
		return 0, syncPath(l.files, s.path)
	}
	repaired := bytes.Clone(data[:whole])
	for _, entry := range behind {
		repaired = appendJournaled(repaired, entry)
	}
	if err := writeAtomically(l.files, s.path, repaired); err != nil {
		return 0, err
	}
	for i, entry := range behind {
		l.visit(next+uint64(i), entry)
	}
	l.damage.Store(&Damage{Path: s.path, Offset: whole, Bytes: len(data) - len(repaired), Kept: len(behind)})
	return uint64(len(behind)), nil
}

// visit notes an entry of the journal.
func (l *Log) visit(index uint64, data []byte) {
	l.seen.add(LeafHash(data))
	if !bytes.HasPrefix(data, []byte(`{"k":"shard"`)) {
		return
	}
	if shard, err := ParseEntry(data); err == nil {
		l.journal.shard, l.journal.shardIndex = shard, index
	}
}

// readShards reads which month the log is in. Entries of the journal may be newer.
func (l *Log) readShards() error {
	shards, err := readIfThere(l.files, l.path(shardsFile))
	if err != nil {
		return err
	}
	l.shards = shards
	for line := range strings.Lines(string(shards)) {
		shard := Entry{Kind: KindShard}
		var index uint64
		if _, err := fmt.Sscanf(line, "%s %d\n", &shard.Month, &index); err == nil {
			l.journal.shard, l.journal.shardIndex = shard, index
		}
	}
	return nil
}

// loadTree reads the right edge of the newest checkpoint's tree. publishing is locked.
func (l *Log) loadTree() error {
	checkpoint := l.published.Load()
	if checkpoint == nil {
		l.tree = &tree{}
		return nil
	}
	t, err := loadTree(checkpoint, func(path string) ([]byte, error) { return l.files.ReadFile(l.path(path)) })
	var ioError *fs.PathError
	if errors.As(err, &ioError) && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err != nil {
		return l.halt(fmt.Sprintf("%s does not fit its signed checkpoint of %d entries: %v", l.Directory, checkpoint.Size, err))
	}
	if l.mark != nil && l.mark.Size == t.size && l.mark.Root != checkpoint.Root {
		return l.halt(l.markPath() + " and " + l.path(CheckpointPath) + " are of different logs")
	}
	l.tree = t
	return nil
}
