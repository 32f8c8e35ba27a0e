// Package collectortest is what the tests that run the built collector share.
package collectortest

import (
	"bytes"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Binary returns the absolute path of the built collector; root is the path from
// the test's folder to the top of the repository. It builds nothing.
func Binary(t testing.TB, root string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(root, "build", "otelcol-openstack-audit"))
	require.NoError(t, err)
	require.FileExists(t, path, "the collector is not built: run make build")
	return path
}

// Output collects what a process writes, and can be read meanwhile.
type Output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

// String is all that was written so far.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
