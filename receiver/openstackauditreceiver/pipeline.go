package openstackauditreceiver

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/delivery"
)

// format is what receiverhelper calls the data in its spans.
const format = "openstack_audit"

// pipeline brings messages to the next component as audit log records. It is the same for each way in, and safe for
// concurrent use.
type pipeline struct {
	mapper           *auditlog.Mapper
	deliverer        delivery.Deliverer[auditlog.Record]
	onPermanentError PermanentErrorPolicy
	telemetry        *telemetry
	lastEvents       *lastEvents
	report           *receiverhelper.ObsReport
	logger           *zap.Logger
	// batches are the records of batches that are done, for the next ones: *[]auditlog.Record.
	batches sync.Pool
}

func newPipeline(config *Config, build component.BuildInfo, next consumer.Logs, telemetry *telemetry, report *receiverhelper.ObsReport) *pipeline {
	return &pipeline{
		mapper: auditlog.NewMapper(config.Records, build.Version),
		deliverer: delivery.Deliverer[auditlog.Record]{
			Consume:  next.ConsumeLogs,
			Retry:    config.RetryOnFailure,
			Observer: telemetry,
		},
		onPermanentError: config.OnPermanentError,
		telemetry:        telemetry,
		lastEvents:       newLastEvents(telemetry, config),
		report:           report,
		logger:           telemetry.logger,
	}
}

// tryingEach is the pipeline with tries that are not further apart than most.
func (p *pipeline) tryingEach(most time.Duration) *pipeline {
	deliverer := p.deliverer
	deliverer.Retry.InitialInterval = min(deliverer.Retry.InitialInterval, most)
	deliverer.Retry.MaxInterval = min(deliverer.Retry.MaxInterval, most)
	return &pipeline{
		mapper: p.mapper, deliverer: deliverer, onPermanentError: p.onPermanentError,
		telemetry: p.telemetry, lastEvents: p.lastEvents, report: p.report, logger: p.logger,
	}
}

// disposition is what the source of a message has to do about it: acknowledged and dropped are to be acknowledged,
// rejected is to be kept apart where the source can and held where it cannot, abandoned is to be left alone.
type disposition struct {
	settlement settlement
	// id is the record's log.record.uid; set for rejected and dropped messages only.
	id string
}

// process delivers one batch and says what is to become of each of its messages, in order. It returns only when the
// pipeline has decided about all of them, when ctx ends, or soon after stop is closed.
func (p *pipeline) process(ctx context.Context, stop <-chan struct{}, messages []auditlog.Message) []disposition {
	dispositions := make([]disposition, len(messages))
	positions := make([]int, 0, len(messages))
	read := p.read(messages)
	defer p.release(read)
	records := read
	p.lastEvents.add(p.mapper, records)
	seen := newTally()
	for i := range records {
		record := &records[i]
		seen.add(record)
		if lag, known := record.Lag(); known {
			p.telemetry.OpenstackAuditReceiverNotificationDelay.Record(ctx, max(lag.Seconds(), 0), p.telemetry.common)
		}
		switch {
		case record.Reject:
			dispositions[i] = disposition{settlement: rejected, id: record.UID()}
		case record.Skip != "":
			dispositions[i] = disposition{settlement: acknowledged}
		default:
			if kept := len(positions); kept != i {
				records[kept] = *record
			}
			positions = append(positions, i)
		}
	}
	seen.report(ctx, p.telemetry)
	records = records[:len(positions)]
	for i, outcome := range p.deliver(ctx, stop, records) {
		dispositions[positions[i]] = p.decide(outcome.Verdict, &records[i])
	}
	return dispositions
}

func (p *pipeline) deliver(ctx context.Context, stop <-chan struct{}, records []auditlog.Record) []delivery.Outcome {
	if len(records) == 0 {
		return nil
	}
	p.telemetry.OpenstackAuditReceiverBatchSize.Record(ctx, int64(len(records)), p.telemetry.common)

	deliverer := p.deliverer
	counted := false
	deliverer.Build = func(batch []auditlog.Record) plog.Logs {
		logs, stats := p.build(batch)
		if !counted { // the first call has the whole batch; later ones build the same records again
			counted = true
			p.telemetry.OpenstackAuditReceiverRecordsTruncated.Add(ctx, int64(stats.Truncated), p.telemetry.common)
		}
		return logs
	}
	operation := p.report.StartLogsOp(ctx)
	outcomes := deliverer.Deliver(operation, stop, records)

	var accepted, refused int
	var reason error
	for _, outcome := range outcomes {
		switch outcome.Verdict {
		case delivery.Accepted:
			accepted++
		case delivery.Refused:
			refused++
			reason = outcome.Err
		case delivery.Pending: // neither: the broker delivers it again
		}
	}
	p.report.EndLogsOp(operation, format, accepted, nil)
	if refused > 0 {
		p.report.EndLogsOp(p.report.StartLogsOp(ctx), format, refused, reason)
	}
	return outcomes
}

func (p *pipeline) decide(verdict delivery.Verdict, record *auditlog.Record) disposition {
	switch {
	case verdict == delivery.Accepted:
		return disposition{settlement: acknowledged}
	case verdict == delivery.Pending:
		return disposition{settlement: abandoned}
	case p.onPermanentError == PermanentErrorDrop:
		id := record.UID()
		p.logger.Warn("The pipeline refused a record for good. Its message is dropped, as on_permanent_error says.", zap.String("id", id))
		return disposition{settlement: dropped, id: id}
	default:
		return disposition{settlement: rejected, id: record.UID()}
	}
}

// tally counts what a batch holds, so that each value of an attribute is added once per batch.
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
	addEach(ctx, to, to.OpenstackAuditReceiverNotifications, "kind", t.kinds)
	addEach(ctx, to, to.OpenstackAuditReceiverNotificationsSkipped, "reason", t.skipped)
	addEach(ctx, to, to.OpenstackAuditReceiverDecodeErrors, "reason", t.errors)
}
