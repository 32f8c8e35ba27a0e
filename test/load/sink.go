package load

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"math/bits"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/confighttp"
)

// Sink is a backend that takes logs by OTLP over HTTP and knows which of the published notifications it has.
type Sink struct {
	*httptest.Server
	mu      sync.Mutex
	changed *sync.Cond
	seen    []uint64 // a bit for each sequence number
	// received counts each record once, repeats those that came again, others what was not published, such as gaps.
	received, repeats, others int
	bytes                     int64 // of the requests, compressed
	unavailable, loseAnswer   bool
	requests                  int
	delay                     time.Duration
}

// NewSink starts a Sink for so many notifications, which ends with the test.
func NewSink(t testing.TB, records int) *Sink {
	s := &Sink{seen: make([]uint64, (records+63)/64)}
	s.changed = sync.NewCond(&s.mu)
	config := confighttp.NewDefaultServerConfig() // understands every encoding that an exporter has
	server, err := config.ToServer(t.Context(), nil, componenttest.NewNopTelemetrySettings(), http.HandlerFunc(s.take))
	require.NoError(t, err)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.bytes += max(r.ContentLength, 0)
		unavailable := s.unavailable
		delay := s.delay
		s.mu.Unlock()
		wait(r.Context(), delay)
		if unavailable {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		server.Handler.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// uidKey is the key of log.record.uid in OTLP, with its length; uidValue comes before its value, a text of 36 bytes. Looking for them takes
// less than making records of all.
var (
	uidKey   = []byte("\x0a\x0elog.record.uid")
	uidValue = []byte("\x12\x26\x0a\x24")
)

// nextUID finds the next log.record.uid; its value is on either side of the key.
func nextUID(body []byte) (id, rest []byte) {
	before, rest, found := bytes.Cut(body, uidKey)
	if !found {
		return nil, nil
	}
	if text, is := bytes.CutPrefix(rest, uidValue); is && len(text) >= len(messageID) {
		return text[:len(messageID)], rest
	}
	if start := len(before) - len(messageID); start >= len(uidValue) && bytes.HasSuffix(before[:start], uidValue) {
		return before[start:], rest
	}
	return []byte{}, rest
}

func (s *Sink) take(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	status := http.StatusOK
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, rest := nextUID(body); id != nil; id, rest = nextUID(rest) {
		s.count(id)
	}
	if s.loseAnswer {
		s.loseAnswer, status = false, http.StatusServiceUnavailable
	}
	s.requests++
	s.changed.Broadcast()
	w.Header().Set("Content-Type", "application/x-protobuf") // an empty body is an ExportLogsServiceResponse
	w.WriteHeader(status)
}

func (s *Sink) count(id []byte) {
	var number [4]byte
	if len(id) == 0 || string(id[8:]) != messageID[8:] {
		s.others++
		return
	}
	if _, err := hex.Decode(number[:], id[:8]); err != nil {
		s.others++
		return
	}
	n := int(number[0])<<24 | int(number[1])<<16 | int(number[2])<<8 | int(number[3])
	switch {
	case n/64 >= len(s.seen):
		s.others++
	case s.seen[n/64]&(1<<(n%64)) != 0:
		s.repeats++
	default:
		s.seen[n/64] |= 1 << (n % 64)
		s.received++
	}
}

// Missing counts those of the first notifications that have not come.
func (s *Sink) Missing(published int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	have := 0
	for i, word := range s.seen {
		if rest := published - i*64; rest < 64 {
			word &= 1<<max(rest, 0) - 1
		}
		have += bits.OnesCount64(word)
	}
	return published - have
}

// Await waits until so many records have come.
func (s *Sink) Await(ctx context.Context, records int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	stop := context.AfterFunc(ctx, s.changed.Broadcast)
	defer stop()
	for s.received < records && ctx.Err() == nil {
		s.changed.Wait()
	}
	return ctx.Err()
}

// Received counts each record once, and those that came again.
func (s *Sink) Received() (records, repeats int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.received, s.repeats
}

// SetUnavailable has it answer 503, or no longer.
func (s *Sink) SetUnavailable(unavailable bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unavailable = unavailable
	s.changed.Broadcast()
}

// LoseAnswer has it take the next request and answer 503 all the same.
func (s *Sink) LoseAnswer() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loseAnswer = true
}

// SetDelay has it wait before it answers, as a backend that is far away, or slow, does.
func (s *Sink) SetDelay(delay time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = delay
}

// Requests counts those that it took.
func (s *Sink) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

func wait(ctx context.Context, duration time.Duration) {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
