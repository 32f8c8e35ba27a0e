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
	"go.uber.org/zap"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq"
)

// watcher keeps the state of the broker's side, and tells it as metrics, as the component's status, and, where it changes,
// as log lines. It is the client's observer.
type watcher struct {
	telemetry *telemetry
	logger    *zap.Logger
	host      component.Host
	prefetch  int
	// namesExchanges: somebody chose the exchanges, each of which should exist.
	namesExchanges bool

	mu      sync.Mutex
	state   snapshot
	session *rabbitmq.Session
	// everConnected tells a reconnect from the first connection.
	everConnected bool
	// complaints are the errors that were said since the last connection, so that a long outage is not a long log.
	complaints map[string]struct{}
	// heldIDs are the messages that were said to be held. The broker delivers each again in the next generation.
	heldIDs map[string]struct{}

	connectionErr, topologyErr error
	bound, missing             []string // exchanges, when they were last probed
	nearLimitSaid              bool
	status                     string
}

// snapshot is what the gauges show.
type snapshot struct {
	connected  bool
	probed     bool // bound and missing are known
	missing    int
	queueKnown bool
	queue      rabbitmq.QueueState
	held       int
	messages   int
	bytes      int64
}

func (s snapshot) connections() int64 {
	if s.connected {
		return 1
	}
	return 0
}

// Bounds of what is remembered so as not to say it twice.
const (
	maxComplaints = 32
	maxHeldIDs    = 65536
)

func newWatcher(telemetry *telemetry, host component.Host, prefetch int, namesExchanges bool) *watcher {
	return &watcher{
		telemetry: telemetry, logger: telemetry.logger, host: host, prefetch: prefetch, namesExchanges: namesExchanges,
		complaints: map[string]struct{}{}, heldIDs: map[string]struct{}{},
	}
}

func (w *watcher) snapshot() snapshot {
	w.mu.Lock()
	s, session := w.state, w.session
	w.mu.Unlock()
	if session != nil { // outside the lock: the session has one of its own, and calls us
		s.messages, s.bytes = session.InFlight()
	}
	return s
}

// serving tells which session's deliveries are in flight.
func (w *watcher) serving(session *rabbitmq.Session) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.session, w.state.held = session, 0
}

// served tells that the session ended, and returns how many of its deliveries are abandoned: neither settled nor held.
// What was held is the broker's again too.
func (w *watcher) served() int64 {
	w.mu.Lock()
	session, held := w.session, w.state.held
	w.session, w.state.held = nil, 0
	w.mu.Unlock()
	unsettled, _ := session.InFlight()
	return int64(unsettled - held)
}

// heldBack takes note of a message that stays unsettled because nothing may be done with it.
func (w *watcher) heldBack(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.held++
	if _, said := w.heldIDs[id]; !said {
		if len(w.heldIDs) >= maxHeldIDs {
			clear(w.heldIDs)
		}
		w.heldIDs[id] = struct{}{}
		w.logger.Warn("A message is refused for good and there is no dead-letter queue to put it in. It is held and stays in the queue; others pass it.",
			zap.String("id", id))
	}
	if w.state.held == w.prefetch {
		w.logger.Error("Nothing more can be received: as many messages are held as rabbitmq::prefetch allows. Give the queue a dead-letter queue, or set on_permanent_error: drop.",
			zap.Int("held", w.state.held))
	}
}

// Connected implements rabbitmq.Observer.
func (w *watcher) Connected(host string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.everConnected {
		w.telemetry.OpenstackAuditReceiverReconnects.Add(context.Background(), 1, w.telemetry.common)
	}
	w.everConnected, w.state.connected, w.connectionErr, w.nearLimitSaid = true, true, nil, false
	clear(w.complaints)
	w.logger.Info("Consuming", zap.String("host", host))
	w.reportStatus()
}

// Disconnected implements rabbitmq.Observer.
func (w *watcher) Disconnected(host string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if errors.Is(err, rabbitmq.ErrAcknowledgementTimeout) {
		w.telemetry.OpenstackAuditReceiverAcknowledgementTimeouts.Add(context.Background(), 1, w.telemetry.common)
	}
	w.state.connected, w.state.queueKnown = false, false
	w.connectionErr = fmt.Errorf("%s: %w", host, err)
	complaint := w.connectionErr.Error()
	if _, said := w.complaints[complaint]; !said && len(w.complaints) < maxComplaints {
		w.complaints[complaint] = struct{}{}
		w.logger.Warn("Not consuming; trying again until the broker lets us", zap.String("host", host), zap.Error(err))
	}
	w.reportStatus()
}

// ExchangesProbed implements rabbitmq.Observer.
func (w *watcher) ExchangesProbed(bound, missing []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if added := without(bound, w.bound); len(added) > 0 {
		w.logger.Info("The queue is bound to exchanges", zap.Strings("exchanges", added))
	}
	const later = "each is bound once its service has created it"
	gone := intersection(missing, w.bound)
	switch added := without(without(missing, w.missing), gone); {
	case len(added) == 0:
	case w.namesExchanges:
		w.logger.Warn("Exchanges do not exist yet; "+later, zap.Strings("exchanges", added))
	case !w.state.probed:
		w.logger.Info("Some of OpenStack's services have no exchange here; "+later, zap.Strings("exchanges", added))
	}
	if len(gone) > 0 {
		w.logger.Warn("Exchanges were deleted, or lost when the broker restarted; "+later+". What is published before that is lost.",
			zap.Strings("exchanges", gone))
	}
	w.state.probed, w.state.missing = true, len(missing)
	w.bound, w.missing = bound, missing
	w.reportStatus()
}

func without(names, others []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(others, name) })
}

func intersection(names, others []string) []string { return without(names, without(names, others)) }

// TopologyAsserted implements rabbitmq.Observer.
func (w *watcher) TopologyAsserted(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err == nil && w.topologyErr != nil:
		w.logger.Info("The queue and its bindings could be asserted again")
	case err != nil && (w.topologyErr == nil || w.topologyErr.Error() != err.Error()):
		w.logger.Warn("The queue or its bindings could not be asserted; consuming what arrives, and trying again", zap.Error(err))
	}
	w.topologyErr = err
	w.reportStatus()
}

// QueueState implements rabbitmq.Observer.
func (w *watcher) QueueState(queue rabbitmq.QueueState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.queueKnown, w.state.queue = true, queue
}

// QueueDiffers implements rabbitmq.Observer.
func (w *watcher) QueueDiffers(err error) {
	if err == nil {
		w.logger.Info("The queue could be declared as configured")
		return
	}
	w.logger.Warn("The queue could not be declared as configured; it is consumed as it is. Where its arguments differ, choose another rabbitmq::queue::name; where a permission is missing, give it.", zap.Error(err))
}

// DeadLettersUnavailable implements rabbitmq.Observer.
func (w *watcher) DeadLettersUnavailable(err error) {
	if err == nil {
		w.logger.Info("The queue has a dead-letter queue that works")
		return
	}
	w.logger.Warn("The queue has no dead-letter queue that works: messages that are refused for good are held", zap.Error(err))
}

// NearDeliveryLimit implements rabbitmq.Observer.
func (w *watcher) NearDeliveryLimit(_ uint64, count, limit int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.nearLimitSaid {
		return
	}
	w.nearLimitSaid = true
	w.logger.Warn("A message was delivered and returned so often that the broker is about to take it out of the queue. Raise the queue's delivery-limit by a policy.",
		zap.Int64("deliveries", count), zap.Int64("limit", limit))
}

// Held implements rabbitmq.Observer.
func (w *watcher) Held(bool) {} // the gauges of what is in flight say it

var errNoExchange = errors.New("none of the exchanges exists yet, nothing can arrive: has a service been started that notifies over this virtual host?")

// reportStatus reports the component's status where it changed. Missing exchanges are an error only when it is all of them:
// a cloud need not have every service. w.mu is held.
func (w *watcher) reportStatus() {
	err := w.connectionErr
	switch {
	case err != nil:
	case !w.state.connected:
		return // nothing is known yet
	case w.topologyErr != nil:
		err = w.topologyErr
	case len(w.missing) > 0 && len(w.bound) == 0:
		err = fmt.Errorf("%w (%s)", errNoExchange, strings.Join(w.missing, ", "))
	}
	status, event := "OK", componentstatus.NewEvent(componentstatus.StatusOK)
	if err != nil {
		status, event = err.Error(), componentstatus.NewRecoverableErrorEvent(err)
	}
	if status != w.status {
		w.status = status
		componentstatus.ReportStatus(w.host, event)
	}
}
