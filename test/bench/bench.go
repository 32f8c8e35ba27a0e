package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// bench is what the parts share: the node and the corpus.
type bench struct {
	options
	corpus  corpus
	node    *rabbitmqtest.Node
	channel *amqp.Channel
	// published counts messages with ids of their own.
	published uint32
}

func newBench(ctx context.Context, o options) (*bench, error) {
	c, err := readCorpus(o.captures)
	if err != nil {
		return nil, err
	}
	node, err := rabbitmqtest.StartNode(ctx, rabbitmqtest.Options{})
	if err != nil {
		return nil, err
	}
	b := &bench{options: o, corpus: c, node: node}
	connection, err := amqp.Dial(node.URL())
	if err == nil {
		b.channel, err = connection.Channel()
	}
	if err == nil {
		err = b.channel.Confirm(false)
	}
	if err != nil {
		return nil, errors.Join(err, node.Stop())
	}
	return b, nil
}

func (b *bench) close() error { return b.node.Stop() }

// The queues: durable, as the receiver's own.
const (
	classicQueue = "bench.classic"
	quorumQueue  = "bench.quorum"
)

func queueType(queue string) string {
	if queue == classicQueue {
		return "classic"
	}
	return "quorum"
}

// empty makes a queue, or takes out what is in it.
func (b *bench) empty(queue string) error {
	durable, arguments := true, amqp.Table{"x-queue-type": queueType(queue)}
	if queue == osloQueue { // as oslo.messaging declares it
		durable, arguments = false, nil
	}
	if _, err := b.channel.QueueDeclare(queue, durable, false, false, false, arguments); err != nil {
		return err
	}
	_, err := b.channel.QueuePurge(queue, false) // RabbitMQ may fail to make a quorum queue that was just deleted
	return err
}

// fill empties a queue and puts persistent messages into it: the bodies over and over.
func (b *bench) fill(ctx context.Context, queue string, bodies [][]byte, messages int) error {
	if err := b.empty(queue); err != nil {
		return err
	}
	return b.publish(ctx, queue, bodies, messages)
}

// confirmWindow bounds the messages of which the broker has not said that it has them.
const confirmWindow = 1000

func (b *bench) publish(ctx context.Context, queue string, bodies [][]byte, messages int) error {
	return publish(ctx, b.channel, queue, messages, func(i int) []byte { return bodies[i%len(bodies)] })
}

func publish(ctx context.Context, channel *amqp.Channel, queue string, messages int, body func(i int) []byte) error {
	window := make([]*amqp.DeferredConfirmation, 0, confirmWindow)
	for i := range messages {
		confirmation, err := channel.PublishWithDeferredConfirmWithContext(ctx, "", queue, false, false, amqp.Publishing{
			ContentType: "application/json", ContentEncoding: "utf-8", DeliveryMode: amqp.Persistent, Body: body(i),
		})
		if err != nil {
			return err
		}
		if window = append(window, confirmation); len(window) == confirmWindow || i == messages-1 {
			for _, c := range window {
				if _, err := c.WaitContext(ctx); err != nil {
					return err
				}
			}
			window = window[:0]
		}
	}
	return nil
}

// childArgument makes this program a contestant.
const childArgument = "contestant"

// runContestant runs a job in a process of its own.
func (b *bench) runContestant(ctx context.Context, gogc int, j job) (result, error) {
	text, err := json.Marshal(j)
	if err != nil {
		return result{}, err
	}
	program, err := os.Executable()
	if err != nil {
		return result{}, err
	}
	return measure(ctx, []string{"GOGC=" + strconv.Itoa(gogc)}, program, childArgument, string(text))
}

// runTimeout bounds one run.
const runTimeout = time.Minute

// measure runs a process that prints a result.
func measure(ctx context.Context, environment []string, program string, arguments ...string) (result, error) {
	ctx, cancel := context.WithTimeout(ctx, runTimeout)
	defer cancel()
	command := exec.CommandContext(ctx, program, arguments...) //nolint:gosec // this program, or a peer that was found
	command.Env = append(os.Environ(), environment...)
	var out, problems bytes.Buffer
	command.Stdout, command.Stderr = &out, &problems
	if err := command.Run(); err != nil {
		return result{}, fmt.Errorf("%s: %w\n%s", program, err, problems.String())
	}
	var r result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		return result{}, fmt.Errorf("%s printed no result: %w\n%s", program, err, problems.String())
	}
	return r, nil
}
