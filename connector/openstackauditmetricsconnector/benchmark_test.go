package openstackauditmetricsconnector

import (
	"testing"

	"go.opentelemetry.io/collector/consumer/consumertest"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
)

// BenchmarkConsumeLogs counts the 158 records of a capture of Keystone: each new, for the window is off, or all of them in the window.
func BenchmarkConsumeLogs(b *testing.B) {
	for name, config := range map[string]*Config{"new": quiet(func(config *Config) { config.DedupWindow = 0 }), "repeats": quiet()} {
		b.Run(name, func(b *testing.B) {
			c := start(b, config, consumertest.NewNop())
			capture := readCapture(b, "amqp-keystone-messagingv2", auditlog.NewDefaultConfig())
			b.ReportAllocs()
			for b.Loop() {
				if err := c.ConsumeLogs(b.Context(), capture); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*capture.LogRecordCount()), "ns/record")
		})
	}
}

// BenchmarkFlush writes what a capture leaves.
func BenchmarkFlush(b *testing.B) {
	c := start(b, quiet(), consumertest.NewNop())
	if err := c.ConsumeLogs(b.Context(), readCapture(b, "amqp-keystone-messagingv2", auditlog.NewDefaultConfig())); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		c.counters.write("", 1, 2, false)
	}
}
