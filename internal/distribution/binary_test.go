package distribution

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// root is the top folder of the repository.
const root = "../.."

// binary gives the absolute path of the built collector, which these tests look at and do not build.
func binary(t *testing.T) string {
	t.Helper()
	return collectortest.Binary(t, root)
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Clean(path))
	require.NoError(t, err)
	return content
}
