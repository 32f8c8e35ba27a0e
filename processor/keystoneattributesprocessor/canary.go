package keystoneattributesprocessor

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.uber.org/zap"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
)

const scopeName = "github.com/openstack-audit/otelcol-openstack-audit/processor/keystoneattributesprocessor"

// canary tells of our own logins in records, so that who reads them can look for the events that Keystone sends of these.
type canary struct {
	logger *zap.Logger
	// collector and version are this program's.
	collector, version string
	// logins has the last one that was not told yet.
	logins chan keystone.Login

	// mu is held while a record is given to a pipeline, so that none is after its end.
	mu   *sync.Mutex
	next map[*consumer.Logs]struct{}
}

func newCanary(set processor.Settings) canary {
	return canary{
		logger: set.Logger, collector: set.BuildInfo.Command, version: set.BuildInfo.Version,
		logins: make(chan keystone.Login, 1), mu: &sync.Mutex{}, next: map[*consumer.Logs]struct{}{},
	}
}

// join has a pipeline told until it leaves.
func (c *canary) join(next consumer.Logs) (leave func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next[&next] = struct{}{}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.next, &next)
	}
}

// loggedIn is called with each login. It does not wait: a login that is not told yet gives way.
func (c *canary) loggedIn(login keystone.Login) {
	select {
	case <-c.logins:
	default:
	}
	c.logins <- login // nobody else sends
}

// tellTime bounds how long a pipeline may take.
const tellTime = 5 * time.Second

// tell gives each pipeline a record of each login until ctx is done. One that a pipeline refuses is left out: the next login brings
// another.
func (c *canary) tell(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case login := <-c.logins:
			c.mu.Lock()
			for next := range c.next {
				if err := c.give(ctx, *next, login); err != nil && ctx.Err() == nil {
					c.logger.Warn("the pipeline refused the record of our login: it is not looked for", zap.Error(err))
				}
			}
			c.mu.Unlock()
		}
	}
}

func (c *canary) give(ctx context.Context, next consumer.Logs, login keystone.Login) error {
	ctx, cancel := context.WithTimeout(ctx, tellTime)
	defer cancel()
	return next.ConsumeLogs(ctx, c.record(login))
}

func (c *canary) record(login keystone.Login) plog.Logs {
	logs := plog.NewLogs()
	rl := logs.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr(audit.AttrServiceName, c.collector)
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName(scopeName)
	sl.Scope().SetVersion(c.version)
	record := sl.LogRecords().AppendEmpty()
	record.SetEventName(audit.EventCanary)
	record.SetTimestamp(pcommon.NewTimestampFromTime(login.At))
	record.SetObservedTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	record.SetSeverityNumber(plog.SeverityNumberInfo)
	record.Body().SetStr("the collector logged in to Keystone")
	attributes := record.Attributes()
	// The same in every pipeline.
	attributes.PutStr(audit.AttrRecordUID, uuid.NewSHA1(uuid.NameSpaceOID,
		[]byte(audit.EventCanary+"\x00"+login.UserID+"\x00"+login.At.UTC().Format(time.RFC3339Nano))).String())
	attributes.PutStr(audit.AttrUserID, login.UserID)
	attributes.PutStr(audit.AttrUserName, login.UserName)
	return logs
}
