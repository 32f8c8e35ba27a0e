package openstackauditreceiver

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/amqpserver"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/shared"
)

// listenObserver reports what happens at the endpoint as metrics and, once an hour for each host and reason, as log lines: anyone who
// reaches the port must not be able to fill the log.
type listenObserver struct {
	telemetry *telemetry
	now       func() time.Time

	mu sync.Mutex
	// complaints are those that were logged since the hour began.
	complaints logged[complaint]
	began      time.Time
}

// repetition is after how long a complaint is worth another line.
const repetition = time.Hour

type complaint struct {
	host   netip.Addr
	reason string
}

func newListenObserver(telemetry *telemetry) *listenObserver {
	return &listenObserver{telemetry: telemetry, now: time.Now, complaints: newLogged[complaint](maxComplaints)}
}

// isNew reports whether to log the complaint: once per hour, host and reason.
func (o *listenObserver) isNew(host netip.Addr, reason string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if now := o.now(); now.Sub(o.began) >= repetition {
		o.began = now
		o.complaints.clear()
	}
	return o.complaints.add(complaint{host, reason})
}

// Refused implements amqpserver.Observer.
func (o *listenObserver) Refused(peer netip.AddrPort, err error) {
	var refusal *amqpserver.Refusal
	reason := "network"
	switch {
	case errors.Is(err, amqpserver.ErrTooManyConnections):
		reason = "too_many"
	case errors.Is(err, amqpserver.ErrTooManyLogins):
		reason = "too_many_logins"
	case errors.Is(err, amqpserver.ErrAuthentication):
		reason = "authentication"
	case errors.Is(err, amqpserver.ErrProtocol), errors.As(err, &refusal):
		reason = "protocol"
	}
	o.telemetry.OpenstackAuditReceiverListenConnectionsRefused.Add(context.Background(), 1, o.telemetry.With("refusal", reason))
	if o.isNew(peer.Addr(), reason) {
		o.telemetry.logger.Warn("A connection was refused; others of the same host for the same reason are counted only for an hour",
			zap.Stringer("peer", peer), zap.String("reason", reason), zap.Error(err))
	}
}

// Opened implements amqpserver.Observer.
func (o *listenObserver) Opened(client *amqpserver.Client) {
	o.telemetry.logger.Debug("A service has connected", identity(client)...)
}

// Closed implements amqpserver.Observer.
func (o *listenObserver) Closed(client *amqpserver.Client, err error) {
	var refusal *amqpserver.Refusal
	if errors.Is(err, amqpserver.ErrPanic) {
		o.telemetry.logger.Error("A service's connection was closed for a defect of the collector", append(identity(client), zap.Error(err))...)
		return
	}
	if !errors.As(err, &refusal) {
		o.telemetry.logger.Debug("A service has gone", append(identity(client), zap.Error(err))...)
		return
	}
	o.telemetry.OpenstackAuditReceiverListenConnectionsClosed.Add(context.Background(), 1, o.withCode(refusal))
	if o.isNew(client.Address.Addr(), refusal.Text) {
		o.telemetry.logger.Warn("A service's connection was closed; it connects again and sends what was not confirmed",
			append(identity(client), zap.Error(err))...)
	}
}

// ChannelClosed implements amqpserver.Observer.
func (o *listenObserver) ChannelClosed(client *amqpserver.Client, reason *amqpserver.Refusal) {
	o.telemetry.OpenstackAuditReceiverListenMessagesRefused.Add(context.Background(), 1, o.withCode(reason))
	o.telemetry.logger.Error("A service was refused; what it sent is lost", append(identity(client), zap.Error(reason))...)
}

// Ignored implements amqpserver.Observer.
func (o *listenObserver) Ignored(*amqpserver.Client) {
	o.telemetry.OpenstackAuditReceiverListenMessagesIgnored.Add(context.Background(), 1, o.telemetry.Common)
}

// Resent implements amqpserver.Observer.
func (o *listenObserver) Resent(*amqpserver.Client) {
	o.telemetry.OpenstackAuditReceiverListenMessagesResent.Add(context.Background(), 1, o.telemetry.Common)
}

func (o *listenObserver) withCode(refusal *amqpserver.Refusal) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(o.telemetry.ID, attribute.Int("code", int(refusal.Code))))
}

// identity is who a client is, and who it says it is. oslo.messaging's connection names have the process and its id.
func identity(client *amqpserver.Client) []zap.Field {
	return []zap.Field{
		zap.Stringer("peer", client.Address), zap.String("user", client.User), zap.String("mechanism", string(client.Mechanism)),
		zap.String("connection_name", client.ConnectionName), zap.String("product", client.Product),
	}
}

// observeListener registers what is measured when metrics are collected.
func (t *telemetry) observeListener(server *amqpserver.Server) error {
	connections := func() int64 { return int64(server.Stats().Connections) }
	inFlight := func() int64 { return server.Stats().InFlightBytes }
	return errors.Join(
		shared.Gauge(t.RegisterOpenstackAuditReceiverListenConnectionsCallback, connections, t.Common),
		shared.Gauge(t.RegisterOpenstackAuditReceiverListenInFlightBytesCallback, inFlight, t.Common),
	)
}
