package keystoneattributesprocessor

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/directory"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/shared"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/keystoneattributesprocessor/internal/metadata"
)

// telemetry counts what the client, the directory and the processor do.
type telemetry struct {
	builder *metadata.TelemetryBuilder
	// resolved and recorded are the attributes of what every batch counts, made once.
	resolved [keystone.KindCount][directory.ResultCount]metric.MeasurementOption
	recorded map[string]metric.MeasurementOption
}

func newTelemetry(settings component.TelemetrySettings) (*telemetry, error) {
	builder, err := metadata.NewTelemetryBuilder(settings)
	if err != nil {
		return nil, err
	}
	t := &telemetry{builder: builder, recorded: map[string]metric.MeasurementOption{}}
	for kind := range keystone.KindCount {
		for result := range directory.ResultCount {
			t.resolved[kind][result] = with("kind", kind.String(), "result", result.String())
		}
	}
	for _, result := range []string{recordComplete, recordEnriched, recordIncomplete, recordRefused} {
		t.recorded[result] = with("result", result)
	}
	return t, nil
}

// What becomes of a record.
const (
	recordComplete   = "complete"
	recordEnriched   = "enriched"
	recordIncomplete = "incomplete"
	recordRefused    = "refused"
)

func with(pairs ...string) metric.MeasurementOption {
	attributes := make([]attribute.KeyValue, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		attributes = append(attributes, attribute.String(pairs[i], pairs[i+1]))
	}
	return metric.WithAttributeSet(attribute.NewSet(attributes...))
}

// request is told of every request to Keystone.
func (t *telemetry) request(operation string, err error, took time.Duration) {
	result := "ok"
	if err != nil {
		result = keystone.ReasonOf(err).String()
	}
	t.builder.ProcessorKeystoneAttributesRequestDuration.Record(context.Background(), took.Seconds(),
		with("operation", operation, "result", result))
}

// Resolved implements directory.Observer.
func (t *telemetry) Resolved(kind keystone.Kind, result directory.Result, ids int) {
	t.builder.ProcessorKeystoneAttributesIds.Add(context.Background(), int64(ids), t.resolved[kind][result])
}

// Listed implements directory.Observer.
func (t *telemetry) Listed(kind keystone.Kind, entities int, result string) {
	t.builder.ProcessorKeystoneAttributesListedEntities.Add(context.Background(), int64(entities), with("kind", kind.String()))
	t.builder.ProcessorKeystoneAttributesLists.Add(context.Background(), 1, with("kind", kind.String(), "result", result))
}

// Contradicted implements directory.Observer.
func (t *telemetry) Contradicted(kind keystone.Kind, claim directory.Claim) {
	t.builder.ProcessorKeystoneAttributesContradictions.Add(context.Background(), 1, with("kind", kind.String(), "claim", claim.String()))
}

// watch makes the gauges follow a directory until the builder is shut down.
func (t *telemetry) watch(d *directory.Directory) error {
	entries := func(_ context.Context, o metric.Int64Observer) error {
		for state, entries := range d.Stats().Entries {
			o.Observe(entries, with("state", state))
		}
		return nil
	}
	return errors.Join(
		t.builder.RegisterProcessorKeystoneAttributesCacheEntriesCallback(entries),
		shared.Gauge(t.builder.RegisterProcessorKeystoneAttributesQueuedLookupsCallback, func() int64 { return int64(d.Stats().Queued) }),
		shared.Gauge(t.builder.RegisterProcessorKeystoneAttributesBreakerOpenCallback,
			func() int64 { return shared.OneIf(d.Stats().BreakerOpen) }),
	)
}

// records counts audit records.
func (t *telemetry) records(result string, n int) {
	if n > 0 {
		t.builder.ProcessorKeystoneAttributesRecords.Add(context.Background(), int64(n), t.recorded[result])
	}
}

// outcomes counts a batch.
func (t *telemetry) outcomes(o *outcomes) {
	t.records(recordComplete, o.complete)
	t.records(recordEnriched, o.enriched)
	t.records(recordIncomplete, o.incomplete)
	if o.incomplete == 0 {
		return
	}
	for kind := range o.missing {
		for result, n := range o.missing[kind] {
			if n > 0 {
				t.builder.ProcessorKeystoneAttributesMissingNames.Add(context.Background(), int64(n),
					with("kind", keystone.Kind(kind).String(), "reason", directory.Result(result).String()))
			}
		}
	}
}
