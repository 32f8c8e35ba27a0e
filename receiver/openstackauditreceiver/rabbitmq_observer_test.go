package openstackauditreceiver

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq"
	"github.com/openstack-audit/otelcol-openstack-audit/receiver/openstackauditreceiver/internal/metadatatest"
)

// watched is an observer and what it tells.
type watched struct {
	*rabbitmqObserver
	*running
}

func watch(t *testing.T, prefetch int, namesExchanges bool) *watched {
	t.Helper()
	r := &running{t: t, telemetry: componenttest.NewTelemetry(), host: &statusHost{}}
	settings := metadatatest.NewSettings(r.telemetry)
	core, logs := observer.New(zap.DebugLevel)
	settings.Logger, r.logs = zap.New(core), logs
	telemetry, err := newTelemetry(settings)
	require.NoError(t, err)
	t.Cleanup(telemetry.Shutdown)
	w := newRabbitMQObserver(telemetry, r.host, prefetch, namesExchanges)
	require.NoError(t, w.registerGauges())
	return &watched{rabbitmqObserver: w, running: r}
}

func (w *watched) statuses() []componentstatus.Status {
	var statuses []componentstatus.Status
	for _, event := range w.running.host.events {
		statuses = append(statuses, event.Status())
	}
	return statuses
}

const (
	statusOK    = componentstatus.StatusOK
	recoverable = componentstatus.StatusRecoverableError
)

func TestStatusFollowsTheBroker(t *testing.T) {
	t.Parallel()
	refused := errors.New("connection refused")
	for _, test := range []struct {
		name    string
		happens func(w *watched)
		want    []componentstatus.Status
	}{
		{"nothing yet", func(*watched) {}, nil},
		{"topology before the first connection", func(w *watched) { w.ExchangesProbed(nil, nil); w.TopologyAsserted(nil) }, nil},
		{"connected", func(w *watched) { w.Connected("h") }, []componentstatus.Status{statusOK}},
		{"an outage is reported once", func(w *watched) {
			w.Disconnected("h", refused)
			w.Disconnected("h", refused)
			w.Connected("h")
			w.Connected("h")
		}, []componentstatus.Status{recoverable, statusOK}},
		{"other words are reported", func(w *watched) {
			w.Disconnected("h", refused)
			w.Disconnected("h", errors.New("access refused"))
		}, []componentstatus.Status{recoverable, recoverable}},
		{"some exchanges missing", func(w *watched) {
			w.ExchangesProbed([]string{"keystone"}, []string{"openstack"})
			w.Connected("h")
		}, []componentstatus.Status{statusOK}},
		{"all exchanges missing, then not", func(w *watched) {
			w.ExchangesProbed(nil, []string{"keystone", "openstack"})
			w.Connected("h")
			w.ExchangesProbed([]string{"keystone"}, []string{"openstack"})
		}, []componentstatus.Status{recoverable, statusOK}},
		{"a permission is missing, then not", func(w *watched) {
			w.Connected("h")
			w.TopologyAsserted(errors.New("ACCESS_REFUSED"))
			w.TopologyAsserted(errors.New("ACCESS_REFUSED"))
			w.TopologyAsserted(nil)
		}, []componentstatus.Status{statusOK, recoverable, statusOK}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := watch(t, 10, true)
			test.happens(w)
			assert.Equal(t, test.want, w.statuses())
		})
	}
}

func TestNoExchangeIsSaidByName(t *testing.T) {
	t.Parallel()
	w := watch(t, 10, true)
	w.ExchangesProbed(nil, []string{"keystone"})
	w.Connected("h")
	assert.Contains(t, w.running.host.lastError(), "none of the exchanges exists yet")
	assert.Contains(t, w.running.host.lastError(), "(keystone)")
}

func TestLinesAreSaidOncePerChange(t *testing.T) {
	t.Parallel()
	w := watch(t, 2, true)
	for range 3 {
		w.Disconnected("h1", errors.New("connection refused"))
		w.Disconnected("h2", errors.New("no route"))
		w.ExchangesProbed(nil, []string{"nova"})
		w.TopologyAsserted(errors.New("ACCESS_REFUSED"))
	}
	assert.Equal(t, 2, w.lines("Not consuming"))
	assert.Equal(t, 1, w.lines("Exchanges do not exist yet"))
	assert.Equal(t, 1, w.lines("could not be asserted"))

	w.Connected("h1")
	w.Disconnected("h1", errors.New("connection refused"))
	assert.Equal(t, 3, w.lines("Not consuming"), "a new outage is said again")
	for i := range 100 {
		w.Disconnected("h1", fmt.Errorf("read from port %d: connection reset", i))
	}
	assert.Equal(t, 2+maxComplaints, w.lines("Not consuming"), "an outage is no endless log")

	for range 2 {
		w.TopologyAsserted(nil)
		w.QueueDiffers(nil)
		w.DeadLettersUnavailable(nil)
		assert.Equal(t, 1, w.informed("could be asserted again"))
	}
	assert.Equal(t, 2, w.informed("could be declared as configured"))
	assert.Equal(t, 2, w.informed("has a dead-letter queue that works"))

	w.Connected("h1")
	w.NearDeliveryLimit(1, 15, 20)
	w.NearDeliveryLimit(2, 15, 20)
	assert.Equal(t, 1, w.lines("returned so often"))

	w.QueueDiffers(errors.New("inequivalent arg"))
	w.DeadLettersUnavailable(errors.New("ACCESS_REFUSED"))
	assert.Equal(t, 1, w.lines("could not be declared as configured"))
	assert.Equal(t, 1, w.lines("no dead-letter queue that works"))
}

// informed are the lines of the level info that contain the text.
func (w *watched) informed(text string) int {
	return w.running.logs.FilterLevelExact(zapcore.InfoLevel).Filter(func(e observer.LoggedEntry) bool {
		return strings.Contains(e.Message, text)
	}).Len()
}

func TestExchangesAreSaidOncePerChange(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name           string
		namesExchanges bool
		warned, told   int // of those that do not exist yet
	}{
		{"the default", false, 0, 1},
		{"named by somebody", true, 1, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := watch(t, 10, test.namesExchanges)
			for range 3 {
				w.ExchangesProbed([]string{"keystone"}, []string{"glance", "nova"})
			}
			assert.Equal(t, 1, w.informed("is bound to exchanges"))
			assert.Equal(t, test.warned, w.lines("Exchanges do not exist yet"))
			assert.Equal(t, test.told, w.informed("have no exchange here"))
			assert.Zero(t, w.lines("were deleted"))

			for range 3 { // nova comes
				w.ExchangesProbed([]string{"keystone", "nova"}, []string{"glance"})
			}
			assert.Equal(t, 2, w.informed("is bound to exchanges"))
			for range 3 { // the broker restarts
				w.ExchangesProbed(nil, []string{"glance", "keystone", "nova"})
			}
			assert.Equal(t, 1, w.lines("were deleted"))
			for range 3 {
				w.ExchangesProbed([]string{"keystone", "nova"}, []string{"glance"})
			}
			assert.Equal(t, 3, w.informed("is bound to exchanges"))
			assert.Equal(t, test.warned, w.lines("Exchanges do not exist yet"))
			assert.Equal(t, test.told, w.informed("have no exchange here"))
			assert.Equal(t, 1, w.lines("were deleted"))
		})
	}
}

func TestHeldMessages(t *testing.T) {
	t.Parallel()
	w := watch(t, 2, true)
	w.held("a")
	assert.Zero(t, w.lines("Nothing more can be received"))
	w.held("b")
	assert.Equal(t, 1, w.lines("Nothing more can be received"))
	assert.Equal(t, int64(2), w.gauge("held_messages"))
	assert.Equal(t, 2, w.lines("A message is rejected permanently"))

	w.serving(nil)
	assert.Equal(t, int64(0), w.gauge("held_messages"))
	w.held("a")
	assert.Equal(t, 2, w.lines("A message is rejected permanently"), "said before")
}

func TestQueueGauges(t *testing.T) {
	t.Parallel()
	w := watch(t, 10, true)
	assert.Nil(t, w.points("queue_messages"))
	assert.Nil(t, w.points("exchanges_missing"))
	assert.Equal(t, int64(0), w.gauge("connected"))
	w.StateChanged(rabbitmq.StateConnecting)
	w.StateChanged(rabbitmq.StatePaused)
	assert.Equal(t, map[string]int64{"connecting": 0, "consuming": 0, "paused": 1, "waiting": 0}, w.counts("connection_state", "state"))

	w.ExchangesProbed([]string{"keystone"}, []string{"nova"})
	w.QueueState(rabbitmq.QueueState{Messages: 25, MaxLength: 100})
	w.Connected("h")
	assert.Equal(t, int64(25), w.gauge("queue_messages"))
	assert.Equal(t, int64(1), w.gauge("exchanges_missing"))
	assert.InDelta(t, 0.25, w.ratio("queue_utilization"), 0)

	w.QueueState(rabbitmq.QueueState{Messages: 25})
	assert.Nil(t, w.points("queue_utilization"), "the bound is not known")
	w.Disconnected("h", errors.New("gone"))
	assert.Nil(t, w.points("queue_messages"), "nobody knows")
	assert.Equal(t, int64(0), w.gauge("connected"))
}

func TestPushBackIsSaidWhenItLasts(t *testing.T) {
	t.Parallel()
	w := watch(t, 10, true)
	pushedBack := func() int { return w.lines("The pipeline refuses records temporarily") }
	resumed := func() int { return w.running.logs.FilterMessage("The pipeline accepts records again").Len() }
	telemetry := w.rabbitmqObserver.telemetry

	telemetry.PushedBack(t.Context(), 0, errTemporary)
	telemetry.Waited(t.Context(), 1500*time.Millisecond)
	telemetry.Resumed(t.Context(), time.Second)
	assert.Zero(t, pushedBack())
	assert.Zero(t, resumed())
	for i := range 10 {
		telemetry.PushedBack(t.Context(), time.Duration(i)*time.Second, errTemporary)
	}
	assert.Equal(t, 1, pushedBack())
	telemetry.Resumed(t.Context(), time.Minute)
	assert.Equal(t, 1, resumed())
	assert.Equal(t, int64(11), w.counts("pipeline_retries", "")[""])
	assert.InDelta(t, 1.5, w.seconds("pushback_duration"), 0)
}
