//go:build backends || pictures

package backends

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/prometheustest"
)

// loki is a running Loki. Each test has a tenant of its own.
type loki struct {
	*process
	url   string
	rules string
}

const lokiConfiguration = `
auth_enabled: true
server: {http_listen_address: 127.0.0.1, http_listen_port: %s, grpc_listen_address: 127.0.0.1, grpc_listen_port: %s, log_level: warn}
common:
  instance_addr: 127.0.0.1
  path_prefix: %s
  replication_factor: 1
  ring: {kvstore: {store: inmemory}}
  storage: {filesystem: {chunks_directory: %[3]s/chunks, rules_directory: %[3]s/unused}}
schema_config:
  configs: [{from: "2024-01-01", store: tsdb, object_store: filesystem, schema: v13, index: {prefix: index_, period: 24h}}]
ruler:
  storage: {type: local, local: {directory: %[3]s/rules}}
  rule_path: %[3]s/rules-temporary
  ring: {kvstore: {store: inmemory}}
  enable_api: true
  evaluation_interval: 1s
  poll_interval: 1s
querier: {query_ingesters_within: 0s} # what a test sends late is not flushed yet
analytics: {reporting_enabled: false}
`

// startLoki runs Loki with the limits of deploy/loki.
func startLoki(t testing.TB) loki {
	t.Helper()
	binary := backendBinary(t, "loki")
	folder := t.TempDir()
	addresses := collectortest.FreeAddresses(t, 2)
	var settings map[string]any
	text := fmt.Sprintf(lokiConfiguration, collectortest.Port(t, addresses[0]), collectortest.Port(t, addresses[1]), folder)
	require.NoError(t, yaml.Unmarshal([]byte(text), &settings))
	limits, err := os.ReadFile(filepath.Join(root, "deploy", "loki", "limits.yaml"))
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(limits, &settings))
	// The captures in testdata/ grow older: they are taken, and found before they are flushed.
	settings["limits_config"].(map[string]any)["reject_old_samples"] = false
	settings["ingester"].(map[string]any)["query_store_max_look_back_period"] = "-1ns"
	configuration, err := yaml.Marshal(settings)
	require.NoError(t, err)
	path := filepath.Join(folder, "loki.yaml")
	require.NoError(t, os.WriteFile(path, configuration, 0o600))
	l := loki{
		process: collectortest.Start(t, nil, binary, "-config.file="+path),
		url:     "http://" + addresses[0],
		rules:   filepath.Join(folder, "rules"),
	}
	eventually(t, func() error {
		_, err := collectortest.Get(t.Context(), l.url+"/ready")
		return err
	}, l.process)
	return l
}

// tenant is what the headers of requests to Loki say.
func tenant(t testing.TB) string {
	return strings.NewReplacer("/", "-", "_", "-", ",", "", ";", "", "'", "").Replace(t.Name())
}

// stream is what a query of logs gives for one set of labels.
type stream struct {
	labels map[string]string
	lines  []string
}

func (l loki) get(ctx context.Context, tenant, path string, query url.Values, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, l.url+path+"?"+query.Encode(), http.NoBody)
	if err != nil {
		return err
	}
	request.Header.Set("X-Scope-OrgID", tenant)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", response.Status, body)
	}
	return json.Unmarshal(body, into)
}

type lokiAnswer struct {
	Data struct {
		ResultType string
		Result     []struct {
			Stream map[string]string
			Values [][]any
			Metric map[string]string
			Value  []any
		}
	}
}

// logs runs a query of logs over the time from since to now, newest first.
func (l loki) logs(ctx context.Context, tenant, expression string, since time.Time) (streams []stream, lines int, err error) {
	var answer lokiAnswer
	end := time.Now().Add(time.Minute)
	if month := since.Add(29 * 24 * time.Hour); end.After(month) { // Loki's max_query_length
		end = month
	}
	err = l.get(ctx, tenant, "/loki/api/v1/query_range", url.Values{
		"query": {expression}, "limit": {"5000"}, "start": {strconv.FormatInt(since.UnixNano(), 10)},
		"end": {strconv.FormatInt(end.UnixNano(), 10)},
	}, &answer)
	for _, result := range answer.Data.Result {
		s := stream{labels: result.Stream}
		for _, value := range result.Values {
			line, _ := value[1].(string)
			s.lines = append(s.lines, line)
			lines++
		}
		streams = append(streams, s)
	}
	return streams, lines, err
}

// query runs a query of metrics now.
func (l loki) query(ctx context.Context, tenant, expression string) (samples, error) {
	var answer lokiAnswer
	if err := l.get(ctx, tenant, "/loki/api/v1/query", url.Values{"query": {expression}}, &answer); err != nil {
		return nil, err
	}
	if answer.Data.ResultType != "vector" {
		return nil, fmt.Errorf("%s gives a %s", expression, answer.Data.ResultType)
	}
	found := samples{}
	for _, result := range answer.Data.Result {
		text, _ := result.Value[1].(string)
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, err
		}
		found[prometheustest.JoinLabels(result.Metric)] = value
	}
	return found, nil
}

// wait polls until a query of logs gives as many lines.
func (l loki) wait(t testing.TB, expression string, since time.Time, want int, processes ...*process) []stream {
	t.Helper()
	var found []stream
	eventually(t, func() error {
		streams, lines, err := l.logs(t.Context(), tenant(t), expression, since)
		if err == nil && lines != want {
			err = fmt.Errorf("%s: %d lines, want %d", expression, lines, want)
		}
		found = streams
		return err
	}, append(processes, l.process)...)
	return found
}
