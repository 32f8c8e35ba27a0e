package faults

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// collector is one process of the built collector, with a file of config/ and what a test changes of it.
type collector struct {
	*collectortest.Collector
	t    *testing.T
	peak *atomic.Int64 // KiB, of all collectors of a trial
}

// measure keeps the peak of the resident memory.
func (c *collector) measure() {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		c.peak.Store(max(c.peak.Load(), c.PeakMemory()))
		select {
		case <-c.Exited:
			return
		case <-ticker.C:
		}
	}
}

// waitLog waits until the collector has said something.
func (c *collector) waitLog(text string) {
	c.t.Helper()
	c.AwaitLog(c.t, text, 1)
}

func (c *collector) eventually(condition func() bool, message string) {
	c.t.Helper()
	c.Eventually(c.t, condition, message)
}

// descriptors is how many files and sockets the collector has open.
func (c *collector) descriptors() int {
	c.t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", c.PID))
	require.NoError(c.t, err)
	return len(entries)
}

// status asks the health check: what it says, and an error where it is not well.
func (c *collector) status() (string, error) {
	return collectortest.Get(c.t.Context(), "http://"+c.Health+"/status?verbose")
}

// metric is the sum of the receiver's metric over all attributes; -1 where there is none.
func (c *collector) metric(name string) float64 {
	return c.Metric(context.Background(), "otelcol_"+name)
}
