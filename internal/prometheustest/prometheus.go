// Package prometheustest runs Prometheus with the rules of deploy/prometheus.
package prometheustest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

// Options of a Prometheus.
type Options struct {
	// Exporters are addresses of prometheus exporters, which count the audit trail; Collectors those of collectors' own metrics.
	Exporters, Collectors []string
	// Speed divides every duration in the rules, so that what takes ten minutes takes ten seconds at 60; 0 is 1.
	Speed int
}

// Server is a running Prometheus. It scrapes and evaluates twice a second.
type Server struct {
	*collectortest.Process
	URL string
}

// Start starts a Prometheus that ends with the test.
func Start(t testing.TB, options Options) *Server {
	t.Helper()
	binary, err := exec.LookPath("prometheus")
	require.NoError(t, err, "install the Debian package prometheus")
	folder := t.TempDir()
	files, err := filepath.Glob(filepath.Join(fixtures.Root(t), "deploy", "prometheus", "*.rules.yml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(filepath.Clean(file))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(folder, filepath.Base(file)), Hasten(text, max(options.Speed, 1)), 0o600))
	}
	targets := func(addresses []string) string {
		text, err := json.Marshal(addresses)
		require.NoError(t, err)
		return string(text)
	}
	configuration := filepath.Join(folder, "prometheus.yml")
	require.NoError(t, os.WriteFile(configuration, fmt.Appendf(nil, `
global: {scrape_interval: 500ms, evaluation_interval: 500ms}
rule_files: ["*.rules.yml"]
scrape_configs:
  - job_name: openstack-audit
    honor_labels: true
    static_configs: [{targets: %s}]
  - job_name: otelcol-openstack-audit
    static_configs: [{targets: %s}]
`, targets(options.Exporters), targets(options.Collectors)), 0o600))
	address := collectortest.FreeAddress(t)
	s := &Server{URL: "http://" + address, Process: collectortest.Start(t, nil, binary,
		"--config.file="+configuration, "--storage.tsdb.path="+filepath.Join(folder, "data"), "--web.listen-address="+address,
		"--log.level=warn")}
	collectortest.Await(t, func() error {
		_, err := collectortest.Get(t.Context(), s.URL+"/-/ready")
		return err
	}, s.Process)
	return s
}

var (
	durations = regexp.MustCompile(`(for: |\[|:|offset )(\d+)([smhd])\b`)
	uptime    = regexp.MustCompile(`(otelcol_process_uptime < )(\d+)`)
)

// Hasten divides the durations in the text of rules by speed.
func Hasten(rules []byte, speed int) []byte {
	rules = durations.ReplaceAllFunc(rules, func(match []byte) []byte {
		parts := durations.FindSubmatch(match)
		count, _ := strconv.Atoi(string(parts[2])) // the expression lets digits alone through
		unit := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[string(parts[3])]
		return fmt.Appendf(nil, "%s%dms", parts[1], max(time.Duration(count)*unit/time.Duration(speed), time.Millisecond).Milliseconds())
	})
	return uptime.ReplaceAllFunc(rules, func(match []byte) []byte {
		parts := uptime.FindSubmatch(match)
		seconds, _ := strconv.ParseFloat(string(parts[2]), 64)
		return fmt.Appendf(nil, "%s%g", parts[1], seconds/float64(speed))
	})
}

// Samples are the values of an instant query by their labels, as "key=value,…" in the order of the keys.
type Samples map[string]float64

// Query runs an instant query.
func (s *Server) Query(ctx context.Context, expression string) (Samples, error) {
	body, err := collectortest.Get(ctx, s.URL+"/api/v1/query?"+url.Values{"query": {expression}}.Encode())
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		return nil, err
	}
	found := Samples{}
	for _, result := range answer.Data.Result {
		text, _ := result.Value[1].(string)
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, err
		}
		found[JoinLabels(result.Metric)] = value
	}
	return found, nil
}

// JoinLabels are labels in the form of the keys of Samples.
func JoinLabels(labels map[string]string) string {
	pairs := make([]string, 0, len(labels))
	for key, value := range labels {
		pairs = append(pairs, key+"="+value)
	}
	sort.Strings(pairs)
	return strings.Join(pairs, ",")
}

// Fired are the names of the alerts that have fired since the start, Firing of those that fire now.
func (s *Server) Fired(ctx context.Context) ([]string, error) {
	return s.names(ctx, `group by (alertname) (count_over_time(ALERTS{alertstate="firing"}[1d]))`)
}

// Firing are the names of the alerts that fire now.
func (s *Server) Firing(ctx context.Context) ([]string, error) {
	return s.names(ctx, `group by (alertname) (ALERTS{alertstate="firing"})`)
}

func (s *Server) names(ctx context.Context, expression string) ([]string, error) {
	found, err := s.Query(ctx, expression)
	names := make([]string, 0, len(found))
	for labels := range found {
		names = append(names, strings.TrimPrefix(labels, "alertname="))
	}
	slices.Sort(names)
	return names, err
}
