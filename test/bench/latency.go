package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"
)

// latency measures the time from publishing to ConsumeLogs, between two processes on one machine.
func latency(ctx context.Context, out io.Writer, b *bench) error {
	if b.latencyFor == 0 {
		return nil
	}
	t := newTable(fmt.Sprintf("Milliseconds from publishing to ConsumeLogs, quorum queue, GOGC=%d", b.gogc[0]),
		"messages/s", "median", "p99", "p99.9", "CPU µs a message")
	for _, rate := range []int{10, 1000} {
		messages := rate*b.latencyFor + warmUp
		if err := b.empty(quorumQueue); err != nil {
			return err
		}
		published := make(chan error, 1)
		publishing, stop := context.WithCancel(ctx)
		go func() { published <- b.publishAtRate(publishing, quorumQueue, rate, messages) }()
		r, err := b.runContestant(ctx, b.gogc[0], job{
			Contestant: "receiver", URL: b.node.URL(), Queue: quorumQueue, Messages: messages, Latency: true,
		})
		stop()
		if publishErr := <-published; err == nil {
			err = publishErr
		}
		if err != nil {
			return err
		}
		t.row(strconv.Itoa(rate), "%.2f", r.LatencyMillis[0], "%.2f", r.LatencyMillis[1], "%.2f", r.LatencyMillis[2], "%.0f", r.cpu())
	}
	t.print(out)
	return nil
}

// publishAtRate publishes evenly once somebody consumes, with the time as each message's id.
func (b *bench) publishAtRate(ctx context.Context, queue string, rate, messages int) error {
	for {
		state, err := b.channel.QueueDeclarePassive(queue, true, false, false, false, nil)
		if err != nil {
			return err
		}
		if state.Consumers > 0 {
			break
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return nil //nolint:nilerr // the contestant failed, and says why
		}
	}
	err := publishEvenly(ctx, rate, messages, b.corpus.bodies, func(body []byte) error {
		return publish(ctx, b.channel, queue, 1, func(int) []byte { return body })
	})
	if ctx.Err() != nil {
		return nil //nolint:nilerr // as above
	}
	return err
}

// publishEvenly publishes so many messages a second, with the time as each message's id.
func publishEvenly(ctx context.Context, rate, messages int, bodies [][]byte, publish func(body []byte) error) error {
	begin := time.Now()
	for i := range messages {
		if err := pause(ctx, time.Until(begin.Add(time.Duration(i)*time.Second/time.Duration(rate)))); err != nil {
			return err
		}
		if err := publish(withID(bodies[i%len(bodies)], strconv.FormatInt(time.Now().UnixNano(), 10))); err != nil {
			return err
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
