package scale

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/test/load"
)

// TestConsumerGroup has three collectors share six partitions, and kills one. The others take its partitions over; what it had taken and
// not sent is in its queue on disk, and is sent when it starts again.
func TestConsumerGroup(t *testing.T) {
	const most = 200_000
	broker, produce := collectortest.KafkaPartitions(t, 6)
	sink := load.NewSink(t, most)
	cloud := load.NewLoad(load.ReadCorpus(t), func(string) {})
	publish := func(count int) {
		t.Helper()
		bodies := make([][]byte, count)
		for i := range bodies {
			_, bodies[i] = cloud.Next(nil)
		}
		require.NoError(t, produce(bodies...))
	}
	folder := t.TempDir()
	start := func(name string) *collectortest.Collector {
		c := collectortest.Run(t, collectortest.Options{Config: "kafka.yaml", Environment: []string{
			"AUDIT_KAFKA_BROKER=" + broker, "AUDIT_OTLP_ENDPOINT=" + sink.URL, "AUDIT_STATE=" + filepath.Join(folder, name),
		}})
		c.AwaitReady(t)
		return c
	}
	collectors := []*collectortest.Collector{start("a"), start("b"), start("c")}
	processes := []*collectortest.Process{collectors[0].Process, collectors[1].Process, collectors[2].Process}
	collectortest.Await(t, func() error {
		publish(30)
		var err error
		for i, c := range collectors {
			if c.Metric(t.Context(), "otelcol_receiver_accepted_log_records") <= 0 {
				err = errors.Join(err, fmt.Errorf("collector %d got nothing", i))
			}
		}
		return err
	}, processes...)

	sink.SetUnavailable(true) // so that each has records in its queue
	publish(600)
	collectors[0].Eventually(t, func() bool {
		return collectors[0].Metric(t.Context(), "otelcol_exporter_queue_size") > 0
	}, "nothing is in its queue")
	collectors[0].Kill()
	publish(600)
	sink.SetUnavailable(false)
	restarted := start("a")
	require.Less(t, cloud.Published(), most)
	collectortest.Await(t, func() error {
		if missing := sink.Missing(cloud.Published()); missing > 0 {
			return fmt.Errorf("%d of %d records have not come", missing, cloud.Published())
		}
		return nil
	}, collectors[1].Process, collectors[2].Process, restarted.Process)
	records, repeats := sink.Received()
	t.Logf("%d records, %d of them twice", records, repeats)
}
