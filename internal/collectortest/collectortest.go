// Package collectortest is what the tests that run the built collector share.
package collectortest

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/freeport"
)

// FreePort returns a port on which nobody listens at 127.0.0.1 now.
func FreePort(t testing.TB) int {
	t.Helper()
	return freePorts(t, 1)[0]
}

// FreeAddress is 127.0.0.1 with a FreePort.
func FreeAddress(t testing.TB) string {
	t.Helper()
	return FreeAddresses(t, 1)[0]
}

// FreeAddresses returns several different ones.
func FreeAddresses(t testing.TB, count int) []string {
	t.Helper()
	var addresses []string
	for _, port := range freePorts(t, count) {
		addresses = append(addresses, fmt.Sprintf("127.0.0.1:%d", port))
	}
	return addresses
}

func freePorts(t testing.TB, count int) []int {
	t.Helper()
	ports, err := freeport.Find(count)
	require.NoError(t, err)
	return ports
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

// Tail is the end of it.
func (o *Output) Tail() string {
	text := o.String()
	return text[max(0, len(text)-8000):]
}
