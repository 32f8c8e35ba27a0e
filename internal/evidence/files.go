package evidence

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// fileSystem is what the log needs of a file system; tests put one in between that fails.
type fileSystem interface {
	OpenFile(name string, flag int, mode fs.FileMode) (file, error)
	ReadFile(name string) ([]byte, error)
	ReadDir(name string) ([]fs.DirEntry, error)
	Stat(name string) (fs.FileInfo, error)
	MkdirAll(name string, mode fs.FileMode) error
	Truncate(name string, size int64) error
	Rename(from, to string) error
	Remove(name string) error
	RemoveAll(name string) error
}

type file interface {
	io.WriteCloser
	// Sync makes the contents durable, and what is needed to find them again (fdatasync where there is one).
	Sync() error
	Stat() (fs.FileInfo, error)
	Fd() uintptr
}

const (
	directoryMode = 0o750
	fileMode      = 0o640
)

// disk is the file system of the operating system.
type disk struct{}

func (disk) OpenFile(name string, flag int, mode fs.FileMode) (file, error) {
	f, err := os.OpenFile(name, flag, mode)
	if err != nil {
		return nil, err
	}
	return dataFile{f}, nil
}

func (disk) ReadFile(name string) ([]byte, error)         { return os.ReadFile(name) }
func (disk) ReadDir(name string) ([]fs.DirEntry, error)   { return os.ReadDir(name) }
func (disk) Stat(name string) (fs.FileInfo, error)        { return os.Stat(name) }
func (disk) MkdirAll(name string, mode fs.FileMode) error { return os.MkdirAll(name, mode) }
func (disk) Truncate(name string, size int64) error       { return os.Truncate(name, size) }
func (disk) Rename(from, to string) error                 { return os.Rename(from, to) }
func (disk) Remove(name string) error                     { return os.Remove(name) }
func (disk) RemoveAll(name string) error                  { return os.RemoveAll(name) }

// syncPath makes a file durable, or the names in a directory.
func syncPath(files fileSystem, path string) error {
	f, err := files.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// writeAtomically replaces a file: after a crash it has either the old contents or the new.
func writeAtomically(files fileSystem, path string, data []byte) error {
	temporary := path + ".new"
	if err := writeDurably(files, temporary, data); err != nil {
		return err
	}
	if err := files.Rename(temporary, path); err != nil {
		return err
	}
	return syncPath(files, filepath.Dir(path))
}

func writeDurably(files fileSystem, path string, data []byte) error {
	f, err := files.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, fileMode)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		_ = f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		_ = f.Close()
		return fmt.Errorf("sync %s: %w", path, err)
	}
	return f.Close()
}

// readIfThere returns nil for a file that does not exist.
func readIfThere(files fileSystem, path string) ([]byte, error) {
	data, err := files.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}
