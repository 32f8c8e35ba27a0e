package openstackauditcompletenessconnector

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/delivery"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/shared"
)

// checker reads the records, and gives what it finds to the next pipelines from a goroutine of its own.
type checker struct {
	config    *Config
	id        component.ID
	version   string
	logger    *zap.Logger
	telemetry *telemetry
	tracker   *tracker

	// logs and metrics are nil where no pipeline of the kind has the connector as its receiver.
	logs    consumer.Logs
	metrics consumer.Metrics

	startOnce sync.Once
	startErr  error
	storage   storage.Client
	cancel    context.CancelFunc
	flusher   sync.WaitGroup
	flushes   []flush
	// flushed is the time of the last metrics.
	flushed pcommon.Timestamp
}

// flush gives one of the next pipelines what there is.
type flush func(ctx context.Context, now time.Time) error

func newChecker(config *Config, settings connector.Settings) (*checker, error) {
	tracker := newTracker(config)
	telemetry, err := newTelemetry(settings, tracker)
	if err != nil {
		return nil, err
	}
	return &checker{
		config: config, id: settings.ID, version: settings.BuildInfo.Version, logger: settings.Logger,
		telemetry: telemetry, tracker: tracker,
	}, nil
}

func (c *checker) start(ctx context.Context, host component.Host) error {
	c.startOnce.Do(func() { c.startErr = c.startAll(ctx, host) })
	return c.startErr
}

func (c *checker) startAll(ctx context.Context, host component.Host) error {
	client, err := openStorage(ctx, host, c.config.Storage, c.id, c.logger)
	if err != nil {
		return err
	}
	c.storage = client
	c.tracker.start(time.Now())
	if err := c.tracker.load(ctx, client); err != nil {
		c.logger.Warn("what was known before the restart cannot be read: beginning anew", zap.Error(err))
	}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c.cancel = cancel
	c.flusher.Go(func() {
		shared.Every(run, c.config.FlushInterval, func() { c.check(run, time.Now(), c.flushes...) })
	})
	return nil
}

// check looks for what is missing, and flushes it.
func (c *checker) check(ctx context.Context, now time.Time, flushes ...flush) {
	shared.AddEach(ctx, c.telemetry.Attributes, c.telemetry.OpenstackAuditCompletenessConnectorUntracked, "what", c.tracker.check(now))
	for _, flush := range flushes {
		if err := c.flush(ctx, now, flush); err != nil && ctx.Err() == nil {
			c.logger.Warn("cannot flush; the next flush carries it", zap.Error(err))
		}
	}
}

// flushTime bounds a flush: one of the next pipelines may wait for room in a queue, the other one does not.
const flushTime = 5 * time.Second

func (*checker) flush(ctx context.Context, now time.Time, flush flush) error {
	ctx, cancel := context.WithTimeout(ctx, flushTime)
	defer cancel()
	return flush(ctx, now)
}

// flushLogs gives the findings to the logs pipeline. What it refuses for now is kept.
func (c *checker) flushLogs(ctx context.Context, now time.Time) error {
	findings := c.tracker.unsent()
	if len(findings) == 0 {
		return nil
	}
	err := c.logs.ConsumeLogs(ctx, findingsToLogs(findings, c.version, now))
	switch {
	case err == nil:
		c.tracker.sent(len(findings))
		return nil
	case consumererror.IsPermanent(err):
		c.tracker.sent(len(findings))
		c.telemetry.flushFailed(ctx, "logs")
		c.logger.Error("the logs pipeline rejected findings permanently", zap.Int("findings", len(findings)), zap.Error(err))
		return nil
	default:
		c.telemetry.flushFailed(ctx, "logs")
		return fmt.Errorf("the logs pipeline refused findings: %w", err)
	}
}

func (c *checker) flushMetrics(ctx context.Context, now time.Time) error {
	// A point that is not newer than the last is dropped by whoever keeps last values; clocks are set back.
	c.flushed = max(pcommon.NewTimestampFromTime(now), c.flushed+1)
	metrics := c.tracker.metrics(c.version, c.flushed)
	if metrics.DataPointCount() == 0 {
		return nil
	}
	if err := c.metrics.ConsumeMetrics(ctx, metrics); err != nil {
		c.telemetry.flushFailed(ctx, "metrics")
		return fmt.Errorf("the metrics pipeline refused totals: %w", err)
	}
	return nil
}

// store keeps what is known for the next start.
func (c *checker) store(ctx context.Context) {
	if c.storage == nil {
		return
	}
	if err := errors.Join(c.tracker.save(ctx, c.storage), c.storage.Close(ctx)); err != nil {
		c.logger.Warn("what is known cannot be stored: the next start begins anew", zap.Error(err))
	}
}

// side is the connector to logs or to metrics.
type side struct {
	*checker
	// number is its place in flushes. Both sides get all records: the first one reads them.
	number int
	leave  func() (last bool)
	ended  sync.Once
}

// Start starts what both sides share.
func (s *side) Start(ctx context.Context, host component.Host) error {
	return s.start(ctx, host)
}

// Capabilities says that records stay as they are.
func (*side) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: false} }

// ConsumeLogs reads the records. Batches that come at the same time are read one after the other: a response is no answer to a request that
// comes later. It fails with the context's error alone, and never waits for the next pipelines.
func (s *side) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	if s.number != 0 {
		return nil
	}
	pass, err := delivery.InTurn(ctx, s.checker)
	if err != nil {
		return err
	}
	defer pass()
	s.tracker.observe(logs, time.Now())
	return nil
}

// Shutdown flushes once more, before what stands behind this side ends. It may be called more than once, and without Start.
func (s *side) Shutdown(ctx context.Context) error {
	s.ended.Do(func() {
		if s.cancel != nil {
			s.cancel()
			s.flusher.Wait()
			s.check(ctx, time.Now(), s.flushes[s.number])
		}
		if s.leave() {
			s.store(ctx)
			s.telemetry.Shutdown()
		}
	})
	return nil
}
