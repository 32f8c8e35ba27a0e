package faults

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// answer decides about one request with these record ids: the HTTP status of the response. Records are stored with status 200 only.
type answer func(ctx context.Context, ids []string) int

func accept(context.Context, []string) int { return http.StatusOK }

// refuseForNow is what a backend says that is overloaded; OTLP exporters try again.
func refuseForNow(context.Context, []string) int { return http.StatusServiceUnavailable }

// hang answers nothing until the client gives up.
func hang(ctx context.Context, _ []string) int {
	<-ctx.Done()
	return http.StatusServiceUnavailable
}

// slow stores after a while.
func slow(ctx context.Context, _ []string) int {
	select {
	case <-time.After(300 * time.Millisecond):
		return http.StatusOK
	case <-ctx.Done():
		return http.StatusServiceUnavailable
	}
}

// refuseForGood refuses every request that has one of the ids in it, as backends do that take all of a request or nothing.
func refuseForGood(bad ...string) answer {
	return func(_ context.Context, ids []string) int {
		if slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(bad, id) }) {
			return http.StatusBadRequest
		}
		return http.StatusOK
	}
}

// backend is an OTLP/HTTP endpoint that counts how often it stored each log.record.uid.
type backend struct {
	address string
	server  *httptest.Server // nil while it is away

	mu       sync.Mutex
	answer   answer
	stored   map[string]int
	order    []string // ids at their first storing
	requests int
	export   io.Writer // has each request that was stored, as a line of JSON
}

func newBackend(t *testing.T) *backend {
	t.Helper()
	b := &backend{answer: accept, stored: map[string]int{}, address: collectortest.FreeAddress(t)}
	b.comeBack(t)
	t.Cleanup(b.goAway)
	return b
}

// goAway ends every connection and takes no new one.
func (b *backend) goAway() {
	if b.server != nil {
		b.server.CloseClientConnections()
		b.server.Close()
		b.server = nil
	}
}

func (b *backend) comeBack(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", b.address)
	require.NoError(t, err)
	b.server = httptest.NewUnstartedServer(collectortest.OTLP("/v1/logs", b.take))
	require.NoError(t, b.server.Listener.Close())
	b.server.Listener = listener
	b.server.Start()
}

func (b *backend) url() string { return "http://" + b.address }

func (b *backend) set(a answer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = a
}

// take asks for the answer, and stores what it says to store.
func (b *backend) take(ctx context.Context, logs plog.Logs) (status int) {
	var ids []string
	for record := range audit.Records(logs) {
		id, _ := record.Attributes().Get("log.record.uid")
		ids = append(ids, id.AsString())
	}
	b.mu.Lock()
	b.requests++
	decide := b.answer
	b.mu.Unlock()
	if status := decide(ctx, ids); status != http.StatusOK {
		return status
	}
	line, err := (&plog.JSONMarshaler{}).MarshalLogs(logs)
	if err != nil {
		return http.StatusBadRequest
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.export != nil {
		if _, err := b.export.Write(append(line, '\n')); err != nil {
			return http.StatusServiceUnavailable
		}
	}
	for _, id := range ids {
		if b.stored[id]++; b.stored[id] == 1 {
			b.order = append(b.order, id)
		}
	}
	return http.StatusOK
}

// has reports whether a record is stored.
func (b *backend) has(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.stored[id] > 0
}

// asked is how many requests came, whatever the answer was.
func (b *backend) asked() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.requests
}

// distinct is how many different records are stored.
func (b *backend) distinct() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.stored)
}

// missing returns those of the ids that are not stored.
func (b *backend) missing(ids []string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var missing []string
	for _, id := range ids {
		if b.stored[id] == 0 {
			missing = append(missing, id)
		}
	}
	return missing
}

// repeated is how many records were stored that were there before.
func (b *backend) repeated() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	repeated := 0
	for _, count := range b.stored {
		repeated += count - 1
	}
	return repeated
}

// firstOrder returns the ids in the order of their first storing.
func (b *backend) firstOrder() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.order)
}
