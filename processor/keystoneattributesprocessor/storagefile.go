package keystoneattributesprocessor

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
	"go.opentelemetry.io/collector/component"
)

// namesFile returns the file that the extension file_storage keeps our names in, or "" for other extensions. We look
// at it before the extension does: bbolt reads all pages when it opens a file, in a goroutine of its own (DB.freepages),
// and a damaged one ends the Collector there, at each start again; neither its `recreate` nor a recover of ours reaches that.
func namesFile(extension component.Component, id component.ID) string {
	config := reflect.Indirect(reflect.Indirect(reflect.ValueOf(extension)))
	if config.Kind() != reflect.Struct || config.Type().PkgPath() != fileStoragePackage {
		return ""
	}
	if config = config.FieldByName("cfg"); config.Kind() != reflect.Pointer || config.IsNil() {
		return ""
	}
	directory := config.Elem().FieldByName("Directory")
	if directory.Kind() != reflect.String {
		return ""
	}
	name := fmt.Sprintf("processor_%s_%s_%s", id.Type(), id.Name(), storageName)
	return filepath.Join(directory.String(), safeName(name))
}

const fileStoragePackage = "github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"

// safeName is how file_storage spells names as files.
func safeName(name string) string {
	var b strings.Builder
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "~%04X", r)
		}
	}
	return b.String()
}

// checkTime is how long the file may be held by somebody else.
const checkTime = time.Second

// checkFile returns what is wrong with a file of bbolt: it goes through all pages as bbolt would. A file that is not there,
// or cannot be read for another reason, is for file_storage to speak of.
func checkFile(file string) error {
	info, err := os.Stat(file)
	if err != nil || info.Size() == 0 {
		return nil //nolint:nilerr // see above
	}
	return guard(func() error {
		db, err := bbolt.Open(file, 0o600, &bbolt.Options{ReadOnly: true, Timeout: checkTime})
		switch {
		case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrVersionMismatch), errors.Is(err, berrors.ErrChecksum):
			return err
		case err != nil && info.Size() < leastSize:
			return fmt.Errorf("it has %d bytes", info.Size())
		case err != nil:
			return nil
		}
		defer func() { _ = db.Close() }()
		return db.View(func(tx *bbolt.Tx) error {
			if tx.Size() > info.Size() {
				return fmt.Errorf("it has %d bytes of %d", info.Size(), tx.Size())
			}
			text, err := os.Open(file)
			if err != nil {
				return nil
			}
			defer func() { _ = text.Close() }()
			pages := pages{file: text, size: int64(db.Info().PageSize), seen: map[uint64]bool{}}
			pages.count = uint64(info.Size() / pages.size)
			return tx.ForEach(func(_ []byte, bucket *bbolt.Bucket) error {
				if err := pages.check(uint64(bucket.Root())); err != nil {
					return err
				}
				return checkBucket(bucket)
			})
		})
	})
}

// pages are those of a file that were met so far. One that is met again leads bbolt round in a circle.
type pages struct {
	file io.ReaderAt
	size int64
	// count is how many the file has.
	count uint64
	seen  map[uint64]bool
}

// check goes down from a page: its header has its number in 8 bytes, flags and the count of elements in 2 each, and in 4 how many
// pages more it takes up; each element of a branch is 16 bytes, the last 8 the number of a page. A bucket on no page has 0.
func (p *pages) check(number uint64) error {
	const headerSize, branch = 16, 1
	if number == 0 {
		return nil
	}
	header := make([]byte, headerSize)
	if _, err := p.file.ReadAt(header, int64(number)*p.size); err != nil {
		return fmt.Errorf("page %d cannot be read: %w", number, err)
	}
	more := uint64(binary.NativeEndian.Uint32(header[12:]))
	if more >= p.count {
		return fmt.Errorf("page %d takes up %d more of %d", number, more, p.count)
	}
	for i := range more + 1 {
		if p.seen[number+i] {
			return fmt.Errorf("page %d is there twice", number+i)
		}
		p.seen[number+i] = true
	}
	if binary.NativeEndian.Uint16(header[8:]) != branch {
		return nil
	}
	elements := make([]byte, 16*int(binary.NativeEndian.Uint16(header[10:])))
	if _, err := p.file.ReadAt(elements, int64(number)*p.size+headerSize); err != nil {
		return fmt.Errorf("page %d cannot be read: %w", number, err)
	}
	for ; len(elements) > 0; elements = elements[16:] {
		if err := p.check(binary.NativeEndian.Uint64(elements[8:])); err != nil {
			return err
		}
	}
	return nil
}

// leastSize is of the two pages that every file of bbolt begins with.
const leastSize = 2 * 4096

// keyBytes is the length of all keys that internal/directory gives its parts, as names-001.
const keyBytes = 9

// checkBucket reads every page of a bucket, and looks each key up: for that bbolt reads the keys of the pages above.
func checkBucket(bucket *bbolt.Bucket) error {
	var last []byte
	return bucket.ForEach(func(key, value []byte) error {
		if bytes.Compare(last, key) >= 0 {
			return errors.New("its keys are out of order")
		}
		if len(key) != keyBytes || len(value) == 0 {
			return errors.New("it has keys that are not ours")
		}
		last = key
		if found := bucket.Get(key); len(found) != len(value) {
			return errors.New("a key is not found where it stands")
		}
		return nil
	})
}
