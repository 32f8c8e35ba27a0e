package shipped

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// endpoint is a backend that writes down which records it stored: OTLP's /v1/logs or Elasticsearch's /_bulk.
type endpoint struct {
	address string
	server  *http.Server
	done    chan struct{} // closed when the server has ended

	mu     sync.Mutex
	fault  answer
	stored map[string]bool
}

// answer breaks one request; it returns false to have it handled as a working backend does.
type answer func(e *endpoint, w http.ResponseWriter, r *http.Request, request request) bool

// request is what the collector sent.
type request struct {
	size int // as sent
	ids  []string
	bulk bool
}

func newEndpoint(t *testing.T) *endpoint {
	t.Helper()
	e := &endpoint{stored: map[string]bool{}}
	// It never listens, and keeps the port: while nobody else listens connections are refused.
	place := reserve(t, 0)
	t.Cleanup(func() { require.NoError(t, syscall.Close(place)) })
	name, err := syscall.Getsockname(place)
	require.NoError(t, err)
	e.address = fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	e.comeBack(t)
	t.Cleanup(e.goAway)
	return e
}

// reserve binds a socket to a port that others of this process may have, too.
func reserve(t *testing.T, port int) (socket int) {
	t.Helper()
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	require.NoError(t, syscall.SetsockoptInt(socket, syscall.SOL_SOCKET, unix.SO_REUSEPORT, 1))
	require.NoError(t, syscall.Bind(socket, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}))
	return socket
}

func (e *endpoint) comeBack(t *testing.T) {
	t.Helper()
	if e.server != nil {
		return
	}
	address, err := net.ResolveTCPAddr("tcp4", e.address)
	require.NoError(t, err)
	socket := reserve(t, address.Port)
	require.NoError(t, syscall.Listen(socket, 128))
	file := os.NewFile(uintptr(socket), "endpoint")
	listener, err := net.FileListener(file)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	server, done := &http.Server{Handler: e}, make(chan struct{})
	e.server, e.done = server, done
	go func() {
		defer close(done)
		_ = server.Serve(listener) // it ends with the server
	}()
}

// goAway ends every connection and takes no new one.
func (e *endpoint) goAway() {
	if e.server != nil {
		_ = e.server.Close() // connections that are busy end with an error
		<-e.done
		e.server = nil
	}
}

func (e *endpoint) url() string { return "http://" + e.address }

func (e *endpoint) set(fault answer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fault = fault
}

func (e *endpoint) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.stored)
}

func (e *endpoint) has(id string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.stored[id]
}

func (e *endpoint) store(ids ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range ids {
		e.stored[id] = true
	}
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request, err := read(r)
	if err != nil { // a collector that was killed did not send all of it
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	e.mu.Lock()
	fault := e.fault
	e.mu.Unlock()
	if fault != nil && fault(e, w, r, request) {
		return
	}
	if request.bulk {
		e.bulk(w, request.ids, nil)
		return
	}
	e.store(request.ids...)
	w.Header().Set("Content-Type", "application/x-protobuf") // an empty body is an ExportLogsServiceResponse
}

// bulk answers as Elasticsearch does, and stores what it does not refuse.
func (e *endpoint) bulk(w http.ResponseWriter, ids []string, refuse func(id string) int) {
	var items []any
	for _, id := range ids {
		result := map[string]any{"_id": id, "status": http.StatusCreated}
		if refuse != nil && refuse(id) != 0 {
			result["status"], result["error"] = refuse(id), map[string]string{"type": "document_parsing_exception", "reason": "as told"}
		} else if e.has(id) {
			result["status"], result["error"] = http.StatusConflict, map[string]string{"type": "version_conflict_engine_exception"}
		} else {
			e.store(id)
		}
		items = append(items, map[string]any{"create": result})
	}
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"items": items})
}

func read(r *http.Request) (request, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return request{}, err
	}
	result := request{size: len(raw), bulk: strings.HasSuffix(r.URL.Path, "/_bulk")}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	body, err := collectortest.Body(r)
	if err != nil {
		return request{}, err
	}
	if result.bulk {
		result.ids, err = collectortest.BulkIDs(body)
	} else {
		result.ids, err = collectortest.OTLPIDs(body)
	}
	return result, err
}

// status answers every request with a status, as something does that is or stands before a backend.
func status(code int) answer {
	return func(_ *endpoint, w http.ResponseWriter, _ *http.Request, _ request) bool {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		w.WriteHeader(code)
		return true
	}
}

// silent answers nothing until the client gives up.
func silent(_ *endpoint, _ http.ResponseWriter, r *http.Request, _ request) bool {
	<-r.Context().Done()
	return true
}

// page is a 200 that is no answer of a backend.
func page(_ *endpoint, w http.ResponseWriter, _ *http.Request, _ request) bool {
	w.Header().Set("Content-Type", "text/html")
	_, _ = io.WriteString(w, "<html><body>Please log in</body></html>")
	return true
}

// tooLarge answers 413 to requests over 1 MB, as nginx does by default.
func tooLarge(_ *endpoint, w http.ResponseWriter, _ *http.Request, request request) bool {
	if request.size <= 1<<20 {
		return false
	}
	w.WriteHeader(http.StatusRequestEntityTooLarge)
	return true
}

// refuseZstd answers 400 to requests in zstd, as Loki before 3.6 does.
func refuseZstd(_ *endpoint, w http.ResponseWriter, r *http.Request, _ request) bool {
	if r.Header.Get("Content-Encoding") != "zstd" {
		return false
	}
	http.Error(w, "proto: illegal wireType 7", http.StatusBadRequest)
	return true
}

// refuseSome refuses some records for good: Elasticsearch these documents; OTLP answers 400, and stores the others as Loki does.
func refuseSome(e *endpoint, w http.ResponseWriter, _ *http.Request, request request) bool {
	bad := func(id string) int {
		if strings.HasSuffix(id, "7") {
			return http.StatusBadRequest
		}
		return 0
	}
	if request.bulk {
		e.bulk(w, request.ids, bad)
		return true
	}
	refused := false
	for _, id := range request.ids {
		if bad(id) == 0 {
			e.store(id)
		} else {
			refused = true
		}
	}
	if refused {
		http.Error(w, "entry too far behind", http.StatusBadRequest)
	}
	return refused
}
