package openstackauditmetricsconnector

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/shared"
)

// metricsConnector counts the logs that pass, and flushes the totals from a goroutine of its own.
type metricsConnector struct {
	config    *Config
	version   string
	logger    *zap.Logger
	next      consumer.Metrics
	counters  *counters
	telemetry *telemetry

	// started is the start time of every series.
	started pcommon.Timestamp
	// flushed is the time of the last flush.
	flushed pcommon.Timestamp
	cancel  context.CancelFunc
	flusher sync.WaitGroup
}

func newMetricsConnector(settings connector.Settings, config *Config, next consumer.Metrics) (*metricsConnector, error) {
	counters := newCounters(config)
	telemetry, err := newTelemetry(settings, counters)
	if err != nil {
		return nil, err
	}
	return &metricsConnector{
		config: config, version: settings.BuildInfo.Version, logger: settings.Logger,
		next: next, counters: counters, telemetry: telemetry,
	}, nil
}

// Start starts the flusher; Shutdown ends it.
func (c *metricsConnector) Start(context.Context, component.Host) error {
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	c.started = pcommon.NewTimestampFromTime(time.Now())
	c.flushed = c.started
	c.counters.startKeystone(c.config.Keystone)
	c.flusher.Go(func() {
		flush := func() {
			if err := c.flush(ctx, false); err != nil && ctx.Err() == nil {
				c.telemetry.OpenstackAuditMetricsConnectorFlushFailures.Add(ctx, 1, c.telemetry.Common)
				c.logger.Warn("the metrics pipeline refused the totals; the next flush carries them", zap.Error(err))
			}
		}
		flush() // at once, for what starts at zero
		shared.Every(ctx, c.config.FlushInterval, flush)
	})
	return nil
}

// Capabilities says that records stay as they are.
func (*metricsConnector) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: false}
}

// ConsumeLogs counts the records. It never fails, and never waits for the metrics pipeline.
func (c *metricsConnector) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	c.telemetry.add(ctx, c.counters.count(logs))
	return nil
}

func (c *metricsConnector) flush(ctx context.Context, final bool) error {
	// A point that is not newer than the last is dropped by whoever keeps last values; clocks are set back.
	now := max(pcommon.NewTimestampFromTime(time.Now()), c.flushed+1)
	c.flushed = now
	metrics := c.counters.write(c.version, c.started, now, final)
	if metrics.ResourceMetrics().Len() == 0 {
		return nil
	}
	if err := c.next.ConsumeMetrics(ctx, metrics); err != nil {
		return err
	}
	c.counters.accepted()
	return nil
}

// Shutdown ends the flusher and flushes what was counted since. It may be called more than once, and without Start.
func (c *metricsConnector) Shutdown(ctx context.Context) error {
	c.telemetry.Shutdown()
	if c.cancel == nil {
		return nil
	}
	c.cancel()
	c.cancel = nil
	ended := make(chan struct{})
	go func() {
		c.flusher.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		return fmt.Errorf("the metrics pipeline did not return from the last flush: %w", ctx.Err())
	}
	if err := c.flush(ctx, true); err != nil {
		return fmt.Errorf("the metrics pipeline refused the last totals: %w", err)
	}
	return nil
}
