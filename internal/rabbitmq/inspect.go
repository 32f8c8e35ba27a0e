package rabbitmq

import (
	"context"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Connect connects to one host as a Client does, and consumes nothing. The caller closes the connection.
func Connect(ctx context.Context, config Config, host Host) (*amqp.Connection, error) {
	config = config.withDefaults()
	established, err := dial(ctx, &config, host, config.ConnectionName)
	if err != nil {
		return nil, err
	}
	return established.Connection, nil
}

// Arguments are those that the queue is declared with.
func (q QueueConfig) Arguments() amqp.Table { return queueArguments(&q) }

// DeadLetterQueue is the name of the dead-letter queue, and the arguments that it is declared with.
func (q QueueConfig) DeadLetterQueue() (name string, arguments amqp.Table) {
	return deadLetterQueue(&q), boundedArguments(&q)
}

// HasCode reports whether the broker refused with this code of AMQP, such as amqp.AccessRefused.
func HasCode(err error, code int) bool { return hasCode(err, code) }
