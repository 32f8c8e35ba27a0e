//go:build scale

package scale

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
	"github.com/openstack-audit/otelcol-openstack-audit/test/load"
	"github.com/openstack-audit/otelcol-openstack-audit/test/scale/model"
)

var records = flag.Int("records", 40_000, "how many notifications each run has")

const (
	window     = 20_000
	partitions = 8
	// farDelay is how long the backend takes for each request where it, and not the machine, is the limit.
	farDelay = 2 * time.Second
)

// transport brings notifications to collectors.
type transport struct {
	name, config, broker string // broker is the name of its process
	// start returns what each collector has to know, and what publishes so many notifications once they run.
	start func(t *testing.T) (environment []string, publish func(context.Context, *load.Load, *load.Sink, int) error)
	// change is merged over the configuration; delays are those of the backend, and records how many each run has.
	change  string
	delays  []time.Duration
	records int
}

func transports() []transport {
	return []transport{
		{
			name: "RabbitMQ, one quorum queue, `shared`", config: "durable.yaml", broker: "beam.smp", start: rabbitmq, records: *records,
			change: "receivers: {openstack_audit: {rabbitmq: {queue: {consumers: shared}}}}\n", delays: []time.Duration{0, farDelay},
		},
		{ // the receiver hands over one message at a time, and each is written to the disk
			name: fmt.Sprintf("Kafka (kfake), %d partitions", partitions), config: "kafka.yaml", broker: "kafka", start: kafka,
			records: *records / 20, delays: []time.Duration{0},
		},
		{
			name: fmt.Sprintf("Kafka (kfake), %d partitions, `fsync: false`", partitions), config: "kafka.yaml", broker: "kafka", start: kafka,
			records: *records / 2, change: "extensions: {file_storage: {fsync: false}}\n", delays: []time.Duration{0},
		},
	}
}

func rabbitmq(t *testing.T) ([]string, func(context.Context, *load.Load, *load.Sink, int) error) {
	node := rabbitmqtest.Start(t, rabbitmqtest.Options{})
	publisher, err := load.NewPublisher(node.URL(), "keystone", "openstack", "glance")
	require.NoError(t, err)
	return []string{"AUDIT_TRANSPORT_URL=" + collectortest.TransportURL(node.URL())},
		func(ctx context.Context, l *load.Load, s *load.Sink, records int) error {
			return l.Run(ctx, ctx, publisher, records, s, func() int { return window })
		}
}

func kafka(t *testing.T) ([]string, func(context.Context, *load.Load, *load.Sink, int) error) {
	broker, produce := collectortest.KafkaPartitions(t, partitions)
	return []string{"AUDIT_KAFKA_BROKER=" + broker}, func(ctx context.Context, l *load.Load, s *load.Sink, records int) error {
		return l.RunBodies(ctx, produce, records, s, window)
	}
}

// figure is what one run came to, from a quarter of the records to the last.
type figure struct {
	rate float64
	// CPU a record in µs, of all collectors together, of the broker, and of what publishes and takes the records; share is the CPUs that these
	// had together.
	collector, broker, rest, share float64
	batch                          float64 // records a request
}

// TestRates prints the rates of 1, 2 and 4 collectors, where the machine is the limit and where a slow backend is, and what the model says
// of them from the run with one.
func TestRates(t *testing.T) {
	out := os.Stdout
	fmt.Fprintf(out, "\n%d CPUs, %d records a run\n\n", runtime.NumCPU(), *records)
	fmt.Fprint(out, "| transport | backend | collectors | records/s | model | error | CPU µs: collectors | broker "+
		"| publisher and backend | CPUs had |\n")
	fmt.Fprint(out, "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, transport := range transports() {
		for _, delay := range transport.delays {
			var one figure
			for _, collectors := range []int{1, 2, 4} {
				f := measure(t, &transport, collectors, delay)
				if collectors == 1 {
					one = f
				}
				predicted := model.Simulate(model.Cloud{
					Collectors: collectors, Cores: f.share, Window: window, Records: transport.records,
					Publish: one.rest * model.PublisherShare, Broker: one.broker, Collect: one.collector * model.CollectShare,
					Export: one.collector * (1 - model.CollectShare), Backend: one.rest * (1 - model.PublisherShare),
					Batch: int(one.batch), Delay: delay, Consumers: 10, SendingQueue: model.DefaultSendingQueue,
				}).Rate
				fmt.Fprintf(out, "| %s | %s | %d | %.0f | %.0f | %+.0f %% | %.0f | %.0f | %.0f | %.2f |\n",
					transport.name, backendName(delay), collectors, f.rate, predicted, 100*(predicted/f.rate-1), f.collector, f.broker, f.rest, f.share)
			}
		}
	}
}

func backendName(delay time.Duration) string {
	if delay == 0 {
		return "near"
	}
	return fmt.Sprintf("takes %v", delay)
}

func measure(t *testing.T, transport *transport, count int, delay time.Duration) (f figure) {
	t.Run(fmt.Sprintf("%s/%d/%v", transport.config, count, delay), func(t *testing.T) {
		environment, publish := transport.start(t)
		records := transport.records
		sink := load.NewSink(t, records)
		sink.SetDelay(delay)
		var collectors []*collectortest.Collector
		for range count {
			collectors = append(collectors, collectortest.Run(t, collectortest.Options{
				Config: transport.config, Changes: []string{transport.change}, Environment: append(environment, "AUDIT_OTLP_ENDPOINT="+sink.URL),
			}))
		}
		for _, c := range collectors {
			c.AwaitReady(t)
			if transport.broker == "beam.smp" {
				c.AwaitConsuming(t)
			}
		}
		group, ctx := errgroup.WithContext(t.Context())
		group.Go(func() error { return publish(ctx, load.NewLoad(load.ReadCorpus(t), func(string) {}), sink, records) })
		group.Go(func() error {
			if err := sink.Await(ctx, records/4); err != nil {
				return err
			}
			begin, first, before, requests := time.Now(), received(sink), cpus(t, transport.broker, collectors), sink.Requests()
			if err := sink.Await(ctx, records); err != nil {
				return err
			}
			seconds, after := time.Since(begin).Seconds(), cpus(t, transport.broker, collectors)
			n := float64(records - first)
			part := func(i int) float64 { return (after[i] - before[i]).Seconds() / n * 1e6 }
			f = figure{rate: n / seconds, collector: part(0), broker: part(1), rest: part(2), batch: n / float64(sink.Requests()-requests)}
			f.share = (f.collector + f.broker + f.rest) * f.rate / 1e6
			return nil
		})
		require.NoError(t, group.Wait())
		require.Zero(t, sink.Missing(records))
	})
	return f
}

func received(s *load.Sink) int {
	n, _ := s.Received()
	return n
}

// cpus is the CPU time of the collectors, of the broker, and of this process.
func cpus(t *testing.T, broker string, collectors []*collectortest.Collector) (spent [3]time.Duration) {
	for _, c := range collectors {
		spent[0] += c.CPU()
	}
	for pid, parent := range parents(t, broker) {
		for parent > 1 && parent != os.Getpid() {
			parent = parents(t, "")[parent]
		}
		if parent == os.Getpid() {
			spent[1] += (&collectortest.Process{PID: pid}).CPU()
		}
	}
	spent[2] = (&collectortest.Process{PID: os.Getpid()}).CPU()
	return spent
}

// parents are those of all processes of a name, or of any.
func parents(t *testing.T, name string) map[int]int {
	found := map[int]int{}
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		var pid, parent int
		head, rest, _ := strings.Cut(string(text), ") ")
		number, command, _ := strings.Cut(head, " (")
		_, _ = fmt.Sscan(number, &pid)
		_, _ = fmt.Sscanf(rest, "%c %d", new(rune), &parent)
		if name == "" || command == name {
			found[pid] = parent
		}
	}
	return found
}
