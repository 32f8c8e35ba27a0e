package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/transporturl"
)

// Names of our own, as in config/quickstart-rabbitmq.yaml: on a broker that is in use,
// nothing of its services is touched.
const (
	exchange   = "otelcol-openstack-audit-quickstart"
	routingKey = exchange + ".info"
	queue      = exchange + ".audit"
)

// broker is where the notifications are published: a private node of ours, or one that the user names.
type broker struct {
	transportURL string
	connection   *amqp.Connection
	publisher    *rabbitmqtest.Publisher
	// node is nil where the user named a broker.
	node *rabbitmqtest.Node
}

func (*broker) configuration() string { return "config/quickstart-rabbitmq.yaml" }

func (b *broker) environment() map[string]string {
	return map[string]string{"AUDIT_TRANSPORT_URL": b.transportURL}
}

// openBroker takes the broker of AUDIT_TRANSPORT_URL, or starts one.
func openBroker(ctx context.Context, console io.Writer) (*broker, error) {
	if transportURL := os.Getenv("AUDIT_TRANSPORT_URL"); transportURL != "" {
		amqpURL, err := firstHost(transportURL)
		if err != nil {
			return nil, err
		}
		b := &broker{transportURL: transportURL}
		return b, b.connect(ctx, amqpURL)
	}
	fmt.Fprintln(console, "Starting a private RabbitMQ node ...")
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	node, err := rabbitmqtest.StartNode(ctx, rabbitmqtest.Options{})
	if err != nil {
		return nil, fmt.Errorf("start RabbitMQ: %w", err)
	}
	b := &broker{transportURL: strings.Replace(node.URL(), "amqp://", "rabbit://", 1), node: node}
	if err := b.connect(ctx, node.URL()); err != nil {
		return nil, errors.Join(err, node.Stop())
	}
	return b, nil
}

// connect opens the connections, and declares the exchange as a service would.
func (b *broker) connect(ctx context.Context, amqpURL string) (err error) {
	if b.connection, err = amqp.Dial(amqpURL); err != nil {
		return fmt.Errorf("connect to RabbitMQ: %w", err)
	}
	if b.publisher, err = rabbitmqtest.NewPublisher(amqpURL, exchange, false); err == nil {
		err = b.publisher.Publish(ctx, routingKey) // declares, and sends nothing
	}
	if err != nil {
		return fmt.Errorf("declare the exchange %s: %w", exchange, err)
	}
	return nil
}

// firstHost makes an AMQP URL of the first host of a transport_url.
func firstHost(transportURL string) (string, error) {
	parsed, err := transporturl.Parse(transportURL)
	if err != nil {
		return "", fmt.Errorf("AUDIT_TRANSPORT_URL: %w", err)
	}
	if parsed.TLS.Enabled {
		return "", errors.New("AUDIT_TRANSPORT_URL: the quickstart publishes without TLS; name a broker that takes plaintext")
	}
	host := parsed.Hosts[0]
	return amqp.URI{
		Scheme: "amqp", Host: host.Name, Port: host.Port, Username: host.Username, Password: host.Password, Vhost: parsed.VirtualHost,
	}.String(), nil
}

// publish sends the bodies as a service would, once the collector consumes its queue.
func (b *broker) publish(ctx context.Context, bodies [][]byte) error {
	if err := b.awaitConsumer(ctx); err != nil {
		return err
	}
	return b.publisher.Publish(ctx, routingKey, bodies...)
}

// awaitConsumer waits until the collector's queue has a consumer: it is bound by then.
func (b *broker) awaitConsumer(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, errors.New("the collector does not consume its queue: see its log"))
	defer cancel()
	for {
		if consumed, err := b.consumed(); err != nil || consumed {
			return err
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

func (b *broker) consumed() (bool, error) {
	channel, err := b.connection.Channel()
	if err != nil {
		return false, err
	}
	state, err := channel.QueueDeclarePassive(queue, true, false, false, false, nil)
	if missing := new(amqp.Error); errors.As(err, &missing) && missing.Code == amqp.NotFound {
		return false, nil // and the channel is closed with it
	} else if err != nil {
		return false, err
	}
	return state.Consumers > 0, channel.Close()
}

// close takes away what the quickstart made: the node, or the exchange and the queues on the user's broker.
func (b *broker) close() error {
	if b.node != nil {
		_ = b.connection.Close() // the node ends anyway
		return b.node.Stop()
	}
	channel, err := b.connection.Channel()
	if err != nil {
		return fmt.Errorf("delete the exchange %s and the queues %s and %s: %w", exchange, queue, routingKey, err)
	}
	_, err = channel.QueueDelete(queue, false, false, false)
	if err == nil {
		_, err = channel.QueueDelete(routingKey, false, false, false)
	}
	if err == nil {
		err = channel.ExchangeDelete(exchange, false, false)
	}
	return errors.Join(err, b.publisher.Close(), b.connection.Close())
}
