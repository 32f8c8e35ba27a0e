package openstackauditcompletenessconnector

import (
	"testing"
	"time"
)

// BenchmarkObserve reads the 202 records of a capture of audit middlewares, each new: the window is off.
func BenchmarkObserve(b *testing.B) {
	logs := capture(b, "amqp-audit-middleware")
	config := createDefaultConfig().(*Config)
	config.RepeatWindow = 0
	tracker := newTracker(config)
	b.ReportAllocs()
	for b.Loop() {
		tracker.observe(logs, time.Now())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*logs.LogRecordCount()), "ns/record")
}
