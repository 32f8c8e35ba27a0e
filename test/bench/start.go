package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// startTime measures the built collector from its start to the first record that comes out of it.
func startTime(ctx context.Context, out io.Writer, b *bench) error {
	if _, err := os.Stat(b.collector); err != nil {
		return fmt.Errorf("the collector is not built, run make build: %w", err)
	}
	var seconds []float64
	for range b.rounds {
		if err := b.fill(ctx, quorumQueue, b.corpus.bodies, 100); err != nil {
			return err
		}
		took, err := b.startOnce(ctx)
		if err != nil {
			return err
		}
		seconds = append(seconds, took.Seconds())
	}
	t := newTable("Seconds from the start of the binary to its first record at an OTLP backend", "median", "least to most")
	t.row("%.2f", median(seconds), fmt.Sprintf("%.2f – %.2f", minOf(seconds), maxOf(seconds)))
	t.print(out)
	return nil
}

func minOf(values []float64) float64 {
	return -maxOf(each(values, func(v float64) float64 { return -v }))
}

func maxOf(values []float64) float64 {
	most := values[0]
	for _, v := range values {
		most = max(most, v)
	}
	return most
}

func (b *bench) startOnce(ctx context.Context) (took time.Duration, err error) {
	arrived := make(chan time.Time, 1)
	var once sync.Once
	backend := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		once.Do(func() { arrived <- time.Now() })
	}))
	defer backend.Close()
	folder, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	config := filepath.Join(folder, "config.yaml")
	text := fmt.Sprintf(`
receivers: {openstack_audit: {rabbitmq: {transport_url: %q, queue: {name: %s, mode: existing}}}}
exporters: {otlp_http: {endpoint: %q, sending_queue: {enabled: false}}}
service: {pipelines: {logs: {receivers: [openstack_audit], exporters: [otlp_http]}}, telemetry: {metrics: {level: none}}}
`, strings.Replace(b.node.URL(), "amqp://", "rabbit://", 1), quorumQueue, backend.URL)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, b.collector, "--config", config) //nolint:gosec // the flag's
	var log strings.Builder
	command.Stderr = &log
	begin := time.Now()
	if err := command.Start(); err != nil {
		return 0, err
	}
	select {
	case at := <-arrived:
		took = at.Sub(begin)
	case <-ctx.Done():
		err = fmt.Errorf("no record came: %w", ctx.Err())
	}
	_ = command.Process.Kill()
	_ = command.Wait() // killed: its status says nothing
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, log.String())
	}
	return took, err
}
