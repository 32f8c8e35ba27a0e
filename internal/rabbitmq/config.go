package rabbitmq

import (
	"cmp"
	"crypto/tls"
	"time"

	"github.com/cenkalti/backoff/v7"
)

// Mechanism is a SASL mechanism of the connection handshake.
type Mechanism string

// The SASL mechanisms that RabbitMQ offers.
const (
	MechanismPlain    Mechanism = "PLAIN"
	MechanismAMQPlain Mechanism = "AMQPLAIN"
	// MechanismExternal takes the user name from the client certificate.
	MechanismExternal Mechanism = "EXTERNAL"
)

// QueueMode says whose queue is consumed.
type QueueMode string

// The queue modes.
const (
	// QueueOwn declares the queue and binds it to each exchange.
	QueueOwn QueueMode = "own"
	// QueueExisting consumes what is there; it declares and binds nothing.
	QueueExisting QueueMode = "existing"
)

// QueueType is RabbitMQ's x-queue-type. Queues of both types are declared durable.
type QueueType string

// The queue types.
const (
	QueueQuorum  QueueType = "quorum"
	QueueClassic QueueType = "classic"
)

// Config says where to connect and what to consume. It is not changed by the client, and must not be changed while one runs.
type Config struct {
	// Hosts are tried in random order first, then round robin. At least one is needed.
	Hosts []Host
	// VirtualHost is the broker's virtual host, such as "/".
	VirtualHost string
	// TLS is nil for plaintext. A ServerName left empty is set to the host that is dialled.
	TLS *tls.Config
	// Mechanism (default MechanismPlain).
	Mechanism Mechanism
	// Heartbeat is the interval asked for, in whole seconds; the broker may lower it. 0 takes the broker's; it cannot be turned off.
	Heartbeat time.Duration
	// ConnectionTimeout bounds dialling with the TLS and AMQP handshakes, and closing (default 30s).
	ConnectionTimeout time.Duration
	// ConnectionName is what an operator sees in the broker's list of connections.
	ConnectionName string

	// Exchanges, Topics and Priorities: in QueueOwn mode the queue is bound to every exchange with every routing key
	// "<topic>.<priority>" (priority in lower case), as oslo.messaging's notify_send publishes.
	Exchanges, Topics, Priorities []string
	// ExpectExchanges says that every one of Exchanges should exist: each is probed every RebindInterval. Otherwise those that were never
	// bound are probed less often when a connection lasts.
	ExpectExchanges bool
	Queue           QueueConfig

	// Prefetch is the most deliveries that are unsettled at a time, in messages (1 to 65535).
	Prefetch int
	// MaxInFlightBytes bounds the bytes of received and unsettled deliveries: above it nothing more is read from the socket, and when
	// that lasts, the client connects again with a prefetch that fits. The message that crosses the bound is still read, so that one
	// larger than it passes. 0 means no bound.
	MaxInFlightBytes int64
	// RebindInterval is how often exchanges are probed, bindings asserted and the queue's depth read.
	RebindInterval time.Duration
	// Backoff is the jittered exponential wait between rounds of connection attempts over all hosts.
	Backoff backoff.ExponentialBackOff
}

// Host is one broker node with credentials of its own.
type Host struct {
	// Address is host:port.
	Address            string
	Username, Password string
}

// QueueConfig describes the queue. All but Name and Mode concern QueueOwn only.
type QueueConfig struct {
	Name string
	Mode QueueMode
	Type QueueType
	// SingleActive makes one consumer of the queue active at a time, the others stand by (x-single-active-consumer).
	SingleActive bool
	// MaxLength (messages) and MaxLengthBytes bound the queue and its dead-letter queue; the oldest messages go first. 0 means no bound.
	MaxLength, MaxLengthBytes int64
	// DeadLetter declares "<Name>.rejected" and sends there what is rejected, and what MaxLength drops.
	DeadLetter bool
}

func (c Config) withDefaults() Config {
	c.Mechanism = cmp.Or(c.Mechanism, MechanismPlain)
	c.ConnectionTimeout = cmp.Or(c.ConnectionTimeout, 30*time.Second)
	return c
}
