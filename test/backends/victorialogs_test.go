//go:build backends

package backends

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// victoriaLogs is a running VictoriaLogs.
type victoriaLogs struct {
	*process
	url string
}

// startVictoriaLogs runs one without data, which keeps it as long as docs/victorialogs.md says.
func startVictoriaLogs(t testing.TB) victoriaLogs {
	t.Helper()
	address := collectortest.FreeAddress(t)
	v := victoriaLogs{url: "http://" + address}
	v.process = collectortest.Start(t, nil, backendBinary(t, "victoria-logs"),
		"-httpListenAddr="+address, "-storageDataPath="+t.TempDir(), "-retentionPeriod=1y")
	t.Cleanup(v.Kill)
	eventually(t, func() error {
		_, err := collectortest.Get(t.Context(), v.url+"/health")
		return err
	}, v.process)
	return v
}

// query returns the records that a query in LogsQL finds.
func (v victoriaLogs) query(ctx context.Context, query string) (records []object, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet,
		v.url+"/select/logsql/query?"+url.Values{"query": {query}, "limit": {"100000"}}.Encode(), http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		if response.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s: %s", response.Status, lines.Text())
		}
		var record object
		if err := json.Unmarshal(lines.Bytes(), &record); err != nil {
			return nil, err
		}
		records = append(records, record)
	}
	return records, lines.Err()
}

// has polls until a query finds as many records.
func (v victoriaLogs) has(t testing.TB, query string, want int, c *process) (records []object) {
	t.Helper()
	eventually(t, func() (err error) {
		records, err = v.query(t.Context(), query)
		if err == nil && len(records) != want {
			err = fmt.Errorf("%s: %d records, want %d", query, len(records), want)
		}
		return err
	}, c, v.process)
	return records
}

// Each way that docs/victorialogs.md shows stores every event of real services with its own time, and a repeated message twice.
func TestVictoriaLogs(t *testing.T) {
	t.Parallel()
	v := startVictoriaLogs(t)
	bodies, want := captured(t)
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(page(t, "victorialogs.md"), -1)
	require.Len(t, examples, 2)
	for i, test := range []struct{ configuration, variable, path, uid, attribute string }{
		{"loki.yaml", "AUDIT_LOKI_ENDPOINT", "/insert/opentelemetry", "log.record.uid", ""},
		{"elasticsearch.yaml", "AUDIT_ELASTICSEARCH_ENDPOINT", "/insert/elasticsearch", "attributes.log.record.uid", "attributes."},
	} {
		t.Run(test.configuration, func(t *testing.T) {
			url, environment := broker(t)
			change := filepath.Join(t.TempDir(), "victorialogs.yaml")
			require.NoError(t, os.WriteFile(change, []byte(examples[i][1]), 0o600))
			c := consuming(t, test.configuration, append(environment, "AUDIT_KEYSTONE_URL=", test.variable+"="+v.url+test.path), "--config", change)
			send(t, url, bodies...)
			all := fmt.Sprintf(`%q:*`, test.uid)
			for _, record := range v.has(t, all, want.messages, c.Process) {
				uid, _ := record[test.uid].(string)
				attributes, ok := want.records[uid]
				require.True(t, ok, "%v", record)
				require.NotEmpty(t, record["_msg"])
				if name, ok := attributes["user.name"]; ok {
					require.Equal(t, name, record[test.attribute+"user.name"])
				}
			}
			send(t, url, bodies...)
			v.has(t, all, 2*want.messages, c.Process)
			v.has(t, all+fmt.Sprintf(` | first 1 by (_time) partition by (%q)`, test.uid), len(want.records), c.Process)
			require.NotContains(t, c.Log.String(), "refuses zstd")
			c.Stop(t)
		})
	}
}

// A record that is older than the retention is dropped, and VictoriaLogs says that it stored it.
func TestVictoriaLogsDropsWhatIsTooOld(t *testing.T) {
	t.Parallel()
	v := startVictoriaLogs(t)
	url, environment := broker(t)
	c := consuming(t, "loki.yaml", append(environment, "AUDIT_KEYSTONE_URL=", "AUDIT_LOKI_ENDPOINT="+v.url+"/insert/opentelemetry"))
	send(t, url, login(time.Now().AddDate(-1, 0, -2), alice, "failure"), login(time.Now(), bob, "failure"))
	v.has(t, `*`, 1, c.Process)
	eventually(t, func() error {
		if sent := c.Metric(t.Context(), "otelcol_exporter_sent_log_records"); sent != 2 {
			return fmt.Errorf("%g records sent", sent)
		}
		return nil
	}, c.Process, v.process)
	metrics, err := collectortest.Get(t.Context(), v.url+"/metrics")
	require.NoError(t, err)
	require.Contains(t, metrics, `vl_rows_dropped_total{reason="too_small_timestamp"} 1`)
	require.Contains(t, page(t, "victorialogs.md"), "vl_rows_dropped_total")
	c.Stop(t)
}

var logsqlBlock = regexp.MustCompile("(?s)```logsql\n(.*?)\n```")

// The queries of docs/victorialogs.md, in their order, and what they find in the story.
func TestVictoriaLogsQueries(t *testing.T) {
	t.Parallel()
	v := startVictoriaLogs(t)
	url, environment := broker(t)
	c := consuming(t, "loki.yaml", append(append(environment, keystone(t)...), "AUDIT_LOKI_ENDPOINT="+v.url+"/insert/opentelemetry"))
	send(t, url, story(time.Now())...)
	v.has(t, `*`, storyRecords, c.Process)
	blocks := logsqlBlock.FindAllStringSubmatch(page(t, "victorialogs.md"), -1)
	want := []struct {
		records int
		message string
	}{
		{1, "bob deleted project demo from 192.0.2.8: success"},
		{12, "login of eve from 198.51.100.23: failure (invalid_credentials)"},
		{1 + 2 + 2 + 16, "alice updated user bob from 192.0.2.7: success"},
		{9 + 6, "login of guess-0 from 203.0.113.9: failure (user_not_found)"},
		{1, "admin granted role admin to user bob on project demo from 10.0.0.5: success"},
		{5, ""},
		{2, "bob tried to create server dd8448cd-7770-45ff-8097-d3a0296ff918 from 192.0.2.8: failure (403)"},
	}
	require.Len(t, blocks, len(want))
	for i, block := range blocks {
		records := v.has(t, block[1], want[i].records, c.Process)
		if want[i].message != "" {
			require.True(t, slices.ContainsFunc(records, func(r object) bool { return r["_msg"] == want[i].message }), "%s: %v", block[1], records)
		}
	}
	c.Stop(t)
}

// page is a page of docs/.
func page(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", filepath.Clean(name)))
	require.NoError(t, err)
	return string(text)
}
