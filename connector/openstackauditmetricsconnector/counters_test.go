package openstackauditmetricsconnector

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/totals"
)

// The figures are those of the captures, counted by event type and outcome. The middleware's holds 91 pairs, and 20 notifications that
// are no audit events.
func TestCountsOfCaptures(t *testing.T) {
	for _, test := range []struct {
		capture                                                string
		authentications, failures, events, requests, delivered uint64
	}{
		{"amqp-keystone-messagingv2", 36, 16, 158, 0, 158},
		{"amqp-keystone-default-optout", 4, 4, 72, 0, 72},
		{"amqp-audit-middleware", 0, 0, 91, 91, 182},
		{"amqp-audit-middleware-sapcc", 0, 0, 44, 0, 44},
	} {
		t.Run(test.capture, func(t *testing.T) {
			c := start(t, quiet(), consumertest.NewNop())
			require.NoError(t, c.ConsumeLogs(t.Context(), readCapture(t, test.capture, auditlog.NewDefaultConfig())))
			got := c.totals(t)
			require.Equal(t, test.authentications, got.sum(nameAuthentications))
			require.Equal(t, test.failures, got.sum(nameAuthentications, "outcome=failure", "error.type="))
			require.Equal(t, test.events, got.sum(nameEvents))
			require.Equal(t, test.requests, got.sum(nameRequestDuration))
			require.Equal(t, test.delivered, got.sum(nameDeliveryDuration))
			require.Zero(t, got.sum("pending"))
		})
	}
}

// What fails in the captures is among what starts at zero.
func TestErrorsOfCapturesStartAtZero(t *testing.T) {
	c := start(t, quiet(func(config *Config) {
		config.Keystone.ServiceName = "keystone"
		config.Dimensions.Authentications = nil
	}), consumertest.NewNop())
	zero := c.totals(t)
	require.NoError(t, c.ConsumeLogs(t.Context(), readCapture(t, "amqp-keystone-messagingv2", auditlog.NewDefaultConfig())))
	for key, count := range c.totals(t) {
		if count > 0 && strings.Contains(key, nameAuthentications) && !strings.Contains(key, audit.AttrIdentityProviderID) {
			require.Contains(t, zero, key)
		}
	}
}

func TestNoDeliveryDurationWithoutReceipt(t *testing.T) {
	config := auditlog.NewDefaultConfig()
	config.ObservedTime = auditlog.ObservedTimeNotification
	c := start(t, quiet(), consumertest.NewNop())
	require.NoError(t, c.ConsumeLogs(t.Context(), readCapture(t, "amqp-audit-middleware", config)))
	require.Zero(t, c.totals(t).sum(nameDeliveryDuration))
	require.EqualValues(t, 91, c.totals(t).sum(nameEvents))
}

func TestExactUnderConcurrencyRepeatsAndLateEvents(t *testing.T) {
	const senders, batches, size = 8, 50, 20
	c := start(t, quiet(), consumertest.NewNop())
	var group sync.WaitGroup
	for sender := range senders {
		group.Go(func() {
			for batch := range batches {
				var events []event
				for i := range size {
					e := login(fmt.Sprintf("%d-%d-%d", sender, batch, i), "success", "")
					if i%2 == 1 {
						e.outcome, e.errorType = "failure", "user_not_found"
					}
					// Late, early and out of order.
					e.time = received.Add(time.Duration((i*7919)%100-50) * time.Hour)
					events = append(events, e)
				}
				for range 1 + batch%3 { // refused by another exporter, and offered again
					if c.ConsumeLogs(t.Context(), logs(events...)) != nil {
						t.Error("the connector fails the logs")
					}
				}
				c.counters.write("", 1, 2, false)
			}
		})
	}
	group.Wait()
	got := c.totals(t)
	require.EqualValues(t, senders*batches*size, got.sum(nameAuthentications))
	require.EqualValues(t, senders*batches*size/2, got.sum(nameAuthentications, "outcome=failure"))
	require.EqualValues(t, senders*batches*size, got.sum(nameEvents))
}

func TestPendingHalfIsNotCounted(t *testing.T) {
	for _, test := range []struct{ name, request, response string }{
		{"each half with a uid of its own", "1", "2"},
		{"one uid for both", "1", "1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := start(t, quiet(), consumertest.NewNop())
			request := event{service: "nova", uid: test.request, category: "resource", action: "create", outcome: "pending"}
			response := event{service: "nova", uid: test.response, category: "resource", action: "create", outcome: "success"}
			require.NoError(t, c.ConsumeLogs(t.Context(), logs(request, response, request, response)))
			require.Equal(t, values{
				"nova openstack.audit.events category=resource action=create outcome=success": 1,
				"nova openstack.audit.events category=resource action=create outcome=failure": 0,
			}, c.totals(t))
		})
	}
}

func TestOnlyDurationsAreObserved(t *testing.T) {
	c := start(t, quiet(), consumertest.NewNop())
	durations := []float64{0, 0.25, -1, math.NaN(), math.Inf(1), math.Inf(-1)}
	for i, duration := range durations {
		all := logs(event{service: "nova", uid: strconv.Itoa(i), category: "resource", action: "create", outcome: "success"})
		attributes := all.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes()
		attributes.PutDouble(audit.AttrAuditDuration, duration)
		require.NoError(t, c.ConsumeLogs(t.Context(), all))
	}
	text := logs(event{service: "nova", uid: "text", category: "resource", action: "create", outcome: "success"})
	text.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().PutStr(audit.AttrAuditDuration, "0.5")
	require.NoError(t, c.ConsumeLogs(t.Context(), text))
	got := c.totals(t)
	require.EqualValues(t, 2, got.sum(nameRequestDuration))
	require.EqualValues(t, len(durations)+1, got.sum(nameEvents, "outcome=success"), "the events are counted")
	for _, s := range c.counters.request.byKey {
		require.InDelta(t, 0.25, s.sum, 0)
	}
}

func TestDeliveryDuration(t *testing.T) {
	c := start(t, quiet(), consumertest.NewNop())
	for i, ahead := range []time.Duration{-2 * time.Second, 0, time.Hour} {
		all := logs(login(strconv.Itoa(i), "success", ""))
		record := all.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
		record.SetObservedTimestamp(pcommon.NewTimestampFromTime(received))
		record.Attributes().PutStr(audit.AttrNotificationTimestamp, received.Add(ahead).Format(time.RFC3339Nano))
		require.NoError(t, c.ConsumeLogs(t.Context(), all))
	}
	require.EqualValues(t, 1, c.totals(t).sum(nameDeliveryDuration), "without those of a clock that is ahead")
	for _, s := range c.counters.delivery.byKey {
		require.InDelta(t, 2, s.sum, 0)
	}
}

func TestRecordsThatAreNoAuditEvents(t *testing.T) {
	c := start(t, quiet(), consumertest.NewNop())
	require.NoError(t, c.ConsumeLogs(t.Context(), logs(event{uid: "1"}, event{uid: "2", outcome: "failure"})))
	require.Empty(t, c.totals(t))
	odd := login("3", "no such outcome", "")
	require.NoError(t, c.ConsumeLogs(t.Context(), logs(odd)))
	require.EqualValues(t, 1, c.totals(t).sum(nameAuthentications, "outcome=unknown"))
}

// The Prometheus exporter has one series for both hosts: two resources would overwrite each other.
func TestTwoHostsAreOneService(t *testing.T) {
	c := start(t, quiet(), consumertest.NewNop())
	a, b, far := login("1", "failure", "401"), login("2", "failure", "401"), login("3", "failure", "401")
	a.host, b.host, far.region = "a", "b", "far"
	require.NoError(t, c.ConsumeLogs(t.Context(), logs(a, b, far)))
	metrics := c.counters.write("", 1, 2, true)
	require.Equal(t, 2, metrics.ResourceMetrics().Len())
	require.Equal(t, map[string]any{"service.name": "keystone", "service.namespace": "openstack"},
		metrics.ResourceMetrics().At(0).Resource().Attributes().AsRaw())
	require.Equal(t, map[string]any{"service.name": "keystone", "service.namespace": "openstack", "cloud.region": "far"},
		metrics.ResourceMetrics().At(1).Resource().Attributes().AsRaw())
	got := read(t, metrics)
	require.EqualValues(t, 2, got.sum("keystone "+nameAuthentications))
	require.EqualValues(t, 1, got.sum("keystone/far "+nameAuthentications))
}

func TestDimensionsComeFromTheRecordElseItsResource(t *testing.T) {
	c := start(t, quiet(func(config *Config) {
		config.Dimensions.Events = []string{audit.AttrUserDomainName, audit.AttrHostName}
	}),
		consumertest.NewNop())
	e := login("1", "success", "")
	e.host, e.domain = "controller-1", "Default"
	require.NoError(t, c.ConsumeLogs(t.Context(), logs(e)))
	require.EqualValues(t, 1, c.totals(t)["keystone openstack.audit.events category=authentication action=authenticate outcome=success"+
		" openstack.user.domain.name=Default host.name=controller-1"])
	require.EqualValues(t, 1, c.totals(t)["keystone openstack.identity.authentications outcome=success openstack.user.domain.name=Default"])
}

// Whoever logs in chooses the name of the domain.
func TestSeriesAreBoundedAndNothingIsLost(t *testing.T) {
	const attempts = 5000
	c := start(t, quiet(func(config *Config) { config.MaxSeries = 100 }), consumertest.NewNop())
	for i := range attempts {
		e := login(strconv.Itoa(i), "failure", "user_not_found")
		e.domain = "made-up-" + strconv.Itoa(i)
		require.NoError(t, c.ConsumeLogs(t.Context(), logs(e)))
	}
	good := login("good", "success", "")
	good.domain = "Default"
	require.NoError(t, c.ConsumeLogs(t.Context(), logs(good)))
	got := c.totals(t)
	require.EqualValues(t, attempts, got.sum(nameAuthentications, "outcome=failure"), "an attacker hides no failure")
	require.EqualValues(t, 1, got.sum(nameAuthentications, "outcome=success"))
	require.EqualValues(t, attempts-100, got["keystone openstack.identity.authentications outcome=failure otel.metric.overflow=true"])
	require.EqualValues(t, 1, got["keystone openstack.identity.authentications outcome=success otel.metric.overflow=true"])
	require.Len(t, c.counters.authentications.byKey, 102)
	require.EqualValues(t, attempts+1, got.sum(nameEvents))
}

// What only starts at zero takes no room that is not there, and is no event that overflows.
func TestNothingStartsInTheOverflow(t *testing.T) {
	c := newCounters(quiet(func(config *Config) { config.MaxSeries = 50 }))
	for i := range 49 {
		c.events.start(totals.Resource{}, []string{strconv.Itoa(i), "", "", ""})
	}
	got := c.count(logs(event{uid: "1", category: "resource", action: "create", outcome: "failure", errorType: "403"}))
	require.Zero(t, got.overflowed)
	require.Len(t, c.events.byKey, 50)
	got = c.count(logs(event{uid: "2", category: "resource", action: "delete", outcome: "success"}))
	require.Equal(t, [4]int64{0, 1, 0, 0}, got.overflowed)
	require.Len(t, c.events.byKey, 51)
}

func TestMadeUpServicesAreBounded(t *testing.T) {
	const services = 1000
	c := start(t, quiet(func(config *Config) { config.MaxSeries = 100 }), consumertest.NewNop())
	for i := range services {
		e := login(strconv.Itoa(i), "failure", "401")
		e.service = "service-" + strconv.Itoa(i)
		require.NoError(t, c.ConsumeLogs(t.Context(), logs(e)))
	}
	got := c.totals(t)
	require.EqualValues(t, services, got.sum(nameAuthentications))
	require.EqualValues(t, services, got.sum(nameEvents))
	require.Zero(t, got.sum(nameEvents, "outcome=success"))
	for _, table := range c.counters.tables() {
		require.LessOrEqual(t, len(table.byKey), 2*100+3)
	}
	require.EqualValues(t, services-100, got[" openstack.identity.authentications outcome=failure otel.metric.overflow=true"])
}
