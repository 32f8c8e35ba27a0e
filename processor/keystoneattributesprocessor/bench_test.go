package keystoneattributesprocessor

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/keystoneattributesprocessor/internal/metadata"
)

// changes are the event types for which Keystone is asked, whatever is known.
var changes = regexp.MustCompile(`\.(created|updated|deleted)\b`)

// BenchmarkWarm compares reading a batch of real messages, which the pipeline does anyway, with adding names that are known
// to it. Every name is known, from a Keystone that holds all of them.
func BenchmarkWarm(b *testing.B) {
	c := readCapture(b)
	c.bodies = slices.DeleteFunc(c.bodies, func(body string) bool { return changes.MatchString(body) })
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
	b.Cleanup(func() { e.shutdown(context.Background()) })
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

// BenchmarkMillion adds the names of users and projects that are known among a million: a hundred in turn, and at random.
func BenchmarkMillion(b *testing.B) {
	const users = 1_000_000
	id := func(i int) string { return fmt.Sprintf("%016x%016x", uint64(i+1)*0x9e3779b97f4a7c15, i) }
	server := lab()
	h := newHarness(b, server, func(c *Config) { c.Preload = true }, nil)
	listing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v3/users" || r.URL.Query().Get("domain_id") != corpID {
			server.ServeHTTP(w, r)
			return
		}
		separator := `{"users":[`
		for i := range users {
			_, _ = fmt.Fprintf(w, `%s{"id":%q,"name":"user%d","domain_id":%q}`, separator, id(i), i, corpID)
			separator = ","
		}
		_, _ = io.WriteString(w, "]}")
	}))
	b.Cleanup(listing.Close)
	h.config.Auth.Get().AuthURL = listing.URL
	e, err := newEnricher(h.config, processortest.NewNopSettings(metadata.Type))
	require.NoError(b, err)
	require.NoError(b, e.start(b.Context(), h.host))
	b.Cleanup(func() { e.shutdown(context.Background()) })
	require.Eventually(b, func() bool { return e.directory.Stats().Entries["keystone"] >= users-1 }, time.Minute, 10*time.Millisecond)
	runtime.GC()
	for _, test := range []struct {
		name string
		used int
	}{{"hot", 100}, {"cold", users - 10}} {
		b.Run(test.name, func(b *testing.B) {
			next := 0
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				records := make([]map[string]string, 100)
				for i := range records {
					next = (next + 7919) % test.used
					records[i] = map[string]string{"user.id": id(next), "openstack.project.id": shopID,
						"openstack.target.user.id": id((next + test.used/2) % test.used)}
				}
				logs := auditLogs(records...)
				b.StartTimer()
				_, err := e.processLogs(b.Context(), logs)
				require.NoError(b, err)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*100), "ns/record")
		})
	}
}
