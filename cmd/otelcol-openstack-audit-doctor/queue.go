package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq"
)

// queueInspection finds out what the collector's user may do with its queue and the exchanges, and changes nothing. RabbitMQ
// checks permissions before it looks at arguments, and refuses each request here for an argument at the latest:
//
//   - queue.declare with a negative x-max-length needs configure on the queue, and with a dead-letter exchange read on the queue and
//     write on that exchange; it is then refused as invalid;
//   - queue.unbind of a binding that does not exist needs write on the queue and read on the exchange; it does nothing;
//   - basic.consume with an x-priority that is no number needs read on the queue; it is then refused as invalid.
//
// A queue that exists is declared as the collector declares it at each start, which changes nothing either.
type queueInspection struct {
	section    *section
	connection *amqp.Connection
	config     *rabbitmq.Config
	user       string
}

func (q *queueInspection) run() {
	queue := q.config.Queue
	exists := q.queue()
	q.read(queue.Name)
	if queue.Mode == rabbitmq.QueueOwn {
		q.declaration(queue.Name, queue.Arguments(), exists)
		if queue.DeadLetter {
			name, arguments := queue.DeadLetterQueue()
			_, err := q.passive(name)
			q.declaration(name, arguments, err == nil)
		}
		q.exchanges()
	}
	q.serviceQueues()
}

func (q *queueInspection) passive(name string) (state amqp.Queue, err error) {
	err = on(q.connection, func(channel *amqp.Channel) error {
		state, err = channel.QueueDeclarePassive(name, true, false, false, false, nil)
		return err
	})
	return state, err
}

// queue reports whether the collector's queue exists.
func (q *queueInspection) queue() bool {
	const check = "broker.queue"
	queue := q.config.Queue
	state, err := q.passive(queue.Name)
	switch {
	case err == nil:
		q.section.ok(check, "Queue %s exists: %d messages wait, %d consumers.", queue.Name, state.Messages, state.Consumers)
		return true
	case !rabbitmq.HasCode(err, amqp.NotFound):
		q.section.notChecked(check, "", "Queue %s: %v", queue.Name, err)
	case queue.Mode == rabbitmq.QueueExisting:
		q.section.fail(check, "Correct queue::name, or let the collector have its own queue with mode: own.", "%v", err)
	default:
		q.section.ok(check, "Queue %s does not exist yet. The collector will create it, type %s, with at most %d messages and %d MiB "+
			"(0: no limit).", queue.Name, queue.Type, queue.MaxLength, queue.MaxLengthBytes>>20)
	}
	return false
}

// permission adds the finding about a permission that a request needed.
func (q *queueInspection) permission(check, what string, err error) bool {
	if rabbitmq.HasCode(err, amqp.AccessRefused) {
		q.section.fail(check, fmt.Sprintf("Give user %s the permission: rabbitmqctl set_permissions -p %s %s CONFIGURE WRITE READ. "+
			"The receiver's README has the patterns.", q.user, q.config.VirtualHost, q.user), "No %s: %v", what, err)
		return false
	}
	q.section.ok(check, "User %s has %s.", q.user, what)
	return true
}

func (q *queueInspection) read(name string) {
	err := on(q.connection, func(channel *amqp.Channel) error {
		_, err := channel.Consume(name, "", false, false, false, false, amqp.Table{"x-priority": "none"})
		return err
	})
	q.permission("broker.read_queue", fmt.Sprintf("the read permission on queue %s", name), err)
}

// declaration checks the permissions to declare a queue, and the arguments of one that exists.
func (q *queueInspection) declaration(name string, arguments amqp.Table, exists bool) {
	const check = "broker.declare_queue"
	configure := fmt.Sprintf("the configure permission on queue %s", name)
	if exists {
		err := q.declare(name, arguments)
		switch {
		case err == nil:
			q.permission(check, configure, nil)
			q.section.ok("broker.queue_arguments", "Queue %s has the arguments of the configuration.", name)
		case rabbitmq.HasCode(err, amqp.AccessRefused):
			q.section.warn(check, "Give the permission, so that the collector can declare the queue again when it is deleted.",
				"No %s. The collector consumes the queue as it is: %v", configure, err)
		default:
			q.section.warn("broker.queue_arguments",
				"Correct the configuration; or, once the queue is empty, delete it: rabbitmqctl delete_queue -p "+q.config.VirtualHost+" "+name,
				"Queue %s has other arguments than the configuration. The collector consumes it as it is: %v", name, err)
		}
		return
	}
	if !q.permission(check, configure, q.declare(name, amqp.Table{"x-max-length": int64(-1)})) {
		return
	}
	if _, deadLetters := arguments["x-dead-letter-exchange"]; deadLetters {
		arguments["x-max-length"] = int64(-1)
		q.permission("broker.dead_letters",
			fmt.Sprintf("the read permission on queue %s and the write permission on exchange amq.default, for its dead letters", name),
			q.declare(name, arguments))
	}
}

func (q *queueInspection) declare(name string, arguments amqp.Table) error {
	return on(q.connection, func(channel *amqp.Channel) error {
		_, err := channel.QueueDeclare(name, true, false, false, false, arguments)
		return err
	})
}

// exchanges checks which exchanges exist, and whether the queue may be bound to them.
func (q *queueInspection) exchanges() {
	var present, missing, untold []string
	for _, exchange := range q.config.Exchanges {
		err := on(q.connection, func(channel *amqp.Channel) error {
			return channel.ExchangeDeclarePassive(exchange, amqp.ExchangeTopic, false, false, false, false, nil)
		})
		switch {
		case err == nil:
			present = append(present, exchange)
		case rabbitmq.HasCode(err, amqp.NotFound):
			missing = append(missing, exchange)
		default: // RabbitMQ 4.3 tells only those who have any permission on it
			untold = append(untold, exchange)
		}
	}
	const check = "broker.exchanges"
	state := fmt.Sprintf("These exchanges exist: %s. These do not exist yet: %s.", strings.Join(present, ", "), strings.Join(missing, ", "))
	const later = "A service creates its exchange when it notifies for the first time. Check driver and transport_url under " +
		"[oslo_messaging_notifications] of the services that you expect."
	if len(untold) > 0 {
		q.section.notChecked(check, "Give the permissions that are named below.",
			"The broker does not tell user %s whether these exchanges exist: %s.",
			q.user, strings.Join(untold, ", "))
	}
	switch {
	case len(present)+len(missing) == 0:
	case len(present) == 0:
		q.section.warn(check, later, "None of the exchanges exists yet: no service has notified in virtual host %s.", q.config.VirtualHost)
	case len(missing) > 0 && q.config.ExpectExchanges:
		q.section.warn(check, later, "%s", state)
	case len(missing) > 0:
		q.section.ok(check, "%s", state)
	default:
		q.section.ok(check, "These exchanges exist: %s.", strings.Join(present, ", "))
	}
	q.bindings(present)
}

// bindings checks the permissions to bind the queue to each exchange.
func (q *queueInspection) bindings(present []string) {
	const check = "broker.bind"
	key := program + "-" + uuid.NewString()
	var refused []string
	var refusal error
	for _, exchange := range q.config.Exchanges {
		err := on(q.connection, func(channel *amqp.Channel) error {
			return channel.QueueUnbind(q.config.Queue.Name, key, exchange, nil)
		})
		switch {
		case !rabbitmq.HasCode(err, amqp.AccessRefused):
		case strings.Contains(err.Error(), "queue '"):
			q.permission("broker.write_queue", fmt.Sprintf("the write permission on queue %s, which binding it needs", q.config.Queue.Name), err)
			q.section.notChecked(check, "Check again once the write permission on the queue is there.", "The read permission on the exchanges.")
			return
		default:
			refused, refusal = append(refused, exchange), err
		}
	}
	q.permission("broker.write_queue", fmt.Sprintf("the write permission on queue %s", q.config.Queue.Name), nil)
	what := fmt.Sprintf("the read permission on these exchanges, which binding needs: %s", strings.Join(refused, ", "))
	switch {
	case len(refused) == 0:
		q.permission(check, "the read permission on each of the exchanges", nil)
	case q.config.ExpectExchanges || slices.ContainsFunc(refused, func(exchange string) bool { return slices.Contains(present, exchange) }):
		q.permission(check, what, refusal)
	default:
		q.section.warn(check, "Give the permission, or leave these exchanges out of rabbitmq::exchanges.", "No %s: %v", what, refusal)
	}
}

// serviceQueues looks at the queues that oslo.messaging declares itself beside each exchange, and that nobody may consume.
func (q *queueInspection) serviceQueues() {
	const check = "broker.unconsumed_queues"
	var growing []string
	for _, topic := range q.config.Topics {
		for _, priority := range q.config.Priorities {
			name := topic + "." + strings.ToLower(priority)
			if state, err := q.passive(name); err == nil && state.Consumers == 0 && state.Messages > 0 {
				growing = append(growing, fmt.Sprintf("%s (%d messages)", name, state.Messages))
			}
		}
	}
	if len(growing) == 0 {
		q.section.ok(check, "No queue of the services' own grows without a consumer.")
		return
	}
	q.section.warn(check, fmt.Sprintf("Bound them: rabbitmqctl set_policy -p %s --priority 5 --apply-to queues notifications "+
		`'^notifications\.' '{"max-length":100000,"overflow":"drop-head"}'`, q.config.VirtualHost),
		"Nobody consumes these queues, which oslo.messaging declares itself. They grow until the broker's disk is full: %s",
		strings.Join(growing, ", "))
}
