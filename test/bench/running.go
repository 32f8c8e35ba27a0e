package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// running is a program that brings events from queues to a sink, and is measured from outside.
type running struct {
	// channel and queues are where its events are published. live says that it takes them while they are published.
	channel *amqp.Channel
	queues  []string
	live    bool
	// file is where they are written instead, as log lines.
	file string
	// copies of each record come to the sink.
	copies int

	command *exec.Cmd
	log     bytes.Buffer
	ended   chan struct{}
}

func (r *running) start(ctx context.Context, environment []string, program string, arguments ...string) error {
	r.command = exec.CommandContext(ctx, program, arguments...) //nolint:gosec // the built collector, or a peer that was found
	r.command.Env = append(os.Environ(), environment...)
	r.command.Stderr = &r.log
	if err := r.command.Start(); err != nil {
		return err
	}
	r.ended = make(chan struct{})
	go func() {
		_ = r.command.Wait() // who waits for what it does is told
		close(r.ended)
	}()
	return nil
}

// stop lets it end, so that it writes its profile.
func (r *running) stop() error {
	_ = r.command.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-r.ended:
		return nil
	case <-time.After(20 * time.Second):
		err := r.command.Process.Kill()
		<-r.ended
		return errors.Join(errors.New("it did not end"), err)
	}
}

// until tries something until it succeeds or the program ends.
func (r *running) until(ctx context.Context, try func() error) error {
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-r.ended:
			return fmt.Errorf("it ended: %w\n%s", err, r.log.String())
		default:
		}
		if pause(ctx, 10*time.Millisecond) != nil {
			return err
		}
	}
}

// send publishes messages, or writes them as log lines.
func (r *running) send(ctx context.Context, queue string, messages int, body func(i int) []byte) error {
	if r.file == "" {
		return publish(ctx, r.channel, queue, messages, body)
	}
	var lines bytes.Buffer
	for i := range messages {
		line, err := logLine(body(i))
		if err != nil {
			return err
		}
		lines.WriteString(line)
	}
	file, err := os.OpenFile(r.file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(lines.Bytes())
	return errors.Join(err, file.Close())
}

// isEmpty reports whether nothing waits in its queues.
func (r *running) isEmpty() (bool, error) {
	select {
	case <-r.ended:
		return false, errors.New("it ended")
	default:
	}
	if r.live || r.file != "" {
		return true, nil
	}
	for _, queue := range r.queues {
		state, err := r.channel.QueueDeclarePassive(queue, true, false, false, false, nil)
		if err != nil || state.Messages > 0 {
			return false, err
		}
	}
	return true, nil
}

func (r *running) signal(signal syscall.Signal) error {
	select {
	case <-r.ended:
		return errors.New("it ended")
	default:
		return r.command.Process.Signal(signal)
	}
}

func (r *running) cpu() time.Duration { return collectortest.CPUOf(r.command.Process.Pid) }

// memory is a size of proc(5)'s status in KiB, such as VmRSS.
func (r *running) memory(name string) int { return statusKiB(r.command.Process.Pid, name) }
