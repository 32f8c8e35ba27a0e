package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/freeport"
)

// The shipped configurations whose rates are compared, each with the built collector, a queue on disk and a backend that accepts all.
const (
	oursDurable  = "ours, durable.yaml"
	oursEvidence = "ours, evidence.yaml"
)

// shipped runs the built collector with a configuration of config/, and measures it from outside, from a tenth of the messages
// acknowledged to none left.
func shipped(file string) func(context.Context, *bench, *contestant, int) (result, error) {
	return func(ctx context.Context, b *bench, c *contestant, gogc int) (r result, err error) {
		folder, err := os.MkdirTemp("", "bench-")
		if err != nil {
			return result{}, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
		backend := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		defer backend.Close()
		environment, err := shippedEnvironment(b, folder, backend.URL)
		if err != nil {
			return result{}, err
		}
		change := filepath.Join(folder, "change.yaml")
		text := fmt.Sprintf("receivers: {openstack_audit: {rabbitmq: {queue: {name: %s, mode: existing}}}}\n", c.queue)
		if err := os.WriteFile(change, []byte(text), 0o600); err != nil {
			return result{}, err
		}
		ctx, cancel := context.WithTimeout(ctx, runTimeout)
		defer cancel()
		command := exec.CommandContext(ctx, b.collector, "--feature-gates=+extension.healthcheck.useComponentStatus", //nolint:gosec // the flag's
			"--config", filepath.Join("config", file), "--config", change)
		command.Env = append(append(os.Environ(), "GOGC="+strconv.Itoa(gogc)), environment...)
		if err := command.Start(); err != nil {
			return result{}, err
		}
		defer func() {
			_ = command.Process.Kill()
			_ = command.Wait() // killed: its status says nothing
		}()
		return b.watch(ctx, command.Process.Pid, c)
	}
}

func shippedEnvironment(b *bench, folder, backend string) ([]string, error) {
	key, _, err := note.GenerateKey(rand.Reader, "bench")
	if err != nil {
		return nil, err
	}
	keyFile := filepath.Join(folder, "evidence.key")
	if err := os.WriteFile(keyFile, []byte(key), 0o600); err != nil {
		return nil, err
	}
	ports, err := freeport.Find(2)
	if err != nil {
		return nil, err
	}
	return []string{
		"AUDIT_TRANSPORT_URL=" + strings.Replace(b.node.URL(), "amqp://", "rabbit://", 1), "AUDIT_OTLP_ENDPOINT=" + backend,
		"AUDIT_STATE=" + filepath.Join(folder, "state"), "AUDIT_EVIDENCE_ORIGIN=bench", "AUDIT_EVIDENCE_KEY=" + keyFile,
		"AUDIT_METRICS_PORT=" + strconv.Itoa(ports[0]), fmt.Sprintf("AUDIT_HEALTH_ENDPOINT=127.0.0.1:%d", ports[1]), "AUDIT_KEYSTONE_URL=",
	}, nil
}
