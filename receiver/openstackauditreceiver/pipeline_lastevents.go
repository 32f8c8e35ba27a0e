package openstackauditreceiver

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
)

// otherOrigin stands for exchanges and services that nobody configured and OpenStack does not have. Anyone who may publish can make up
// names without end.
const otherOrigin = "other"

// origin is where audit events come from.
type origin struct{ exchange, service string }

// lastEvents keeps when the last audit event of each origin came. It is safe for concurrent use.
type lastEvents struct {
	telemetry *telemetry
	// exchanges are those that are told apart.
	exchanges []string

	mu     sync.Mutex
	events map[origin]time.Time
}

func newLastEvents(telemetry *telemetry, config *Config) *lastEvents {
	exchanges := serviceExchanges()
	if config.RabbitMQ.HasValue() {
		exchanges = append(exchanges, config.RabbitMQ.Get().Exchanges...)
	}
	if config.Listen.HasValue() {
		exchanges = append(exchanges, config.Listen.Get().Exchanges...)
	}
	return &lastEvents{telemetry: telemetry, exchanges: exchanges, events: map[origin]time.Time{}}
}

// add takes note of the audit events in a batch.
func (l *lastEvents) add(mapper *auditlog.Mapper, records []auditlog.Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now() // of the last batch, where several come at once
	for i := range records {
		record := &records[i]
		if !record.IsAudit() {
			continue
		}
		from := origin{exchange: record.Exchange(), service: mapper.KnownService(record)}
		if _, known := l.events[from]; !known { // few are not
			if !slices.Contains(l.exchanges, from.exchange) {
				from.exchange = otherOrigin
			}
			from.service = strings.Clone(cmp.Or(from.service, otherOrigin)) // it may be a part of the message
		}
		l.events[from] = now
	}
}

// observe is the callback of the gauge.
func (l *lastEvents) observe(_ context.Context, observer metric.Float64Observer) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for from, at := range l.events {
		observer.Observe(float64(at.UnixMilli())/1000, metric.WithAttributeSet(attribute.NewSet(
			l.telemetry.ID, attribute.String("exchange", from.exchange), attribute.String("service", from.service))))
	}
	return nil
}
