package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
	"go.yaml.in/yaml/v3"
	"golang.org/x/mod/sumdb/note"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/freeport"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
)

// shipped is a file of a folder config/, and the collector that runs it.
type shipped struct {
	collector, path string
	text            string
	// batches are in flight at the same time; 0: as many as the file says.
	batches int
	// parsed are the parts of it that the bench changes.
	parsed struct {
		Receivers map[string]struct {
			RabbitMQ map[string]any
			Listen   map[string]any
		}
		Service struct{ Extensions []string }
	}
}

func readShipped(collector, path string) (*shipped, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := &shipped{collector: collector, path: path, text: string(text)}
	if err := yaml.Unmarshal(text, &s.parsed); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// backends are the variables with the addresses of those to which each record goes, and what follows the sink's address in them.
var backends = map[string]string{
	"AUDIT_OTLP_ENDPOINT": "", "AUDIT_LOKI_ENDPOINT": "/otlp", "AUDIT_ELASTICSEARCH_ENDPOINT": "", "AUDIT_OPENSEARCH_ENDPOINT": "",
}

// copies is how many backends get each record.
func (s *shipped) copies() int {
	count := 0
	for variable := range backends {
		if strings.Contains(s.text, variable) {
			count++
		}
	}
	return count
}

// asksKeystone reports whether names are added unless somebody says otherwise.
func (s *shipped) asksKeystone() bool {
	return strings.Contains(s.text, "keystone_attributes:") && !strings.Contains(s.text, "{env:AUDIT_KEYSTONE_URL:-}")
}

// queues are the queues of its receivers, of which each gets every message.
func (s *shipped) queues() map[string]string {
	queues := map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(s.parsed.Receivers)) {
		if s.parsed.Receivers[id].RabbitMQ != nil {
			queues[id] = fmt.Sprintf("bench.whole.%d", len(queues))
		}
	}
	return queues
}

// listens reports whether events are published straight to it.
func (s *shipped) listens() bool {
	for _, receiver := range s.parsed.Receivers {
		if receiver.Listen != nil {
			return true
		}
	}
	return false
}

// readsPods reports whether it reads the logs of containers.
func (s *shipped) readsPods() bool { return strings.Contains(s.text, "AUDIT_POD_LOGS") }

// change is what the bench adds to the configuration: names of queues, and a profile where it is asked for.
func (s *shipped) change(profile string) ([]byte, error) {
	receivers := map[string]any{}
	for id, queue := range s.queues() {
		rabbitmq := map[string]any{"queue": map[string]any{"name": queue, "mode": "existing"}}
		if s.batches > 0 {
			const batchSize = 500 // the receiver's default
			rabbitmq["batches_in_flight"], rabbitmq["prefetch"] = s.batches, (s.batches+2)*batchSize
		}
		receivers[id] = map[string]any{"rabbitmq": rabbitmq}
	}
	change := map[string]any{"receivers": receivers}
	if profile != "" {
		ports, err := freeport.Find(1)
		if err != nil {
			return nil, err
		}
		change["extensions"] = map[string]any{"pprof": map[string]any{
			"endpoint": fmt.Sprintf("127.0.0.1:%d", ports[0]), "save_to_file": profile,
		}}
		change["service"] = map[string]any{"extensions": append(slices.Clone(s.parsed.Service.Extensions), "pprof")}
	}
	return yaml.Marshal(change)
}

// podFolder is named as that of a container's log.
const podFolder = "openstack_keystone-api-0_c2f1b0de-52cc-4a4f-9f62-1f3d0d1b1b5c/keystone-api"

// listenPassword is what the publisher says to listen.yaml.
const listenPassword = "bench"

// environment has the values of all variables of the configurations.
func (s *shipped) environment(w *whole, folder string) (environment []string, listen string, err error) {
	key, _, err := note.GenerateKey(rand.Reader, "bench")
	if err != nil {
		return nil, "", err
	}
	keyFile := filepath.Join(folder, "evidence.key")
	if err := os.WriteFile(keyFile, []byte(key), 0o600); err != nil {
		return nil, "", err
	}
	ports, err := freeport.Find(5)
	if err != nil {
		return nil, "", err
	}
	address := func(i int) string { return fmt.Sprintf("127.0.0.1:%d", ports[i]) }
	environment = []string{
		"GOGC=" + strconv.Itoa(w.wholeGOGC),
		"AUDIT_TRANSPORT_URL=" + strings.Replace(w.node.URL(), "amqp://", "rabbit://", 1),
		"AUDIT_STATE=" + filepath.Join(folder, "state"), "AUDIT_EVIDENCE_ORIGIN=bench", "AUDIT_EVIDENCE_KEY=" + keyFile,
		"AUDIT_METRICS_PORT=" + strconv.Itoa(ports[0]), "AUDIT_HEALTH_ENDPOINT=" + address(1), "AUDIT_PROMETHEUS_ENDPOINT=" + address(2),
		"AUDIT_LISTEN_ENDPOINT=" + address(3), "AUDIT_LISTEN_PASSWORD=" + listenPassword, "AUDIT_NAMES_ENDPOINT=" + address(4),
		"AUDIT_POD_LOGS=" + filepath.Join(folder, podFolder, "*.log"), "AUDIT_KEYSTONE_URL=",
		"AUDIT_KEYSTONE_USER=" + keystonetest.Username, "AUDIT_KEYSTONE_PASSWORD=" + keystonetest.Password,
	}
	if s.asksKeystone() {
		environment = append(environment, "AUDIT_KEYSTONE_URL="+w.keystone.URL)
	}
	for variable, path := range backends {
		environment = append(environment, variable+"="+w.sink.url+path)
	}
	return environment, address(3), nil
}

// start starts the collector. Where a profile is asked for, the collector writes it when it ends.
func (s *shipped) start(ctx context.Context, w *whole, folder, profile string) (*running, error) {
	environment, listen, err := s.environment(w, folder)
	if err != nil {
		return nil, err
	}
	text, err := s.change(profile)
	if err != nil {
		return nil, err
	}
	change := filepath.Join(folder, "change.yaml")
	if err := os.WriteFile(change, text, 0o600); err != nil {
		return nil, err
	}
	r := &running{channel: w.channel, queues: slices.Collect(maps.Values(s.queues())), copies: s.copies()}
	for _, queue := range r.queues {
		if err := w.empty(queue); err != nil {
			return nil, err
		}
	}
	if s.readsPods() {
		r.file = filepath.Join(folder, podFolder, "0.log")
		r.queues = []string{"file"}
		if err := os.MkdirAll(filepath.Dir(r.file), 0o700); err != nil {
			return nil, err
		}
	}
	if err := r.start(ctx, environment, s.collector, "--feature-gates=+extension.healthcheck.useComponentStatus", "--config", s.path,
		"--config", change); err != nil {
		return nil, err
	}
	if s.listens() {
		err = r.connect(ctx, "amqp://keystone:"+listenPassword+"@"+listen+"/")
	}
	if err != nil {
		return nil, errors.Join(err, r.stop())
	}
	return r, nil
}

// connect has messages published straight to the collector, which has to run then, once it listens.
func (r *running) connect(ctx context.Context, url string) error {
	var connection *amqp.Connection
	err := r.until(ctx, func() (err error) {
		connection, err = amqp.Dial(url)
		return err
	})
	if err != nil {
		return err
	}
	if r.channel, err = connection.Channel(); err != nil {
		return err
	}
	r.live, r.queues = true, []string{"notifications.info"}
	return r.channel.Confirm(false)
}
