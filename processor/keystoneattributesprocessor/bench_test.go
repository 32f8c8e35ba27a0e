package keystoneattributesprocessor

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/keystoneattributesprocessor/internal/metadata"
)

// BenchmarkWarm compares reading a batch of real messages, which the pipeline does anyway, with adding names that are known
// to it. Every name is known, from a Keystone that holds all of them.
func BenchmarkWarm(b *testing.B) {
	c := readCapture(b)
	server := keystonetest.NewServer()
	for kind, things := range c.IDs {
		for id, known := range things {
			server.Put(keystonetest.Entity{Kind: kind, ID: id, Name: known.Names[0], DomainID: known.DomainID})
		}
	}
	h := newHarness(b, server, nil, nil)
	e, err := newEnricher(h.config, processortest.NewNopSettings(metadata.Type))
	require.NoError(b, err)
	require.NoError(b, e.start(b.Context(), h.host))
	b.Cleanup(func() { require.NoError(b, e.shutdown(context.Background())) })
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "test")
	received := time.Now()
	read := func() plog.Logs {
		records := make([]auditlog.Record, len(c.bodies))
		for i, body := range c.bodies {
			records[i] = mapper.Read(auditlog.Message{Body: []byte(body), Received: received})
		}
		logs, _ := mapper.Logs(records)
		return logs
	}
	_, err = e.processLogs(b.Context(), read())
	require.NoError(b, err)
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			read()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(c.bodies)), "ns/record")
	})
	b.Run("read and marshal", func(b *testing.B) {
		var marshaler plog.ProtoMarshaler
		b.ReportAllocs()
		for b.Loop() {
			_, err := marshaler.MarshalLogs(read())
			require.NoError(b, err)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(c.bodies)), "ns/record")
	})
	b.Run("names", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			logs := read()
			b.StartTimer()
			_, err := e.processLogs(b.Context(), logs)
			require.NoError(b, err)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(c.bodies)), "ns/record")
	})
}
