package rabbitmq

// Observer is told what happens, for metrics, status and logs. Its methods are called from several goroutines, must not
// block, and must not call back into the client. Errors carry the broker's own words and never credentials.
type Observer interface {
	// Connected is called when a generation consumes from the queue at this host.
	Connected(host string)
	// Disconnected is called when a connection attempt failed, or when a generation ended for any reason but the end of
	// Run's context. The client tries again.
	Disconnected(host string, err error)
	// ExchangesProbed is called after each upkeep, changed or not, with the sorted names of the exchanges to which the queue is bound, and
	// of those that do not exist. One that the broker refuses to bind is in neither; TopologyAsserted has the refusal.
	ExchangesProbed(bound, missing []string)
	// TopologyAsserted is called after each upkeep (on connect and every RebindInterval). err is nil when everything that
	// could be asserted was; a missing exchange is no error. Consumption goes on in either case.
	TopologyAsserted(err error)
	// QueueState is called after each upkeep that could read it.
	QueueState(QueueState)
	// QueueDiffers is called when the queue exists and could not be declared as configured: with other arguments (406), or without
	// the permission to declare it (403). It is consumed as it is. It is called again, with nil, when the queue could be declared.
	QueueDiffers(err error)
	// DeadLettersUnavailable is called when the queue has, or may have, no working dead-letter queue although Config asks for
	// one, and with nil when it has one again.
	DeadLettersUnavailable(err error)
	// NearDeliveryLimit is called for a delivery that was returned often: at the queue's limit the broker takes it away.
	NearDeliveryLimit(deliveryTag uint64, count, limit int64)
	// StateChanged is called when the client is in another state.
	StateChanged(State)
}

// State is what the client is doing.
type State string

// The states of a client that runs.
const (
	// StateConnecting: it dials a host and asserts the topology there.
	StateConnecting State = "connecting"
	// StateConsuming: deliveries are read as they come.
	StateConsuming State = "consuming"
	// StatePaused: it consumes, but reads nothing more, because MaxInFlightBytes is exceeded.
	StatePaused State = "paused"
	// StateWaiting: no host could be consumed from, or the connection ended; it waits before the next attempt.
	StateWaiting State = "waiting"
)

// States are all states.
func States() []State { return []State{StateConnecting, StateConsuming, StatePaused, StateWaiting} }

// QueueState is what a passive declare tells of the queue.
type QueueState struct {
	// Messages that are ready for delivery.
	Messages int64
	// MaxLength is the configured bound in messages; 0 when there is none, or when it is not known (existing queue, or one that differs).
	MaxLength int64
}
