package freeport

import (
	"fmt"
	"net"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFind(t *testing.T) {
	t.Parallel()
	ports, err := Find(20)
	require.NoError(t, err)
	seen := map[int]bool{}
	for _, port := range ports {
		assert.False(t, seen[port], "%d comes twice", port)
		seen[port] = true
		assert.True(t, first <= port && port < last)
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		require.NoError(t, err, "it is free")
		require.NoError(t, listener.Close())
	}
}

func TestReserve(t *testing.T) {
	t.Parallel()
	locks := t.TempDir()
	require.NoError(t, reserve(locks, first))
	runtime.GC()
	require.Error(t, reserve(locks, first), "it is reserved")
	require.NoError(t, reserve(locks, first+1))
	require.Error(t, reserve(locks+"/missing", first))
}

func TestCheck(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	require.Error(t, check(listener.Addr().(*net.TCPAddr).Port))
}
