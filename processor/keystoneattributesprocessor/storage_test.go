package keystoneattributesprocessor

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/storagetest"
)

// brokenStorage panics, and hangs when it is closed after that, as bbolt may.
type brokenStorage struct {
	*storagetest.Memory
	batches, closing int
}

func (b *brokenStorage) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return b, nil
}

func (b *brokenStorage) Batch(context.Context, ...*storage.Operation) error {
	b.batches++
	panic("assertion failed: Page expected to be: 7, but self identifies as 0")
}

func (b *brokenStorage) Close(ctx context.Context) error {
	b.closing++
	<-ctx.Done()
	return ctx.Err()
}

func TestStorageThatPanics(t *testing.T) {
	broken := &brokenStorage{Memory: storagetest.NewMemory()}
	h := newHarness(t, lab(), func(c *Config) { c.Storage = &storageID }, nil)
	h.host = storageHost{storageID: broken}
	h.start()
	assert.Equal(t, "alice", added(t, h, map[string]string{"user.id": aliceID})["user.name"])
	assert.Equal(t, 1, h.logs.FilterMessageSnippet("cannot be read").Len())
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	require.NoError(t, h.processor.Shutdown(ctx), "it does not hang")
	require.NoError(t, h.telemetry.Shutdown(context.Background()))
	assert.Equal(t, 1, broken.batches, "what is broken is left alone")
}
