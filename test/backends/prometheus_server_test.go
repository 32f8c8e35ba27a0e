package backends

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// prometheus is a running Prometheus.
type prometheus struct {
	*process
	url string
}

// startPrometheus scrapes the targets twice a second: those of prometheus exporters, then those of collectors themselves.
func startPrometheus(t testing.TB, exporters, collectors []string) prometheus {
	t.Helper()
	binary := lookPath(t, "prometheus", "prometheus")
	folder := t.TempDir()
	rules, err := filepath.Abs(filepath.Join(root, "deploy", "prometheus", "*.rules.yml"))
	require.NoError(t, err)
	targets := func(addresses []string) string {
		text, err := json.Marshal(addresses)
		require.NoError(t, err)
		return string(text)
	}
	configuration := filepath.Join(folder, "prometheus.yml")
	require.NoError(t, os.WriteFile(configuration, fmt.Appendf(nil, `
global: {scrape_interval: 500ms, evaluation_interval: 500ms}
rule_files: [%q]
scrape_configs:
  - job_name: openstack-audit
    honor_labels: true
    static_configs: [{targets: %s}]
  - job_name: otelcol-openstack-audit
    static_configs: [{targets: %s}]
`, rules, targets(exporters), targets(collectors)), 0o600))
	address := collectortest.FreeAddress(t)
	p := prometheus{url: "http://" + address, process: collectortest.Start(t, nil, binary,
		"--config.file="+configuration, "--storage.tsdb.path="+filepath.Join(folder, "data"), "--web.listen-address="+address, "--log.level=warn")}
	eventually(t, func() error {
		_, err := get(t.Context(), p.url+"/-/ready", nil)
		return err
	}, p.process)
	return p
}

// samples are the values of an instant query by their labels, as "key=value,…" in the order of the keys.
type samples map[string]float64

func (p prometheus) query(ctx context.Context, expression string) (samples, error) {
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	if err := getJSON(ctx, p.url+"/api/v1/query", url.Values{"query": {expression}}, &answer); err != nil {
		return nil, err
	}
	found := samples{}
	for _, result := range answer.Data.Result {
		text, _ := result.Value[1].(string)
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, err
		}
		found[joinLabels(result.Metric)] = value
	}
	return found, nil
}

func joinLabels(labels map[string]string) string {
	pairs := make([]string, 0, len(labels))
	for key, value := range labels {
		pairs = append(pairs, key+"="+value)
	}
	sort.Strings(pairs)
	return strings.Join(pairs, ",")
}

// wait polls until the query has the samples that are wanted, no more and no less.
func (p prometheus) wait(t testing.TB, expression string, want samples, processes ...*process) {
	t.Helper()
	eventually(t, func() error {
		got, err := p.query(t.Context(), expression)
		if err != nil {
			return err
		}
		if fmt.Sprint(got) != fmt.Sprint(want) { // fmt sorts keys
			return fmt.Errorf("%s\n got %v\nwant %v", expression, got, want)
		}
		return nil
	}, append(processes, p.process)...)
}
