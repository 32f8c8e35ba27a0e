package rabbitmqtest

import (
	"context"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Publisher publishes notifications as oslo.messaging's rabbit driver does (oslo_messaging/_drivers/impl_rabbit.py,
// notify_send): per routing key and connection it declares the topic exchange, a queue named like the routing key, and the
// binding of the two, all transient by default; then it publishes persistent messages with publisher confirms.
type Publisher struct {
	// Quorum is oslo.messaging's rabbit_quorum_queue, for the queues named like routing keys. Set it before the first Publish.
	Quorum bool

	connection *amqp.Connection
	channel    *amqp.Channel
	exchange   string
	durable    bool
	declared   map[string]bool
}

// NewPublisher connects as a service whose control_exchange is exchange. durable is oslo.messaging's amqp_durable_queues.
func NewPublisher(url, exchange string, durable bool) (*Publisher, error) {
	connection, err := amqp.DialConfig(url, amqp.Config{
		Properties: amqp.Table{"connection_name": "rabbitmqtest publisher " + exchange},
	})
	if err != nil {
		return nil, err
	}
	p := &Publisher{connection: connection, exchange: exchange, durable: durable, declared: map[string]bool{}}
	if p.channel, err = connection.Channel(); err == nil {
		err = p.channel.Confirm(false)
	}
	if err != nil {
		_ = connection.Close() // the first error says more
		return nil, err
	}
	return p, nil
}

// Publish publishes bodies under the routing key ("notifications.info") and waits until the broker confirmed them all.
func (p *Publisher) Publish(ctx context.Context, routingKey string, bodies ...[]byte) error {
	if err := p.declare(routingKey); err != nil {
		return err
	}
	confirmations := make([]*amqp.DeferredConfirmation, 0, len(bodies))
	for _, body := range bodies {
		confirmation, err := p.channel.PublishWithDeferredConfirmWithContext(ctx, p.exchange, routingKey, false, false, amqp.Publishing{
			Headers:         amqp.Table{},
			ContentType:     "application/json",
			ContentEncoding: "utf-8",
			DeliveryMode:    amqp.Persistent,
			Body:            body,
		})
		if err != nil {
			return err
		}
		confirmations = append(confirmations, confirmation)
	}
	for _, confirmation := range confirmations {
		confirmed, err := confirmation.WaitContext(ctx)
		if err != nil {
			return err
		}
		if !confirmed {
			return fmt.Errorf("the broker refused message %d", confirmation.DeliveryTag)
		}
	}
	return nil
}

func (p *Publisher) declare(routingKey string) error {
	if p.declared[routingKey] {
		return nil
	}
	if err := p.channel.ExchangeDeclare(p.exchange, amqp.ExchangeTopic, p.durable, false, false, false, nil); err != nil {
		return err
	}
	var arguments amqp.Table
	if p.Quorum {
		arguments = amqp.Table{"x-queue-type": "quorum"}
	}
	if _, err := p.channel.QueueDeclare(routingKey, p.durable, false, false, false, arguments); err != nil {
		return err
	}
	if err := p.channel.QueueBind(routingKey, routingKey, p.exchange, false, nil); err != nil {
		return err
	}
	p.declared[routingKey] = true
	return nil
}

// Close ends the connection, also where the broker does not answer.
func (p *Publisher) Close() error {
	return p.connection.CloseDeadline(time.Now().Add(5 * time.Second))
}
