package evidence

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// faultyFiles is a disk whose operations are counted, and of which some fail, or are the last ones before a crash.
type faultyFiles struct {
	disk
	operations int
	// fail says what operation number n returns instead of being done; nil: nothing.
	fail func(n int) error
	// crashAt is the operation that is not done any more; 0: none. Of what was not synced then, lost/4 is lost.
	crashAt, lost int
	crashed       bool
	unsynced      map[string]*extent
	opened        []file
}

// extent is how much of a file was synced, and how much was written.
type extent struct{ synced, written int64 }

// crash is what operations panic with once the machine is down.
type crash struct{}

func (f *faultyFiles) operation() error {
	f.operations++
	if f.crashAt > 0 && f.operations >= f.crashAt {
		if !f.crashed {
			f.crashed = true
			for path, e := range f.unsynced {
				_ = os.Truncate(path, e.written-(e.written-e.synced)*int64(f.lost)/4)
			}
		}
		panic(crash{})
	}
	if f.fail != nil {
		return f.fail(f.operations)
	}
	return nil
}

func (f *faultyFiles) OpenFile(name string, flag int, mode fs.FileMode) (file, error) {
	if err := f.operation(); err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	opened, err := f.disk.OpenFile(name, flag, mode)
	if err != nil {
		return nil, err
	}
	f.opened = append(f.opened, opened)
	if flag&os.O_TRUNC != 0 {
		f.unsynced[name] = &extent{}
	}
	return &faultyFile{file: opened, files: f, name: name}, nil
}

func (f *faultyFiles) MkdirAll(name string, mode fs.FileMode) error {
	if err := f.operation(); err != nil {
		return &fs.PathError{Op: "mkdir", Path: name, Err: err}
	}
	return f.disk.MkdirAll(name, mode)
}

func (f *faultyFiles) Truncate(name string, size int64) error {
	if err := f.operation(); err != nil {
		return &fs.PathError{Op: "truncate", Path: name, Err: err}
	}
	if e := f.unsynced[name]; e != nil {
		e.written, e.synced = size, min(size, e.synced)
	}
	return f.disk.Truncate(name, size)
}

func (f *faultyFiles) Rename(from, to string) error {
	if err := f.operation(); err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	if e := f.unsynced[from]; e != nil {
		f.unsynced[to] = e
		delete(f.unsynced, from)
	}
	return f.disk.Rename(from, to)
}

func (f *faultyFiles) Remove(name string) error {
	if err := f.operation(); err != nil {
		return &fs.PathError{Op: "remove", Path: name, Err: err}
	}
	delete(f.unsynced, name)
	return f.disk.Remove(name)
}

func (f *faultyFiles) RemoveAll(name string) error {
	if err := f.operation(); err != nil {
		return &fs.PathError{Op: "remove", Path: name, Err: err}
	}
	for path := range f.unsynced {
		if inside, _ := filepath.Rel(name, path); filepath.IsLocal(inside) {
			delete(f.unsynced, path)
		}
	}
	return f.disk.RemoveAll(name)
}

// faultyFile writes half of what it is given before it fails or crashes.
type faultyFile struct {
	file
	files *faultyFiles
	name  string
}

func (f *faultyFile) Write(data []byte) (n int, err error) {
	half := len(data) / 2
	n, err = f.file.Write(data[:half])
	f.files.written(f.name, n)
	if err != nil {
		return n, err
	}
	if err := f.files.operation(); err != nil {
		return n, &fs.PathError{Op: "write", Path: f.name, Err: err}
	}
	rest, err := f.file.Write(data[half:])
	f.files.written(f.name, rest)
	return n + rest, err
}

func (f *faultyFiles) written(name string, n int) {
	if e := f.unsynced[name]; e != nil {
		e.written += int64(n)
	}
}

func (f *faultyFile) Sync() error {
	if err := f.files.operation(); err != nil {
		return &fs.PathError{Op: "sync", Path: f.name, Err: err}
	}
	if e := f.files.unsynced[f.name]; e != nil {
		e.synced = e.written
	}
	return nil // the crash is not one of this machine
}

// end closes all files, as the end of a process does.
func (f *faultyFiles) end() {
	for _, opened := range f.opened {
		_ = opened.Close()
	}
}

func newFaultyFiles() *faultyFiles { return &faultyFiles{unsynced: map[string]*extent{}} }

// failing makes a number of operations fail, from the first on.
func failing(first, count int, err syscall.Errno) func(int) error {
	return func(n int) error {
		if n >= first && n < first+count {
			return err
		}
		return nil
	}
}
