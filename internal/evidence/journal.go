package evidence

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// The journal has the entries that no checkpoint covers yet, in segments: files that are named after the index of their first entry. Each
// entry stands after its length (two bytes) and the CRC-32C of length and entry (four bytes). Bytes that do not fit at the end of the last
// segment are those of a batch that was never acknowledged; if whole entries follow them, they are damaged.
const journalDirectory = "journal"

const journalHeader = 2 + crc32.Size

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func appendJournaled(dst, entry []byte) []byte {
	start := len(dst)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(entry)))
	sum := crc32.Update(crc32.Checksum(dst[start:], castagnoli), castagnoli, entry)
	dst = binary.BigEndian.AppendUint32(dst, sum)
	return append(dst, entry...)
}

// nextJournaled returns the first entry of a segment; ok is false where none is whole.
func nextJournaled(data []byte) (entry, rest []byte, ok bool) {
	if len(data) < journalHeader {
		return nil, nil, false
	}
	end := journalHeader + int(binary.BigEndian.Uint16(data))
	if len(data) < end {
		return nil, nil, false
	}
	entry = data[journalHeader:end]
	sum := crc32.Update(crc32.Checksum(data[:2], castagnoli), castagnoli, entry)
	if binary.BigEndian.Uint32(data[2:]) != sum {
		return nil, nil, false
	}
	return entry, data[end:], true
}

// wholeEntries returns the entries that are whole behind damaged bytes.
func wholeEntries(data []byte) (entries [][]byte) {
	for len(data) > journalHeader {
		entry, rest, ok := []byte(nil), data[1:], false
		if data[journalHeader] == '{' {
			entry, _, ok = nextJournaled(data)
		}
		if _, err := ParseEntry(entry); ok && err == nil {
			entries, rest = append(entries, entry), data[journalHeader+len(entry):]
		}
		data = rest
	}
	return entries
}

// journal is the part of a log that grows with each batch.
type journal struct {
	loaded bool
	lock   file
	// size is the number of entries in the log.
	size uint64
	// open is the segment that is written, nil if there is none; path is where it is, and bytes are its durable ones.
	open  file
	path  string
	bytes int64
	// undone says that bytes after the durable ones are still there.
	undone bool
	// shard is the entry that began the month, and shardIndex its index. Without a month there is none.
	shard      Entry
	shardIndex uint64
	// gap counts the records that passed the log by.
	gap Entry
}

// write makes entries durable. After an error the file has what it had before, or is cut as soon as that can be done.
func (j *journal) write(files fileSystem, directory string, data []byte) error {
	if j.open == nil {
		if err := j.begin(files, directory); err != nil {
			return err
		}
	}
	_, err := j.open.Write(data)
	if err == nil {
		err = j.open.Sync()
	}
	if err != nil {
		j.undone = true
		return errors.Join(err, j.undo(files))
	}
	j.bytes += int64(len(data))
	return nil
}

// begin begins a segment. One of that name has nothing that was ever acknowledged.
func (j *journal) begin(files fileSystem, directory string) error {
	j.path, j.bytes = segmentPath(directory, j.size), 0
	f, err := files.OpenFile(j.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, fileMode)
	if err != nil {
		return err
	}
	if err := syncPath(files, filepath.Dir(j.path)); err != nil {
		_ = f.Close()
		return err
	}
	j.open = f
	return nil
}

// undo cuts off what may or may not be durable.
func (j *journal) undo(files fileSystem) error {
	if !j.undone {
		return nil
	}
	if err := files.Truncate(j.path, j.bytes); err != nil {
		return fmt.Errorf("cut off what was not written whole: %w", err)
	}
	if err := syncPath(files, j.path); err != nil {
		return err
	}
	j.undone = false
	return nil
}

// close ends the segment. The next write begins another.
func (j *journal) close() {
	if j.open != nil {
		_ = j.open.Close()
		j.open = nil
	}
}

// segment is a part of the journal on disk.
type segment struct {
	path  string
	first uint64 // index of its first entry
}

func segmentPath(directory string, first uint64) string {
	return filepath.Join(directory, journalDirectory, fmt.Sprintf("%020d", first))
}

// read calls visit for each whole entry, and returns how many there are and how many bytes they have.
func (s segment) read(files fileSystem, visit func(index uint64, entry []byte)) (count uint64, size, total int64, err error) {
	data, err := files.ReadFile(s.path)
	if err != nil {
		return 0, 0, 0, err
	}
	total = int64(len(data))
	for {
		entry, rest, ok := nextJournaled(data)
		if !ok {
			return count, total - int64(len(data)), total, nil
		}
		visit(s.first+count, entry)
		count++
		data = rest
	}
}

// segments lists the journal, in order.
func segments(files fileSystem, directory string) ([]segment, error) {
	names, err := files.ReadDir(filepath.Join(directory, journalDirectory))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found []segment
	for _, name := range names {
		first, err := strconv.ParseUint(name.Name(), 10, 64)
		if err != nil || segmentPath(directory, first) != filepath.Join(directory, journalDirectory, name.Name()) {
			continue
		}
		found = append(found, segment{path: segmentPath(directory, first), first: first})
	}
	slices.SortFunc(found, func(a, b segment) int { return cmp.Compare(a.first, b.first) })
	return found, nil
}

// ReadJournal calls visit for each entry in the journal of a log's directory, from an index on. The log may grow meanwhile.
func ReadJournal(directory string, from uint64, visit func(entry []byte)) error {
	found, err := segments(disk{}, directory)
	if err != nil {
		return err
	}
	for _, s := range found {
		_, _, _, err := s.read(disk{}, func(index uint64, entry []byte) {
			if index >= from {
				visit(entry)
			}
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // published by now
			return err
		}
	}
	return nil
}
