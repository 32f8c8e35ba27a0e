//go:build unix

package keystoneattributesprocessor

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestGuardAgainstFaults reads a mapped file that was cut: the system sends SIGBUS.
func TestGuardAgainstFaults(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "cut"))
	require.NoError(t, err)
	const pageSize = 4096
	require.NoError(t, file.Truncate(pageSize))
	mapped, err := syscall.Mmap(int(file.Fd()), 0, pageSize, syscall.PROT_READ, syscall.MAP_SHARED)
	require.NoError(t, err)
	defer func() { require.NoError(t, syscall.Munmap(mapped)) }()
	require.NoError(t, file.Truncate(0))
	require.NoError(t, file.Close())
	var read byte
	require.ErrorIs(t, guard(func() error { read = mapped[100]; return nil }), errDamaged)
	assert.Zero(t, read)
}
