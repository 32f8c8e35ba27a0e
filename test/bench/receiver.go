package main

import (
	"context"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/receiver/openstackauditreceiver"
)

// sink is the Nop consumer, which counts.
type sink struct {
	meter     *meter
	latencies []float64
	latency   bool
}

// Capabilities implements consumer.Logs.
func (s *sink) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// ConsumeLogs implements consumer.Logs.
func (s *sink) ConsumeLogs(_ context.Context, logs plog.Logs) error {
	if s.latency {
		s.takeLatencies(logs)
	}
	s.meter.add(logs.LogRecordCount())
	return nil
}

// takeLatencies reads when each record's message was published from its id.
func (s *sink) takeLatencies(logs plog.Logs) {
	now := time.Now().UnixNano()
	for lr := range audit.Records(logs) {
		id, _ := lr.Attributes().Get(audit.AttrRecordUID)
		if published, err := strconv.ParseInt(id.Str(), 10, 64); err == nil {
			s.latencies = append(s.latencies, float64(now-published)/1e6)
		}
	}
}

// startReceiver starts the receiver as the Collector would: with its factory, a configuration and a real meter.
func startReceiver(ctx context.Context, j *job, queue string, next consumer.Logs) (component.Component, error) {
	factory := openstackauditreceiver.NewFactory()
	config := factory.CreateDefaultConfig()
	err := confmap.NewFromStringMap(map[string]any{"rabbitmq": map[string]any{
		"transport_url": strings.Replace(j.URL, "amqp://", "rabbit://", 1),
		"queue":         map[string]any{"name": queue, "mode": "existing"},
	}}).Unmarshal(&config)
	if err != nil {
		return nil, err
	}
	settings := receivertest.NewNopSettings(factory.Type())
	settings.TelemetrySettings = telemetrySettings(componenttest.NewTelemetry())
	receiver, err := factory.CreateLogs(ctx, settings, config, next)
	if err != nil {
		return nil, err
	}
	return receiver, receiver.Start(ctx, componenttest.NewNopHost())
}

// telemetrySettings have a real meter, and no tracer, as a Collector has none unless it is told to.
func telemetrySettings(telemetry *componenttest.Telemetry) component.TelemetrySettings {
	settings := telemetry.NewTelemetrySettings()
	settings.TracerProvider = noop.NewTracerProvider()
	return settings
}

func runReceiver(ctx context.Context, j *job) (result, error) {
	idle := 0
	if j.IdleQueue != "" {
		var err error
		if idle, err = idleMemory(ctx, j); err != nil {
			return result{}, err
		}
	}
	s := &sink{meter: newMeter(j.Messages), latency: j.Latency}
	receiver, err := startReceiver(ctx, j, j.Queue, s)
	if err != nil {
		return result{}, err
	}
	resident := sampleResident(s.meter.done)
	r, err := s.meter.wait(ctx)
	if err != nil {
		return result{}, err
	}
	r.IdleKiB, r.BusyKiB = idle, int(median(<-resident))
	if j.Latency {
		r.LatencyMillis = percentiles(s.latencies[min(warmUp, len(s.latencies)):])
	}
	return r, receiver.Shutdown(ctx)
}

// idleMemory is the resident memory of a receiver that is connected and has nothing to do.
func idleMemory(ctx context.Context, j *job) (int, error) {
	receiver, err := startReceiver(ctx, j, j.IdleQueue, &sink{meter: newMeter(1)})
	if err != nil {
		return 0, err
	}
	time.Sleep(2 * time.Second)
	idle := statusKiB(os.Getpid(), "VmRSS")
	return idle, receiver.Shutdown(ctx)
}

// sampleResident reads the resident memory every few milliseconds until done is closed, and then gives what it read, in KiB.
func sampleResident(done <-chan struct{}) <-chan []float64 {
	samples := make(chan []float64, 1)
	go func() {
		ticker := time.NewTicker(10 * time.Millisecond)
		defer ticker.Stop()
		read := []float64{float64(statusKiB(os.Getpid(), "VmRSS"))}
		for {
			select {
			case <-done:
				samples <- read
				return
			case <-ticker.C:
				read = append(read, float64(statusKiB(os.Getpid(), "VmRSS")))
			}
		}
	}()
	return samples
}

// warmUp are the first messages, whose latency is that of a program that just started.
const warmUp = 20

func percentiles(values []float64) []float64 {
	slices.Sort(values)
	var out []float64
	for _, p := range []float64{0.5, 0.99, 0.999} {
		out = append(out, values[min(int(p*float64(len(values))), len(values)-1)])
	}
	return out
}
