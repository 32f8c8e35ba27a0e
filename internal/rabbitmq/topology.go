package rabbitmq

import (
	"errors"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"
)

// deliveryLimit of our quorum queues. A closed channel counts as a return for each of its deliveries, so the broker's default
// (20 since RabbitMQ 4.0) would throw messages away during an outage; -1 makes RabbitMQ 3.10 drop a message at its first return.
const deliveryLimit = 1_000_000

// topology asserts what the queue needs, over a connection that consumes nothing: its calls never wait behind deliveries, and
// what the broker refuses closes channels that nobody else uses.
type topology struct {
	config    *Config
	observer  Observer
	exchanges exchanges

	// differs and noDeadLetters are set while the observer has been told so.
	differs, noDeadLetters bool
}

// asserted is what is known of the queue once it is declared.
type asserted struct {
	// asConfigured: the queue has the arguments of the configuration.
	asConfigured bool
	// deadLetters: what is rejected ends in the dead-letter queue.
	deadLetters bool
	// refused: a permission to declare was missing, and may come.
	refused bool
	// rounds is how many upkeeps there were.
	rounds int
}

// declareQueues declares the dead-letter queue and the queue. It fails only when there is then nothing to consume.
func (t *topology) declareQueues(connection *connection) (asserted, error) {
	queue := &t.config.Queue
	if queue.Mode == QueueExisting {
		return asserted{}, nil
	}
	deadLettersErr := errors.New("not asked for")
	if queue.DeadLetter {
		deadLettersErr = t.declareDeadLetterQueue(connection)
	}
	declareErr := onChannel(connection, func(channel *amqp.Channel) error {
		_, err := channel.QueueDeclare(queue.Name, true, false, false, false, queueArguments(queue))
		return err
	})
	if declareErr != nil {
		if err := t.useQueueAsItIs(connection, declareErr); err != nil {
			return asserted{}, err
		}
		deadLettersErr = errors.Join(fmt.Errorf("the dead-letter exchange of queue %q is not known", queue.Name), declareErr)
	}
	if declareErr == nil && t.differs {
		t.differs = false
		t.observer.QueueDiffers(nil)
	}
	if queue.DeadLetter {
		t.tellDeadLetters(deadLettersErr)
	}
	return asserted{
		asConfigured: declareErr == nil,
		deadLetters:  deadLettersErr == nil,
		refused:      hasCode(declareErr, amqp.AccessRefused),
	}, nil
}

// tellDeadLetters tells the observer when the dead-letter queue ceases to work, and when it works again.
func (t *topology) tellDeadLetters(err error) {
	if t.noDeadLetters != (err != nil) {
		t.noDeadLetters = err != nil
		t.observer.DeadLettersUnavailable(err)
	}
}

// declareDeadLetterQueue fails when there is no such queue afterwards. One with other arguments takes dead letters too.
func (t *topology) declareDeadLetterQueue(connection *connection) error {
	name := deadLetterQueue(&t.config.Queue)
	err := onChannel(connection, func(channel *amqp.Channel) error {
		_, err := channel.QueueDeclare(name, true, false, false, false, boundedArguments(&t.config.Queue))
		return err
	})
	if err == nil || hasCode(err, amqp.PreconditionFailed) {
		return nil
	}
	if hasCode(err, amqp.AccessRefused) && exists(connection, name) {
		return nil
	}
	return fmt.Errorf("declaring queue %q needs the configure permission on it: %w", name, err)
}

// useQueueAsItIs decides whether a queue that could not be declared is there to be consumed.
func (t *topology) useQueueAsItIs(connection *connection, declareErr error) error {
	name := t.config.Queue.Name
	switch {
	case hasCode(declareErr, amqp.PreconditionFailed):
		declareErr = fmt.Errorf("queue %q exists with other arguments and is consumed as it is: %w", name, declareErr)
	case hasCode(declareErr, amqp.AccessRefused):
		needs := fmt.Sprintf("declaring queue %q needs the configure permission on it", name)
		if t.config.Queue.DeadLetter {
			needs += ", the read permission on it and the write permission on exchange amq.default (for its dead letters)"
		}
		if !exists(connection, name) {
			return fmt.Errorf("%s: %w", needs, declareErr)
		}
		declareErr = fmt.Errorf("queue %q exists and is consumed as it is: %s: %w", name, needs, declareErr)
	default:
		return fmt.Errorf("declaring queue %q: %w", name, declareErr)
	}
	if !t.differs {
		t.differs = true
		t.observer.QueueDiffers(declareErr)
	}
	return nil
}

// upkeep probes the exchanges, binds the queue to those that exist, sees to the dead-letter queue, and reads the queue's depth. When
// a broker restarts, transient exchanges and every binding to them are gone while our queue and consumer stay; the publisher
// declares its exchange again and knows nothing of our binding. So bindings are asserted time and again.
func (t *topology) upkeep(connection *connection, known *asserted) error {
	var errs []error
	if t.config.Queue.Mode == QueueOwn {
		errs = t.bindExchanges(connection, known.rounds)
		known.rounds++
		switch {
		case known.refused: // the permission may have come
			declared, err := t.declareQueues(connection)
			if err == nil {
				known.asConfigured, known.deadLetters, known.refused = declared.asConfigured, declared.deadLetters, declared.refused
			}
			errs = append(errs, err)
		case t.config.Queue.DeadLetter && known.asConfigured:
			err := t.declareDeadLetterQueue(connection)
			known.deadLetters = err == nil
			t.tellDeadLetters(err)
			errs = append(errs, err)
		}
	}
	state := QueueState{}
	if known.asConfigured {
		state.MaxLength = t.config.Queue.MaxLength
	}
	err := onChannel(connection, func(channel *amqp.Channel) error {
		queue, err := channel.QueueDeclarePassive(t.config.Queue.Name, true, false, false, false, nil)
		state.Messages = int64(queue.Messages)
		return err
	})
	if err == nil {
		t.observer.QueueState(state)
	} else {
		errs = append(errs, fmt.Errorf("reading the depth of queue %q: %w", t.config.Queue.Name, err))
	}
	return errors.Join(errs...)
}

// queueArguments of our own queue. Note that RabbitMQ dead-letters what drop-head drops too (reason maxlen), so the dead-letter queue
// has rejected messages and the overflow of the queue, and is bounded itself.
func queueArguments(queue *QueueConfig) amqp.Table {
	arguments := boundedArguments(queue)
	if queue.DeadLetter {
		arguments["x-dead-letter-exchange"] = amqp.DefaultExchange
		arguments["x-dead-letter-routing-key"] = deadLetterQueue(queue)
	}
	if queue.SingleActive {
		arguments["x-single-active-consumer"] = true
	}
	return arguments
}

func boundedArguments(queue *QueueConfig) amqp.Table {
	arguments := amqp.Table{
		"x-queue-type": string(queue.Type),
		// reject-publish would make the broker refuse the services' publishes.
		"x-overflow": "drop-head",
	}
	if queue.MaxLength > 0 {
		arguments["x-max-length"] = queue.MaxLength
	}
	if queue.MaxLengthBytes > 0 {
		arguments["x-max-length-bytes"] = queue.MaxLengthBytes
	}
	if queue.Type == QueueQuorum {
		arguments["x-delivery-limit"] = int64(deliveryLimit)
	}
	return arguments
}

func deadLetterQueue(queue *QueueConfig) string { return queue.Name + ".rejected" }

func exists(connection *connection, queue string) bool { return probeQueue(connection, queue) == nil }

// probeQueue asks whether there is such a queue, and fails in the broker's words when there is none.
func probeQueue(connection *connection, queue string) error {
	return onChannel(connection, func(channel *amqp.Channel) error {
		_, err := channel.QueueDeclarePassive(queue, true, false, false, false, nil)
		return err
	})
}

// onChannel runs f on a channel of its own: whatever the broker refuses closes it.
func onChannel(connection *connection, f func(*amqp.Channel) error) error {
	channel, err := connection.Channel()
	if err != nil {
		return err
	}
	err = f(channel)
	_ = channel.Close() // the broker has closed it when f failed
	return err
}

func hasCode(err error, code int) bool {
	var refused *amqp.Error
	return errors.As(err, &refused) && refused.Code == code
}
