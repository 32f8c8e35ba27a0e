package openstackauditevidenceprocessor

import (
	"context"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/delivery"
)

// pipeline is the processor in one pipeline.
type pipeline struct {
	recorder *recorder
	next     consumer.Logs
}

// Capabilities implements consumer.Logs.
func (p *pipeline) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: p.recorder.config.Embed}
}

// ConsumeLogs implements consumer.Logs: nothing goes on before its entries are durable.
func (p *pipeline) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	r := p.recorder
	h := r.hashers.Get().(*hasher)
	defer r.hashers.Put(h)
	h.hash(logs, r.config.Embed)
	if h.batch.Len() > 0 {
		if err := r.append(ctx, &h.batch); err != nil {
			return err
		}
	}
	err := p.next.ConsumeLogs(ctx, logs)
	if delivery.Permanent(err) {
		r.refusals.refused(&h.batch)
	}
	return err
}
