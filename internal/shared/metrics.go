package shared

import (
	"context"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Attributes are those of a component's own metrics, each with its id: in one Collector several may run.
type Attributes struct {
	ID    attribute.KeyValue
	pairs sync.Map // of a key and a value to their metric.MeasurementOption
	// Common is the id alone.
	Common metric.MeasurementOption
}

// NewAttributes returns those of a component; kind is receiver, processor or connector.
func NewAttributes(kind string, id component.ID) *Attributes {
	own := attribute.String(kind, id.String())
	return &Attributes{ID: own, Common: metric.WithAttributeSet(attribute.NewSet(own))}
}

// With returns the id and one attribute more. There are few, and each is kept.
func (a *Attributes) With(key, value string) metric.MeasurementOption {
	pair := [2]string{key, value}
	if option, known := a.pairs.Load(pair); known {
		return option.(metric.MeasurementOption)
	}
	option := metric.WithAttributeSet(attribute.NewSet(a.ID, attribute.String(key, value)))
	a.pairs.Store(pair, option)
	return option
}

// Add adds a count if there is one.
func Add(ctx context.Context, counter metric.Int64Counter, count int64, attributes metric.MeasurementOption) {
	if count > 0 {
		counter.Add(ctx, count, attributes)
	}
}

// AddEach adds a count to each value of an attribute.
func AddEach[K ~string](ctx context.Context, a *Attributes, counter metric.Int64Counter, key string, counts map[K]int64) {
	for value, count := range counts {
		Add(ctx, counter, count, a.With(key, string(value)))
	}
}

// OneIf is the value of a gauge that tells whether something is so.
func OneIf(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

// Gauge makes a gauge follow a value; register is that of the component's metadata.TelemetryBuilder.
func Gauge(register func(metric.Int64Callback) error, value func() int64, attributes ...metric.ObserveOption) error {
	return register(func(_ context.Context, observer metric.Int64Observer) error {
		observer.Observe(value(), attributes...)
		return nil
	})
}
