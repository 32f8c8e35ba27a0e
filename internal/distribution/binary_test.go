package distribution

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// root is the top folder of the repository.
const root = "../.."

// binary gives the absolute path of the built collector, which these tests look at and do not build.
func binary(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(root, "build", "otelcol-openstack-audit"))
	require.NoError(t, err)
	require.FileExists(t, path, "the collector is not built: run make build")
	return path
}
