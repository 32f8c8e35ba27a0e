//go:build soak

package soak

import (
	"context"
	"flag"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
	"github.com/openstack-audit/otelcol-openstack-audit/test/load"
	"github.com/openstack-audit/otelcol-openstack-audit/test/soak/samples"
)

var (
	records    = flag.Uint("records", 50_000_000, "how many notifications are published")
	every      = flag.Duration("every", 15*time.Second, "the time between two samples")
	faultEvery = flag.Duration("fault-every", 4*time.Minute, "the time between two faults")
	csvFile    = flag.String("csv", filepath.Join("build", "soak.csv"), "where the samples go, from the top folder")
	config     = flag.String("config", "evidence.yaml", "the configuration, with a pipeline logs that exports to otlp_http")
)

// TestSoak ends when all records have come, or with SIGINT or SIGTERM: then with as many as were published.
func TestSoak(t *testing.T) {
	require.LessOrEqual(t, *records, uint(math.MaxUint32), "a record's number has 32 bits")
	stopped, stop := signal.NotifyContext(t.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	corpus := load.ReadCorpus(t)
	node := rabbitmqtest.Start(t, rabbitmqtest.Options{})
	sink := load.NewSink(t, int(*records))
	keystone := load.StartKeystone(t, corpus)
	faults := newFaults(sink, keystone, node)
	cloud := load.NewLoad(corpus, keystone.Delete)
	publisher, err := load.NewPublisher(node.URL(), "keystone", "openstack", "glance")
	require.NoError(t, err)

	change, err := os.ReadFile("soak.yaml")
	require.NoError(t, err)
	state, pprof := t.TempDir(), collectortest.FreeAddress(t)
	collector := collectortest.Run(t, collectortest.Options{
		Config: *config, Changes: []string{string(change)},
		Environment: []string{
			"AUDIT_TRANSPORT_URL=" + collectortest.TransportURL(node.URL()), "AUDIT_OTLP_ENDPOINT=" + sink.URL, "AUDIT_STATE=" + state,
			"AUDIT_KEYSTONE_URL=" + keystone.URL, "AUDIT_KEYSTONE_PASSWORD=" + keystonetest.Password, "SOAK_PPROF_ENDPOINT=" + pprof,
		},
	})
	collector.AwaitConsuming(t)

	sampler := &sampler{
		collector: collector, pprof: pprof, state: state, sink: sink, begin: time.Now(), faults: func() int { return int(faults.count.Load()) },
	}
	path := filepath.Join(fixtures.Root(t), *csvFile)
	group, ctx := errgroup.WithContext(t.Context())
	running, end := context.WithCancel(ctx)
	defer end()
	group.Go(func() error {
		defer end()
		err := cloud.Run(ctx, stopped, publisher, int(*records), sink, func() int { return int(faults.window.Load()) })
		if err != nil {
			return err
		}
		faults.window.Store(window)
		return sink.Await(ctx, cloud.Published())
	})
	group.Go(func() error { faults.run(running, t, *faultEvery); return nil })
	group.Go(func() error { return write(running, t, path, sampler) })
	require.NoError(t, group.Wait(), "%s", collector.Log.Tail())

	require.Zero(t, sink.Missing(cloud.Published()), "records are lost")
	collector.Stop(t)
	report(t, path)
}

// write samples until the end.
func write(ctx context.Context, t testing.TB, path string, s *sampler) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	w, err := samples.NewWriter(file)
	if err != nil {
		return err
	}
	ticker := time.NewTicker(*every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return file.Close()
		case <-ticker.C:
		}
		one, err := s.sample(ctx)
		if ctx.Err() != nil {
			continue
		}
		if err != nil {
			return err
		}
		if err := w.Write(one); err != nil {
			return err
		}
	}
}

// report fails the test where the state was not steady.
func report(t testing.TB, path string) {
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	all, err := samples.Read(file)
	require.NoError(t, err)
	_, steady, err := samples.Steady(all)
	require.NoError(t, err)
	var table strings.Builder
	require.NoError(t, samples.Table(&table, all))
	t.Log(table.String())
	require.True(t, steady, "something grew: go run ./test/soak/figure draws it")
}
