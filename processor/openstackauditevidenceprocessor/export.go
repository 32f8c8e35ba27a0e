package openstackauditevidenceprocessor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/delivery"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
)

const scopeName = "github.com/openstack-audit/otelcol-openstack-audit/processor/openstackauditevidenceprocessor"

// export sends the newest checkpoint down each pipeline, as a record that is in the log as any other. It is kept on disk until the
// pipelines accepted it: an entry without its record would look like a record that was removed.
func (r *recorder) export(ctx context.Context) {
	if err := r.exportNewest(ctx); err != nil && ctx.Err() == nil {
		r.logger.Warn("a checkpoint could not be exported; trying again", zap.Error(err))
	}
}

func (r *recorder) exportNewest(ctx context.Context) error {
	kept, err := r.outgoing()
	if kept == nil || err != nil {
		return err
	}
	r.mu.Lock()
	pipelines := r.pipelines
	r.mu.Unlock()
	var errs []error
	for _, p := range pipelines {
		logs, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(kept) // each pipeline may change what it is given
		if err != nil {
			return errors.Join(err, r.log.SetOutgoing(nil))
		}
		if err := p.ConsumeLogs(ctx, logs); err != nil && !delivery.Permanent(err) {
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	return r.log.SetOutgoing(nil)
}

// outgoing returns the record to send: one that was not accepted yet, or else a new one. It is nil before the first checkpoint.
func (r *recorder) outgoing() ([]byte, error) {
	kept, err := r.log.Outgoing()
	state := r.log.Stats()
	if kept != nil || err != nil || state.Checkpoint == nil || state.Halted != nil {
		return kept, err
	}
	kept, err = (&plog.ProtoMarshaler{}).MarshalLogs(checkpointLogs(state.Checkpoint, r.version, time.Now()))
	if err != nil {
		return nil, err
	}
	return kept, r.log.SetOutgoing(kept)
}

func checkpointLogs(c *evidence.Checkpoint, version string, now time.Time) plog.Logs {
	logs := plog.NewLogs()
	resource := logs.ResourceLogs().AppendEmpty()
	resource.Resource().Attributes().PutStr(audit.AttrServiceName, "otelcol-openstack-audit")
	resource.Resource().Attributes().PutStr(audit.AttrServiceNamespace, "openstack")
	scope := resource.ScopeLogs().AppendEmpty()
	scope.Scope().SetName(scopeName)
	scope.Scope().SetVersion(version)
	record := scope.LogRecords().AppendEmpty()
	record.SetEventName(audit.EventCheckpoint)
	record.SetTimestamp(pcommon.NewTimestampFromTime(now))
	record.SetObservedTimestamp(pcommon.NewTimestampFromTime(now))
	record.SetSeverityNumber(plog.SeverityNumberInfo)
	record.Body().SetStr(fmt.Sprintf("evidence log %s had %d entries at %s: signed", c.Origin, c.Size, c.Time.UTC().Format(time.RFC3339)))
	attributes := record.Attributes()
	attributes.PutStr(audit.AttrRecordUID, uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%s\x00%d", c.Note, now.UnixNano())).String())
	attributes.PutStr(audit.AttrCheckpointNote, string(c.Note))
	attributes.PutStr(audit.AttrCheckpointOrigin, c.Origin)
	attributes.PutInt(audit.AttrCheckpointSize, int64(c.Size))
	return logs
}
