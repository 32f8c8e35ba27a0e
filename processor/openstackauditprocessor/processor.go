package openstackauditprocessor

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// auditProcessor has no state but its counters: batches may come concurrently.
type auditProcessor struct {
	mapper        *auditlog.Mapper
	finder        finder
	keepUnmatched bool
	telemetry     *telemetry
}

func newAuditProcessor(settings processor.Settings, config *Config) (*auditProcessor, error) {
	t, err := newTelemetry(settings)
	if err != nil {
		return nil, err
	}
	if config.TrustUnnamedLogger {
		settings.Logger.Warn("trust_unnamed_logger is on: where a log names no logger, " +
			"whoever can type the beginning of a message can forge an audit event")
	}
	return &auditProcessor{
		mapper:        auditlog.NewMapper(config.Records, settings.BuildInfo.Version),
		finder:        newFinder(config),
		keepUnmatched: config.Unmatched == auditlog.Keep,
		telemetry:     t,
	}, nil
}

func (p *auditProcessor) shutdown(context.Context) error {
	p.telemetry.Shutdown()
	return nil
}

// process replaces the log records in which there is an event by audit records,
// which come behind those that stay.
func (p *auditProcessor) process(ctx context.Context, logs plog.Logs) (plog.Logs, error) {
	b := batch{mapper: p.mapper, finder: p.finder, keepUnmatched: p.keepUnmatched, now: time.Now(), verdicts: map[string]int64{}}
	for _, rl := range logs.ResourceLogs().All() {
		b.incoming = &auditlog.Incoming{Resource: rl.Resource()}
		for _, sl := range rl.ScopeLogs().All() {
			if sl.Scope().Name() == auditlog.ScopeName { // what is an audit record already passes as it is
				continue
			}
			b.scope = sl.Scope().Name()
			sl.LogRecords().RemoveIf(b.take)
		}
	}
	audit, stats := p.mapper.Logs(b.records)
	p.telemetry.count(ctx, &b, stats)

	removeEmpty(logs)
	audit.ResourceLogs().MoveAndAppendTo(logs.ResourceLogs())
	if logs.ResourceLogs().Len() == 0 {
		return logs, processorhelper.ErrSkipProcessingData
	}
	return logs, nil
}

func removeEmpty(logs plog.Logs) {
	logs.ResourceLogs().RemoveIf(func(rl plog.ResourceLogs) bool {
		rl.ScopeLogs().RemoveIf(func(sl plog.ScopeLogs) bool { return sl.LogRecords().Len() == 0 })
		return rl.ScopeLogs().Len() == 0
	})
}

// batch is what was found in one plog.Logs.
type batch struct {
	mapper        *auditlog.Mapper
	finder        finder
	keepUnmatched bool
	now           time.Time

	incoming  *auditlog.Incoming
	scope     string
	records   []auditlog.Record
	read      int64
	unmatched int64
	// verdicts counts what came of checking signatures.
	verdicts map[string]int64
}

// take reads a log record, and reports whether to remove it.
func (b *batch) take(lr plog.LogRecord) bool {
	b.read++
	found, text, err := b.finder.find(lr, b.scope)
	if found == nil && err == nil {
		b.unmatched++
		return !b.keepUnmatched
	}
	message := auditlog.Message{
		Body:     []byte(text),
		Received: b.now,
		Trace:    auditlog.TraceContext{TraceID: lr.TraceID(), SpanID: lr.SpanID(), Sampled: lr.Flags().IsSampled()},
		Incoming: b.incoming,
	}
	if observed := lr.ObservedTimestamp(); observed != 0 {
		message.Received = observed.AsTime()
	}
	if found != nil {
		if found.Verdict != "" {
			b.verdicts[found.Verdict]++
		}
		b.records = append(b.records, b.mapper.ReadNotification(*found, message))
	}
	if undecodable, ok := errors.AsType[*oslo.DecodeError](err); ok {
		b.records = append(b.records, b.mapper.ReadUndecodable(undecodable, message))
	}
	return true
}
