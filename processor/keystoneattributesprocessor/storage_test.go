package keystoneattributesprocessor

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/storagetest"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/keystoneattributesprocessor/internal/metadata"
)

const pageSize = 4096

// fileStorage starts the extension file_storage in a directory.
func fileStorage(t *testing.T, directory string, change func(*filestorage.Config)) extension.Extension {
	t.Helper()
	factory := filestorage.NewFactory()
	config := factory.CreateDefaultConfig().(*filestorage.Config)
	config.Directory = directory
	if change != nil {
		change(config)
	}
	e, err := factory.Create(t.Context(), extension.Settings{
		ID: component.NewID(factory.Type()), TelemetrySettings: componenttest.NewNopTelemetrySettings(),
	}, config)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { assert.NoError(t, e.Shutdown(context.Background())) })
	return e
}

// withFile is a harness whose names are kept by file_storage in a directory.
func withFile(t *testing.T, server *keystonetest.Server, directory string, change func(*filestorage.Config)) *harness {
	t.Helper()
	h := newHarness(t, server, func(c *Config) { c.Storage = &storageID }, nil)
	h.host = storageHost{storageID: fileStorage(t, directory, change)}
	return h
}

// namesIn writes a file with the names of many users, and returns its path.
func namesIn(t *testing.T, directory string) string {
	t.Helper()
	server := lab()
	server.Fail(keystonetest.Failures{Status: http.StatusServiceUnavailable}) // names come from events alone
	h := withFile(t, server, directory, nil)
	h.start()
	var records []map[string]string
	for i := range 3000 {
		records = append(records, map[string]string{"user.id": fmt.Sprintf("%016x%016x", uint64(i+1)*0x9e3779b97f4a7c15, i), "user.name": "somebody with a name"})
	}
	require.NoError(t, h.consume(auditLogs(records...)))
	h.stop()
	files, err := filepath.Glob(filepath.Join(directory, "*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	return files[0]
}

func TestNamesFile(t *testing.T) {
	directory := t.TempDir()
	e := fileStorage(t, directory, nil)
	for _, name := range []string{"", "second", "a/b ~ü"} {
		id := component.MustNewIDWithName("keystone_attributes", strings.TrimSpace(name))
		client, err := e.(storage.Extension).GetClient(t.Context(), component.KindProcessor, id, storageName)
		require.NoError(t, err)
		assert.FileExists(t, namesFile(e, id))
		assert.NoError(t, checkFile(namesFile(e, id)), "a file that somebody holds")
		require.NoError(t, client.Close(t.Context()))
		assert.NoError(t, checkFile(namesFile(e, id)), "a file with no names yet")
	}
	assert.Empty(t, namesFile(storagetest.NewMemory(), storageID))
	assert.NoError(t, checkFile(filepath.Join(directory, "none")))
}

// TestDamagedFile damages each page of a file in turn: without the check bbolt ends the process.
func TestDamagedFile(t *testing.T) {
	whole, err := os.ReadFile(namesIn(t, t.TempDir()))
	require.NoError(t, err)
	pages := len(whole) / pageSize
	require.Greater(t, pages, 30)

	type damage struct {
		name string
		do   func([]byte) []byte
	}
	var damages []damage
	for page := range pages {
		if page > 12 && page%16 != 0 {
			continue
		}
		at := page * pageSize
		damages = append(damages,
			damage{"zeros", func(b []byte) []byte { clear(b[at : at+pageSize]); return b }},
			damage{"ones", func(b []byte) []byte {
				for i := range pageSize {
					b[at+i] = 0xff
				}
				return b
			}},
			damage{"another page", func(b []byte) []byte { copy(b[at:], whole[2*pageSize:3*pageSize]); return b }},
			damage{"its number", func(b []byte) []byte { b[at] ^= 1; return b }},
			damage{"its flags", func(b []byte) []byte { b[at+8] = 0x40; return b }},
			damage{"its overflow", func(b []byte) []byte { b[at+14] = 0x7f; return b }},
			damage{"its elements", func(b []byte) []byte {
				for i := 16; i < 80; i++ {
					b[at+i] ^= 0x55
				}
				return b
			}},
			damage{"a circle", func(b []byte) []byte { binary.NativeEndian.PutUint64(b[at+16+8:], uint64(page)); return b }},
			damage{"cut", func(b []byte) []byte { return b[:at+100] }},
			damage{"cut between pages", func(b []byte) []byte { return b[:at] }},
		)
	}
	for _, recreate := range []bool{false, true} {
		for i, damage := range damages {
			directory := t.TempDir()
			start := func(server *keystonetest.Server) *harness {
				h := withFile(t, server, directory, func(c *filestorage.Config) { c.Recreate = recreate })
				h.start()
				return h
			}
			file := namesFile(fileStorage(t, directory, nil), component.NewID(metadata.Type))
			require.NoError(t, os.WriteFile(file, damage.do(bytes.Clone(whole)), 0o600))
			h := start(lab())
			assert.Equal(t, "alice", added(t, h, map[string]string{"user.id": aliceID})["user.name"], "%s %d", damage.name, i)
			h.stop()
			warnings := h.logs.Filter(func(e observer.LoggedEntry) bool { return e.Level >= zapcore.WarnLevel })
			assert.LessOrEqual(t, warnings.Len(), 1, "%s %d: %v", damage.name, i, warnings.All())

			away := lab()
			away.Fail(keystonetest.Failures{Status: http.StatusServiceUnavailable})
			h = start(away)
			assert.Equal(t, "alice", added(t, h, map[string]string{"user.id": aliceID})["user.name"], "%s %d: the storage keeps names again", damage.name, i)
			h.stop()
		}
	}
}

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
