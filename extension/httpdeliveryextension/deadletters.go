package httpdeliveryextension

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// deadLetters is a folder of requests that a backend rejected, in the form in which they can be sent once more: OTLP as protobuf (.pb) or
// JSON (.json), Elasticsearch's documents as lines for _bulk (.ndjson). Beside each is what the backend said (.txt).
type deadLetters struct {
	folder string
	bound  int64 // bytes

	mu     sync.Mutex
	opened bool
	size   int64
	last   int64 // part of the last name
}

// add writes a rejected request, or the rejected documents of it, and returns the name of the file; none when there is no room.
func (d *deadLetters) add(request *http.Request, sent []byte, v verdict) (name string, err error) {
	body, err := plain(request.Header.Get(contentEncoding), sent)
	if err != nil {
		return "", err
	}
	if v.documents != nil {
		body = documents(body, v.documents)
	}
	note := fmt.Appendf(nil, "%s %s\n%s\n", request.Method, request.URL.Redacted(), v.reason)

	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.open(); err != nil {
		return "", err
	}
	if d.size+int64(len(body)+len(note)) > d.bound {
		return "", nil
	}
	d.last = max(d.last+1, time.Now().UnixNano()) // names are unique, and in the order of time
	base := filepath.Join(d.folder, time.Unix(0, d.last).UTC().Format("20060102T150405.000000000Z"))
	name = base + suffix(request)
	if err := errors.Join(write(base+".txt", note), write(name, body)); err != nil {
		return "", errors.Join(err, remove(base+".txt"), remove(name))
	}
	d.size += int64(len(body) + len(note))
	return name, syncFolder(d.folder)
}

// open makes the folder, and adds up what is in it.
func (d *deadLetters) open() error {
	if d.opened {
		return nil
	}
	if err := os.MkdirAll(d.folder, 0o700); err != nil {
		return err
	}
	files, err := os.ReadDir(d.folder)
	if err != nil {
		return err
	}
	for _, file := range files {
		if info, err := file.Info(); err == nil { // else it has just been taken away
			d.size += info.Size()
		}
	}
	d.opened = true
	return nil
}

// documents returns the two lines of each of these documents of a _bulk request.
func documents(body []byte, positions []int) []byte {
	lines := slices.Collect(bytes.Lines(body))
	var rejected []byte
	for _, position := range positions {
		for _, line := range lines[min(2*position, len(lines)):min(2*position+2, len(lines))] {
			rejected = append(rejected, line...)
		}
	}
	return rejected
}

func suffix(request *http.Request) string {
	switch {
	case strings.HasSuffix(request.URL.Path, "/_bulk"):
		return ".ndjson"
	case request.Header.Get("Content-Type") == "application/x-protobuf":
		return ".pb"
	default:
		return ".json"
	}
}

// write makes a file that survives a loss of power.
func write(name string, content []byte) error {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	return errors.Join(err, file.Sync(), file.Close())
}

func remove(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func syncFolder(folder string) error {
	file, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
