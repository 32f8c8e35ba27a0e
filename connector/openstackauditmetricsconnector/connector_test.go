package openstackauditmetricsconnector

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"

	"go.opentelemetry.io/collector/component"

	"github.com/openstack-audit/otelcol-openstack-audit/connector/openstackauditmetricsconnector/internal/metadata"
	"github.com/openstack-audit/otelcol-openstack-audit/connector/openstackauditmetricsconnector/internal/metadatatest"
)

// last is what the sink was given at last.
func last(t *testing.T, sink *consumertest.MetricsSink) values {
	t.Helper()
	all := sink.AllMetrics()
	require.NotEmpty(t, all)
	return read(t, all[len(all)-1])
}

func TestFlushes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &consumertest.MetricsSink{}
		c := start(t, createDefaultConfig().(*Config), sink)
		began := time.Now()
		synctest.Wait()
		require.Len(t, sink.AllMetrics(), 1, "at the start")
		first := last(t, sink)
		require.Zero(t, first.sum())
		for _, series := range []string{
			"keystone openstack.identity.authentications outcome=success",
			"keystone openstack.identity.authentications outcome=failure error.type=invalid_credentials",
			"keystone openstack.identity.authentications outcome=failure error.type=user_not_found",
			"keystone openstack.audit.events category=iam action=assign outcome=success",
		} {
			require.Contains(t, first, series)
		}

		// A series that was there counts at the next flush; one that is new is shown at zero first.
		known, fresh := login("1", "failure", "user_not_found"), login("2", "failure", "user_not_found")
		fresh.domain = "Default"
		assign := event{uid: "3", category: "iam", action: "assign", outcome: "success"}
		nova := event{uid: "4", service: "nova", category: "resource", action: "delete", outcome: "success"}
		require.NoError(t, c.ConsumeLogs(t.Context(), logs(known, fresh, assign, nova)))
		freshSeries := "keystone openstack.identity.authentications outcome=failure error.type=user_not_found openstack.user.domain.name=Default"
		novaSeries := "nova openstack.audit.events category=resource action=delete outcome="
		time.Sleep(15 * time.Second)
		synctest.Wait()
		second := last(t, sink)
		require.EqualValues(t, 1, second["keystone openstack.identity.authentications outcome=failure error.type=user_not_found"])
		require.EqualValues(t, 1, second["keystone openstack.audit.events category=iam action=assign outcome=success"])
		for _, series := range []string{freshSeries, novaSeries + "success", novaSeries + "failure"} {
			value, there := second[series]
			require.True(t, there, series)
			require.Zero(t, value)
		}

		time.Sleep(15 * time.Second)
		synctest.Wait()
		third := last(t, sink)
		require.EqualValues(t, 1, third[freshSeries])
		require.EqualValues(t, 1, third[novaSeries+"success"])
		require.Zero(t, third[novaSeries+"failure"])
		require.EqualValues(t, 2, third.sum(nameAuthentications))
		require.EqualValues(t, 4, third.sum(nameEvents))

		late := login("5", "success", "")
		late.domain = "never seen before"
		require.NoError(t, c.ConsumeLogs(t.Context(), logs(late)))
		time.Sleep(time.Second)
		require.NoError(t, c.Shutdown(t.Context()))
		require.Len(t, sink.AllMetrics(), 4, "at the shutdown")
		require.EqualValues(t, 5, last(t, sink).sum(nameEvents), "what is new too")
		requireTimes(t, sink.AllMetrics(), began)
	})
}

// Batches that are delivered at the same time are counted as they would be one after the other, and repeats once.
func TestBatchesAtTheSameTime(t *testing.T) {
	sink := &consumertest.MetricsSink{}
	c := start(t, quiet(), sink)
	const batches, each = 8, 200
	var sending sync.WaitGroup
	for batch := range batches {
		sending.Go(func() {
			for i := range each {
				own, repeated := login(fmt.Sprint(batch, " ", i), "success", ""), login(fmt.Sprint("all ", i), "success", "")
				assert.NoError(t, c.ConsumeLogs(t.Context(), logs(own, repeated, own)))
			}
		})
	}
	sending.Wait()
	require.NoError(t, c.flush(t.Context(), true))
	require.EqualValues(t, (batches+1)*each, last(t, sink).sum(nameEvents))
}

// A series that a refused flush would have shown at zero is shown at zero by the next.
func TestRefusedFlushShowsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &consumertest.MetricsSink{}
		var refusing atomic.Bool
		refusing.Store(true)
		pipeline, err := consumer.NewMetrics(func(ctx context.Context, metrics pmetric.Metrics) error {
			if refusing.Load() {
				return errors.New("sending queue is full")
			}
			return sink.ConsumeMetrics(ctx, metrics)
		})
		require.NoError(t, err)
		c := start(t, createDefaultConfig().(*Config), pipeline)
		failure := login("1", "failure", "user_not_found")
		require.NoError(t, c.ConsumeLogs(t.Context(), logs(failure)))
		time.Sleep(20 * time.Second)
		synctest.Wait()
		require.Empty(t, sink.AllMetrics(), "two flushes were refused")
		refusing.Store(false)
		time.Sleep(15 * time.Second)
		synctest.Wait()
		require.Zero(t, last(t, sink).sum(nameAuthentications))
		time.Sleep(15 * time.Second)
		synctest.Wait()
		require.EqualValues(t, 1, last(t, sink).sum(nameAuthentications))
	})
}

// requireTimes demands that all points start when the connector did, and that time goes on.
func requireTimes(t *testing.T, flushes []pmetric.Metrics, began time.Time) {
	t.Helper()
	var before time.Time
	for _, metrics := range flushes {
		var now time.Time
		for _, rm := range metrics.ResourceMetrics().All() {
			for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
				if m.Type() != pmetric.MetricTypeSum {
					continue
				}
				for _, p := range m.Sum().DataPoints().All() {
					require.True(t, p.StartTimestamp().AsTime().Equal(began))
					now = p.Timestamp().AsTime()
				}
			}
		}
		require.True(t, now.After(began))
		require.True(t, now.After(before))
		before = now
	}
}

// Over a graceful restart the last value before and the last value after are what was sent.
func TestGracefulRestartLosesNothing(t *testing.T) {
	var total uint64
	sent := 0
	for run := range 3 {
		sink := &consumertest.MetricsSink{}
		c := start(t, quiet(), sink)
		for range 7 * (run + 1) {
			sent++
			require.NoError(t, c.ConsumeLogs(t.Context(), logs(login(time.Duration(sent).String(), "failure", "401"))))
		}
		require.NoError(t, c.Shutdown(t.Context()))
		total += last(t, sink).sum(nameAuthentications)
	}
	require.EqualValues(t, sent, total)
}

func TestRestartStartsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &consumertest.MetricsSink{}
		first := start(t, createDefaultConfig().(*Config), sink)
		time.Sleep(time.Minute)
		require.NoError(t, first.Shutdown(t.Context()))
		flushes := len(sink.AllMetrics())
		time.Sleep(time.Second)
		restarted := time.Now()
		second := start(t, createDefaultConfig().(*Config), sink)
		time.Sleep(time.Minute)
		require.NoError(t, second.Shutdown(t.Context()))
		requireTimes(t, sink.AllMetrics()[flushes:], restarted)
	})
}

func TestLogsPassWhileTheMetricsPipelineHangs(t *testing.T) {
	entered := make(chan struct{})
	var once sync.Once
	hang, err := consumer.NewMetrics(func(ctx context.Context, _ pmetric.Metrics) (err error) {
		once.Do(func() {
			close(entered)
			<-ctx.Done()
			err = ctx.Err()
		})
		return err
	})
	require.NoError(t, err)
	c := start(t, createDefaultConfig().(*Config), hang)
	<-entered
	for range 100 {
		require.NoError(t, c.ConsumeLogs(t.Context(), logs(login("", "failure", "401"))))
	}
	require.EqualValues(t, 100, c.totals(t).sum(nameAuthentications))
	require.NoError(t, c.Shutdown(t.Context()), "Shutdown ends the flush that hangs")
}

func TestShutdownGivesUpInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		released := make(chan struct{})
		deaf, err := consumer.NewMetrics(func(context.Context, pmetric.Metrics) error {
			<-released
			return nil
		})
		require.NoError(t, err)
		c, err := newMetricsConnector(settings(componenttest.NewNopTelemetrySettings()), createDefaultConfig().(*Config), deaf)
		require.NoError(t, err)
		require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, c.Shutdown(ctx), context.DeadlineExceeded)
		close(released)
	})
}

func settings(telemetry component.TelemetrySettings) connector.Settings {
	telemetry.Logger = zap.NewNop()
	return connector.Settings{ID: component.NewID(metadata.Type), TelemetrySettings: telemetry}
}

func TestOwnMetrics(t *testing.T) {
	observed := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, observed.Shutdown(context.Background())) })
	config := quiet(func(config *Config) { config.MaxSeries = 50 })
	refused := errors.New("sending queue is full")
	c, err := newMetricsConnector(settings(observed.NewTelemetrySettings()), config, consumertest.NewErr(refused))
	require.NoError(t, err)
	require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
	for i := range 60 {
		e := login(time.Duration(i).String(), "failure", "401")
		e.domain = e.uid
		require.NoError(t, c.ConsumeLogs(t.Context(), logs(e, e)))
	}
	id := attribute.String("connector", "openstack_audit_metrics")
	metadatatest.AssertEqualOpenstackAuditMetricsConnectorRepeatedRecords(t, observed,
		[]metricdata.DataPoint[int64]{{Value: 60, Attributes: attribute.NewSet(id)}}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualOpenstackAuditMetricsConnectorOverflowedEvents(t, observed,
		[]metricdata.DataPoint[int64]{{Value: 10, Attributes: attribute.NewSet(id, attribute.String("metric", nameAuthentications))}},
		metricdatatest.IgnoreTimestamp())
	of := func(name string, value int64) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Value: value, Attributes: attribute.NewSet(id, attribute.String("metric", name))}
	}
	metadatatest.AssertEqualOpenstackAuditMetricsConnectorSeries(t, observed, []metricdata.DataPoint[int64]{
		of(nameAuthentications, 51), of(nameEvents, 3), of(nameRequestDuration, 0), of(nameDeliveryDuration, 0),
	}, metricdatatest.IgnoreTimestamp())
	require.ErrorIs(t, c.Shutdown(t.Context()), refused)
	require.NoError(t, c.Shutdown(t.Context()), "once more")
}

func TestFailedFlushIsCounted(t *testing.T) {
	observed := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, observed.Shutdown(context.Background())) })
	c, err := newMetricsConnector(settings(observed.NewTelemetrySettings()), createDefaultConfig().(*Config),
		consumertest.NewErr(errors.New("no")))
	require.NoError(t, err)
	require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
	require.EventuallyWithT(t, func(collect *assert.CollectT) {
		_, err := observed.GetMetric("otelcol_openstack_audit_metrics_connector_flush_failures")
		require.NoError(collect, err)
	}, time.Minute, time.Millisecond)
	require.Error(t, c.Shutdown(t.Context()))
}
