package openstackauditreceiver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/shared"
)

// rabbitmqObserver keeps the state of the broker's side, and reports it as metrics, as the component's status, and, where it changes,
// as log lines. It is the client's observer.
type rabbitmqObserver struct {
	telemetry *telemetry
	logger    *zap.Logger
	host      component.Host
	prefetch  int
	// namesExchanges reports whether the configuration names the exchanges, each of which should then exist.
	namesExchanges bool

	mu      sync.Mutex
	state   snapshot
	session *rabbitmq.Session
	// everConnected tells a reconnect from the first connection.
	everConnected bool
	// complaints are the errors that were logged since the last connection, so that a long outage is not a long log.
	complaints logged[string]
	// heldIDs are the held messages that were logged. The broker delivers each again in the next generation.
	heldIDs logged[string]

	connectionErr, topologyErr error
	bound, missing             []string // exchanges, when they were last probed
	nearLimitLogged            bool
	status                     string
}

// snapshot is what the gauges show.
type snapshot struct {
	client     rabbitmq.State
	connected  bool
	probed     bool // bound and missing are known
	missing    int
	queueKnown bool
	queue      rabbitmq.QueueState
	held       int
	messages   int
	bytes      int64
}

// Bounds of what is remembered so as not to log it twice.
const (
	maxComplaints = 32
	maxHeldIDs    = 65536
)

func newRabbitMQObserver(telemetry *telemetry, host component.Host, prefetch int, namesExchanges bool) *rabbitmqObserver {
	return &rabbitmqObserver{
		telemetry: telemetry, logger: telemetry.logger, host: host, prefetch: prefetch, namesExchanges: namesExchanges,
		complaints: newLogged[string](maxComplaints), heldIDs: newLogged[string](maxHeldIDs),
	}
}

func (o *rabbitmqObserver) snapshot() snapshot {
	o.mu.Lock()
	s, session := o.state, o.session
	o.mu.Unlock()
	if session != nil { // outside the lock: the session has one of its own, and calls us
		s.messages, s.bytes = session.InFlight()
	}
	return s
}

// registerGauges registers what is measured when metrics are collected. The callbacks end with the builder's Shutdown.
func (o *rabbitmqObserver) registerGauges() error {
	t := o.telemetry
	gauge := func(read func(snapshot) (int64, bool)) metric.Int64Callback {
		return func(_ context.Context, observer metric.Int64Observer) error {
			if value, known := read(o.snapshot()); known {
				observer.Observe(value, t.Common)
			}
			return nil
		}
	}
	return errors.Join(
		t.RegisterOpenstackAuditReceiverConnectedCallback(gauge(func(s snapshot) (int64, bool) { return shared.OneIf(s.connected), true })),
		t.RegisterOpenstackAuditReceiverConnectionStateCallback(func(_ context.Context, observer metric.Int64Observer) error {
			current := o.snapshot().client
			for _, state := range rabbitmq.States() {
				observer.Observe(shared.OneIf(state == current), t.With("state", string(state)))
			}
			return nil
		}),
		t.RegisterOpenstackAuditReceiverExchangesMissingCallback(gauge(func(s snapshot) (int64, bool) { return int64(s.missing), s.probed })),
		t.RegisterOpenstackAuditReceiverHeldMessagesCallback(gauge(func(s snapshot) (int64, bool) { return int64(s.held), true })),
		t.RegisterOpenstackAuditReceiverInFlightMessagesCallback(gauge(func(s snapshot) (int64, bool) { return int64(s.messages), true })),
		t.RegisterOpenstackAuditReceiverInFlightBytesCallback(gauge(func(s snapshot) (int64, bool) { return s.bytes, true })),
		t.RegisterOpenstackAuditReceiverQueueMessagesCallback(gauge(func(s snapshot) (int64, bool) { return s.queue.Messages, s.queueKnown })),
		t.RegisterOpenstackAuditReceiverQueueUtilizationCallback(func(_ context.Context, observer metric.Float64Observer) error {
			if s := o.snapshot(); s.queueKnown && s.queue.MaxLength > 0 {
				observer.Observe(float64(s.queue.Messages)/float64(s.queue.MaxLength), t.Common)
			}
			return nil
		}),
	)
}

// serving tells which session's deliveries are in flight.
func (o *rabbitmqObserver) serving(session *rabbitmq.Session) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.session, o.state.held = session, 0
}

// served tells that the session ended, and returns how many of its deliveries are abandoned: neither settled nor held.
// What was held is the broker's again too.
func (o *rabbitmqObserver) served() int64 {
	o.mu.Lock()
	session, held := o.session, o.state.held
	o.session, o.state.held = nil, 0
	o.mu.Unlock()
	unsettled, _ := session.InFlight()
	return int64(unsettled - held)
}

// held takes note of a message that is held.
func (o *rabbitmqObserver) held(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.state.held++
	if o.heldIDs.add(id) {
		o.logger.Warn("A message is rejected permanently and there is no dead-letter queue. It is held: it stays in the queue while "+
			"others pass it.",
			zap.String("id", id))
	}
	if o.state.held == o.prefetch {
		o.logger.Error("Nothing more can be received: as many messages are held as rabbitmq::prefetch allows. "+
			"Give the queue a dead-letter queue, or set on_permanent_error: drop.", zap.Int("held", o.state.held))
	}
}

// Connected implements rabbitmq.Observer.
func (o *rabbitmqObserver) Connected(host string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.everConnected {
		o.telemetry.OpenstackAuditReceiverReconnects.Add(context.Background(), 1, o.telemetry.Common)
	}
	o.everConnected, o.state.connected, o.connectionErr, o.nearLimitLogged = true, true, nil, false
	o.complaints.clear()
	o.logger.Info("Consuming", zap.String("host", host))
	o.reportStatus()
}

// Disconnected implements rabbitmq.Observer.
func (o *rabbitmqObserver) Disconnected(host string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if errors.Is(err, rabbitmq.ErrAcknowledgementTimeout) {
		o.telemetry.OpenstackAuditReceiverAcknowledgementTimeouts.Add(context.Background(), 1, o.telemetry.Common)
	}
	o.state.connected, o.state.queueKnown = false, false
	o.connectionErr = fmt.Errorf("%s: %w", host, err)
	if o.complaints.add(o.connectionErr.Error()) {
		o.logger.Warn("Not consuming; trying again until the broker lets us", zap.String("host", host), zap.Error(err))
	}
	o.reportStatus()
}

// ExchangesProbed implements rabbitmq.Observer.
func (o *rabbitmqObserver) ExchangesProbed(bound, missing []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if added := without(bound, o.bound); len(added) > 0 {
		o.logger.Info("The queue is bound to exchanges", zap.Strings("exchanges", added))
	}
	const later = "each is bound once its service has created it"
	gone := intersection(missing, o.bound)
	switch added := without(without(missing, o.missing), gone); {
	case len(added) == 0:
	case o.namesExchanges:
		o.logger.Warn("Exchanges do not exist yet; "+later, zap.Strings("exchanges", added))
	case !o.state.probed:
		o.logger.Info("Some of OpenStack's services have no exchange here; "+later, zap.Strings("exchanges", added))
	}
	if len(gone) > 0 {
		o.logger.Warn("Exchanges were deleted, or lost when the broker restarted; "+later+". What is published before that is lost.",
			zap.Strings("exchanges", gone))
	}
	o.state.probed, o.state.missing = true, len(missing)
	o.bound, o.missing = bound, missing
	o.reportStatus()
}

func without(names, others []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(others, name) })
}

func intersection(names, others []string) []string { return without(names, without(names, others)) }

// TopologyAsserted implements rabbitmq.Observer.
func (o *rabbitmqObserver) TopologyAsserted(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case err == nil && o.topologyErr != nil:
		o.logger.Info("The queue and its bindings could be asserted again")
	case err != nil && (o.topologyErr == nil || o.topologyErr.Error() != err.Error()):
		o.logger.Warn("The queue or its bindings could not be asserted; consuming what arrives, and trying again", zap.Error(err))
	}
	o.topologyErr = err
	o.reportStatus()
}

// QueueState implements rabbitmq.Observer.
func (o *rabbitmqObserver) QueueState(queue rabbitmq.QueueState) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.state.queueKnown, o.state.queue = true, queue
}

// QueueDiffers implements rabbitmq.Observer.
func (o *rabbitmqObserver) QueueDiffers(err error) {
	if err == nil {
		o.logger.Info("The queue could be declared as configured")
		return
	}
	o.logger.Warn("The queue could not be declared as configured; it is consumed as it is. "+
		"Where its arguments differ, choose another rabbitmq::queue::name; where a permission is missing, grant it.", zap.Error(err))
}

// DeadLettersUnavailable implements rabbitmq.Observer.
func (o *rabbitmqObserver) DeadLettersUnavailable(err error) {
	if err == nil {
		o.logger.Info("The queue has a dead-letter queue that works")
		return
	}
	o.logger.Warn("The queue has no dead-letter queue that works: messages that are rejected permanently are held", zap.Error(err))
}

// NearDeliveryLimit implements rabbitmq.Observer.
func (o *rabbitmqObserver) NearDeliveryLimit(_ uint64, count, limit int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.nearLimitLogged {
		return
	}
	o.nearLimitLogged = true
	o.logger.Warn("A message was delivered and returned so often that the broker is about to remove it from the queue. "+
		"Raise the queue's delivery-limit by a policy.", zap.Int64("deliveries", count), zap.Int64("limit", limit))
}

// StateChanged implements rabbitmq.Observer.
func (o *rabbitmqObserver) StateChanged(state rabbitmq.State) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.state.client = state
}

var errNoExchange = errors.New("none of the exchanges exists yet, nothing can arrive: has a service been started that notifies " +
	"over this virtual host?")

// reportStatus reports the component's status where it changed. Missing exchanges are an error only when it is all of them:
// a cloud need not have every service. o.mu is locked.
func (o *rabbitmqObserver) reportStatus() {
	err := o.connectionErr
	switch {
	case err != nil:
	case !o.state.connected:
		return // nothing is known yet
	case o.topologyErr != nil:
		err = o.topologyErr
	case len(o.missing) > 0 && len(o.bound) == 0:
		err = fmt.Errorf("%w (%s)", errNoExchange, strings.Join(o.missing, ", "))
	}
	status, event := "OK", componentstatus.NewEvent(componentstatus.StatusOK)
	if err != nil {
		status, event = err.Error(), componentstatus.NewRecoverableErrorEvent(err)
	}
	if status != o.status {
		o.status = status
		componentstatus.ReportStatus(o.host, event)
	}
}
