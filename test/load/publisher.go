package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Publisher publishes many notifications with one write, as one service alone does not: the machine is needed for the collector.
type Publisher struct {
	connection    *coalescing
	channel       *amqp.Channel
	confirmations chan amqp.Confirmation
	buffer        []byte
	closed        chan *amqp.Error
}

// NewPublisher connects and declares the services' exchanges, as their first notification does.
func NewPublisher(url string, exchanges ...string) (*Publisher, error) {
	p := &Publisher{}
	connection, err := amqp.DialConfig(url, amqp.Config{
		Properties: amqp.Table{"connection_name": PublisherName}, Heartbeat: time.Minute,
		Dial: func(network, address string) (net.Conn, error) {
			plain, err := amqp.DefaultDial(time.Minute)(network, address)
			p.connection = &coalescing{Conn: plain}
			return p.connection, err
		},
	})
	if err != nil {
		return nil, err
	}
	if p.channel, err = connection.Channel(); err != nil {
		return nil, errors.Join(err, connection.Close())
	}
	for _, exchange := range exchanges {
		err = errors.Join(err, p.channel.ExchangeDeclare(exchange, amqp.ExchangeTopic, false, false, false, false, nil))
	}
	if err = errors.Join(err, p.channel.Confirm(false)); err != nil {
		return nil, errors.Join(err, connection.Close())
	}
	p.confirmations = p.channel.NotifyPublish(make(chan amqp.Confirmation, publishBatch))
	p.closed = p.channel.NotifyClose(make(chan *amqp.Error, 1))
	return p, nil
}

// PublisherName tells its connection from the collector's.
const PublisherName = "load publisher"

// Publish publishes so many notifications and waits until the broker confirmed them.
func (p *Publisher) Publish(ctx context.Context, count int, next func(buffer []byte) (exchange string, body []byte)) error {
	p.connection.hold()
	for range count {
		exchange, body := next(p.buffer)
		p.buffer = body
		err := p.channel.PublishWithContext(ctx, exchange, "notifications.info", false, false, amqp.Publishing{
			ContentType: "application/json", ContentEncoding: "utf-8", DeliveryMode: amqp.Persistent, Body: body,
		})
		if err != nil {
			return err
		}
	}
	if err := p.connection.release(); err != nil {
		return err
	}
	for range count {
		select {
		case confirmation := <-p.confirmations:
			if !confirmation.Ack {
				return fmt.Errorf("the broker refused message %d", confirmation.DeliveryTag)
			}
		case err := <-p.closed:
			return fmt.Errorf("the publisher's channel was closed: %w", err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// coalescing writes at once what was written while it was held.
type coalescing struct {
	net.Conn
	mu   sync.Mutex
	held bool
	rest []byte
}

func (c *coalescing) hold() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = true
}

// Write implements net.Conn.
func (c *coalescing) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.held {
		return c.Conn.Write(b)
	}
	c.rest = append(c.rest, b...)
	return len(b), nil
}

func (c *coalescing) release() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = false
	_, err := c.Conn.Write(c.rest)
	c.rest = c.rest[:0]
	return err
}
