package openstackauditreceiver

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/delivery"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/shared"
)

// format is what receiverhelper calls the data in its spans.
const format = "openstack_audit"

// pipeline brings messages to the next component as audit log records. It is the same for each way in, and safe for
// concurrent use.
type pipeline struct {
	mapper           *auditlog.Mapper
	deliverer        delivery.Deliverer
	next             consumer.Logs
	onPermanentError PermanentErrorPolicy
	telemetry        *telemetry
	lastEvents       *lastEvents
	report           *receiverhelper.ObsReport
	logger           *zap.Logger
	// batches are the records of batches that are done, for the next ones: *[]auditlog.Record.
	batches *sync.Pool
}

func newPipeline(config *Config, build component.BuildInfo, next consumer.Logs, telemetry *telemetry,
	report *receiverhelper.ObsReport) *pipeline {
	return &pipeline{
		mapper:           auditlog.NewMapper(config.Records, build.Version),
		deliverer:        delivery.Deliverer{Retry: config.RetryOnFailure, Observer: telemetry},
		next:             next,
		onPermanentError: config.OnPermanentError,
		telemetry:        telemetry,
		lastEvents:       newLastEvents(telemetry, config),
		report:           report,
		logger:           telemetry.logger,
		batches:          &sync.Pool{},
	}
}

// retryingEvery returns the pipeline with retries that are at most this far apart.
func (p *pipeline) retryingEvery(most time.Duration) *pipeline {
	retrying := *p
	retrying.deliverer.Retry.InitialInterval = min(p.deliverer.Retry.InitialInterval, most)
	retrying.deliverer.Retry.MaxInterval = min(p.deliverer.Retry.MaxInterval, most)
	return &retrying
}

// process delivers one batch of n messages and returns the settlement of each, in order. For a message that is rejected it is what reject
// returns, which is told the record's log.record.uid. process returns only when the pipeline has decided about all messages, when ctx ends,
// or soon after stop is closed.
func (p *pipeline) process(
	ctx context.Context, stop <-chan struct{}, n int, message func(i int) auditlog.Message, reject func(id string) delivery.Settlement,
) []delivery.Settlement {
	settlements := make([]delivery.Settlement, n)
	positions := make([]int, 0, n)
	read := p.read(n, message)
	defer p.release(read)
	p.lastEvents.add(p.mapper, read)
	seen := newTally()
	for i := range read {
		record := &read[i]
		seen.add(record)
		if lag, known := record.Lag(); known {
			p.telemetry.OpenstackAuditReceiverNotificationDelay.Record(ctx, max(lag.Seconds(), 0), p.telemetry.Common)
		}
		switch {
		case record.Reject:
			settlements[i] = reject(record.UID())
		case record.Skip != "":
			settlements[i] = delivery.Acknowledged
		default:
			if kept := len(positions); kept != i {
				read[kept] = *record
			}
			positions = append(positions, i)
		}
	}
	seen.report(ctx, p.telemetry)
	if p.onPermanentError == PermanentErrorDrop {
		reject = p.drop
	}
	records := read[:len(positions)]
	for i, settlement := range p.deliver(ctx, stop, records) {
		if settlement == delivery.Rejected {
			settlement = reject(records[i].UID())
		}
		settlements[positions[i]] = settlement
	}
	return settlements
}

func (p *pipeline) drop(id string) delivery.Settlement {
	p.logger.Warn("The pipeline rejected a record permanently. Its message is dropped: on_permanent_error is drop.", zap.String("id", id))
	return delivery.Dropped
}

func (p *pipeline) deliver(ctx context.Context, stop <-chan struct{}, records []auditlog.Record) []delivery.Settlement {
	if len(records) == 0 {
		return nil
	}
	p.telemetry.OpenstackAuditReceiverBatchSize.Record(ctx, int64(len(records)), p.telemetry.Common)
	counted := false
	operation := p.report.StartLogsOp(ctx)
	settlements, reason := p.deliverer.Deliver(operation, stop, len(records), func(ctx context.Context, from, to int) error {
		logs, stats := p.mapper.Logs(records[from:to])
		if !counted { // the first call has the whole batch; later ones build the same records again
			counted = true
			p.telemetry.OpenstackAuditReceiverRecordsTruncated.Add(ctx, int64(stats.Truncated), p.telemetry.Common)
		}
		return p.next.ConsumeLogs(ctx, logs)
	})
	var counts delivery.Counts
	for _, settlement := range settlements {
		counts[settlement]++
	}
	p.report.EndLogsOp(operation, format, int(counts[delivery.Acknowledged]), nil)
	if rejected := counts[delivery.Rejected]; rejected > 0 {
		p.report.EndLogsOp(p.report.StartLogsOp(ctx), format, int(rejected), reason)
	}
	return settlements
}

// read decodes a batch. Its records go back with release.
func (p *pipeline) read(n int, message func(i int) auditlog.Message) []auditlog.Record {
	var records []auditlog.Record
	if pooled, _ := p.batches.Get().(*[]auditlog.Record); pooled != nil {
		records = *pooled
	}
	if cap(records) < n {
		records = make([]auditlog.Record, n)
	}
	records = records[:n]
	for i := range records {
		p.mapper.ReadInto(&records[i], message(i))
	}
	return records
}

// release returns the records of a batch that is done. They are emptied: what they refer to would live on.
func (p *pipeline) release(records []auditlog.Record) {
	clear(records)
	p.batches.Put(&records)
}

// tally counts what is in a batch, so that each value of an attribute is added once per batch.
type tally struct {
	kinds   map[auditlog.Kind]int64
	skipped map[auditlog.SkipReason]int64
	errors  map[string]int64
}

func newTally() *tally {
	return &tally{kinds: map[auditlog.Kind]int64{}, skipped: map[auditlog.SkipReason]int64{}, errors: map[string]int64{}}
}

func (t *tally) add(record *auditlog.Record) {
	t.kinds[record.Kind]++
	if record.DecodeError != nil {
		t.errors[string(record.DecodeError.Reason)]++
	}
	if record.Skip != "" && !record.Reject {
		t.skipped[record.Skip]++
	}
}

func (t *tally) report(ctx context.Context, to *telemetry) {
	shared.AddEach(ctx, to.Attributes, to.OpenstackAuditReceiverNotifications, "kind", t.kinds)
	shared.AddEach(ctx, to.Attributes, to.OpenstackAuditReceiverNotificationsSkipped, "reason", t.skipped)
	shared.AddEach(ctx, to.Attributes, to.OpenstackAuditReceiverDecodeErrors, "reason", t.errors)
}
