package evidence

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// Options are what a log is opened with.
type Options struct {
	// Directory has the log's files. Beside it stands a file of its name and ".signed", which remembers the newest checkpoint.
	Directory string
	// Signer signs the checkpoints. Its origin is that of the log.
	Signer *Signer
	// Witnesses are asked to cosign each checkpoint.
	Witnesses []Witness
	// RequireWitness says that a checkpoint is published only with the cosignature of a witness.
	RequireWitness bool
	// Monthly says that an entry of kind shard begins each month.
	Monthly bool
	// Now is the clock; nil: time.Now.
	Now func() time.Time

	files fileSystem
}

// HaltedError says that the log no longer signs, and why. It holds after a restart too.
type HaltedError struct{ Reason string }

// Error implements error.
func (e *HaltedError) Error() string {
	return "the evidence log is halted and signs nothing any more: " + e.Reason
}

// ErrInUse says that another process has the log open.
var ErrInUse = errors.New("another process writes this evidence log")

// ErrOtherKey says that a checkpoint was signed with another key than that of the log.
var ErrOtherKey = errors.New("was signed with another key: put back the key of this log, or begin a new log in another directory")

// Damage is what was cut out of the journal because its bytes had changed on the disk.
type Damage struct {
	Path   string
	Offset int64
	// Bytes were cut out. Entries of records that left may have been among them.
	Bytes int
	// Kept is the number of whole entries behind them, which are still in the log.
	Kept int
}

// Error implements error.
func (d *Damage) Error() string {
	return fmt.Sprintf("%s was damaged: %d bytes at %d are no entries; the %d entries behind them stay in the log",
		d.Path, d.Bytes, d.Offset, d.Kept)
}

// Log is an evidence log that is open for writing. It is safe for concurrent use.
type Log struct {
	Options
	verifier  *Verifier
	witnesses []*witness

	halted    atomic.Pointer[HaltedError]
	published atomic.Pointer[Checkpoint]
	entries   atomic.Uint64 // that are durable
	damage    atomic.Pointer[Damage]

	// collecting guards the group that is next, and what was seen.
	collecting sync.Mutex
	next       *group
	seen       seen

	// committing guards the journal.
	committing sync.Mutex
	journal    journal
	closed     bool

	// publishing guards what leads to a checkpoint.
	publishing sync.Mutex
	tree       *tree       // nil: to be read from the tiles
	mark       *Checkpoint // what the file beside the directory remembers; nil: nothing
	shards     []byte      // the file of that name
}

// Open opens a log, or begins one. It fails for what only the operator can mend: no right to the directory, another process that uses it,
// another key than that of the log, a witness's key that is none. A disk that does not work is tried again by Append and Publish.
func Open(ctx context.Context, options Options) (*Log, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.files == nil {
		options.files = disk{}
	}
	options.Directory = filepath.Clean(options.Directory)
	l := &Log{Options: options}
	var err error
	if l.verifier, l.witnesses, err = verifiers(options.Signer, options.Witnesses); err != nil {
		return nil, err
	}
	l.committing.Lock()
	err = l.load()
	l.committing.Unlock()
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, ErrInUse) || errors.Is(err, ErrOtherKey) {
		l.release()
		return nil, err
	}
	_, _ = l.Publish(ctx) // finds out before the first record whether the files are those that were signed; its error comes again
	return l, nil
}

// Append makes entries durable. Those that were appended a short while ago are not appended again. After an error none of them counts as
// appended, though some may be found in the log.
func (l *Log) Append(b *Batch) error {
	l.collecting.Lock()
	if l.next == nil {
		l.next = &group{}
	}
	g := l.next
	g.join(b, &l.seen)
	l.collecting.Unlock()

	l.committing.Lock()
	defer l.committing.Unlock()
	if !g.committed {
		l.collecting.Lock()
		l.next = nil
		l.collecting.Unlock()
		g.err = l.commit(&g.batch)
		g.committed = true
	}
	return g.err
}

// commit writes a group. committing is locked.
func (l *Log) commit(b *Batch) error {
	if err := l.ready(); err != nil {
		return err
	}
	if err := l.writeDue(); err != nil {
		return err
	}
	if b.Len() == 0 {
		return nil
	}
	return l.write(b)
}

func (l *Log) write(b *Batch) error {
	if err := l.journal.write(l.files, l.Directory, b.journaled); err != nil {
		return fmt.Errorf("append to the evidence log: %w", err)
	}
	l.journal.size += uint64(b.Len())
	l.entries.Store(l.journal.size)
	l.collecting.Lock()
	for _, leaf := range b.leaves {
		l.seen.add(leaf)
	}
	l.collecting.Unlock()
	return nil
}

// writeDue writes what tells of the log itself: that a month began, and how many records passed it by.
func (l *Log) writeDue() error {
	now := l.Now()
	if month := now.UTC().Format("2006-01"); l.Monthly && month != l.journal.shard.Month {
		shard := Entry{Kind: KindShard, Month: month, Time: uint64(now.UnixNano()), Previous: l.journal.shardIndex, Root: emptyRoot}
		if l.journal.shard.Month == "" {
			shard.Previous = l.journal.size
		}
		if c := l.published.Load(); c != nil {
			shard.Count, shard.Root = c.Size, c.Root
		}
		index := l.journal.size
		var b Batch
		b.Add(&shard)
		if err := l.write(&b); err != nil {
			return err
		}
		l.journal.shard, l.journal.shardIndex = shard, index
	}
	if l.journal.gap.Count > 0 {
		var b Batch
		b.Add(&l.journal.gap)
		if err := l.write(&b); err != nil {
			return err
		}
		l.journal.gap = Entry{}
	}
	return nil
}

// Pass notes that records left the collector without being in the log. An entry tells of them as soon as the log can be written.
func (l *Log) Pass(records int) {
	l.committing.Lock()
	defer l.committing.Unlock()
	now := uint64(l.Now().UnixNano())
	gap := &l.journal.gap
	if gap.Count == 0 {
		*gap = Entry{Kind: KindGap, Time: now}
	}
	gap.Count += uint64(records)
	gap.Until = now
}

// ready loads the log if that is due, and looks whether its files are still those that are open.
func (l *Log) ready() error {
	if halted := l.halted.Load(); halted != nil {
		return halted
	}
	if l.closed {
		return errors.New("the evidence log is closed")
	}
	if !l.journal.loaded {
		return l.load()
	}
	if err := l.journal.undo(l.files); err != nil {
		return err
	}
	if err := l.present(l.path(lockFile), l.journal.lock); err != nil {
		return err
	}
	return l.present(l.journal.path, l.journal.open)
}

// present halts the log if an open file was removed or replaced: what is written to it goes nowhere.
func (l *Log) present(path string, open file) error {
	if open == nil {
		return nil
	}
	was, err := open.Stat()
	if err != nil {
		return err
	}
	is, err := l.files.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err != nil || !os.SameFile(is, was) {
		return l.halt(path + " was removed or replaced while it was in use")
	}
	return nil
}

// halt ends all signing. The file that tells of it makes it hold after a restart.
func (l *Log) halt(reason string) error {
	halted := &HaltedError{Reason: reason}
	if l.halted.CompareAndSwap(nil, halted) {
		_ = writeDurably(l.files, l.path(HaltedPath), []byte(reason+"\n"))
	}
	return l.halted.Load()
}

const lockFile = "lock"

// HaltedPath is the file in a log's directory that has the reason why the log is halted.
const HaltedPath = "halted"

func (l *Log) path(name string) string {
	return filepath.Join(l.Directory, filepath.FromSlash(name))
}

// Stats is the state of a log.
type Stats struct {
	// Entries is the number of durable entries.
	Entries uint64
	// Checkpoint is the newest that is published; nil: there is none.
	Checkpoint *Checkpoint
	// Halted is why the log signs nothing any more; nil: it does.
	Halted error
	// Damage is what was found in the journal when it was read; nil: nothing.
	Damage *Damage
}

// Stats returns the state of the log.
func (l *Log) Stats() Stats {
	stats := Stats{Entries: l.entries.Load(), Checkpoint: l.published.Load(), Damage: l.damage.Load()}
	if halted := l.halted.Load(); halted != nil {
		stats.Halted = halted
	}
	return stats
}

// Close publishes what is not published yet, and lets go of the files.
func (l *Log) Close(ctx context.Context) error {
	_, err := l.Publish(ctx)
	l.committing.Lock()
	l.closed = true
	l.committing.Unlock()
	l.release()
	return err
}

func (l *Log) release() {
	l.committing.Lock()
	defer l.committing.Unlock()
	l.journal.loaded = false
	l.journal.close()
	if l.journal.lock != nil {
		_ = l.journal.lock.Close()
		l.journal.lock = nil
	}
}
