package collectortest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
)

// Backend takes logs by OTLP over HTTP, and keeps them.
type Backend struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	logs   plog.Logs
}

// NewBackend starts a Backend that ends with the test, whose path is that of the exporter's requests.
func NewBackend(t testing.TB, path string) *Backend {
	b := &Backend{status: http.StatusOK, logs: plog.NewLogs()}
	b.Server = httptest.NewServer(OTLP(path, func(_ context.Context, logs plog.Logs) int {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.status == http.StatusOK {
			logs.ResourceLogs().MoveAndAppendTo(b.logs.ResourceLogs())
		}
		return b.status
	}))
	t.Cleanup(b.Close)
	return b
}

// Answer has each request answered with a status from now on. What is not OK is not kept.
func (b *Backend) Answer(status int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status = status
}

// Count returns how many records came so far.
func (b *Backend) Count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.logs.LogRecordCount()
}

// Logs returns what came so far.
func (b *Backend) Logs() plog.Logs {
	b.mu.Lock()
	defer b.mu.Unlock()
	logs := plog.NewLogs()
	b.logs.CopyTo(logs)
	return logs
}

// Sentences returns the bodies of the records that came so far, by log.record.uid.
func (b *Backend) Sentences() map[string][]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	sentences := map[string][]string{}
	for record := range audit.Records(b.logs) {
		id, _ := record.Attributes().Get("log.record.uid")
		sentences[id.Str()] = append(sentences[id.Str()], record.Body().AsString())
	}
	return sentences
}
