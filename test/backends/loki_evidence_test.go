//go:build backends

package backends

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/exporttest"
)

// What a real Loki gives back verifies, each change is found by its uid, and audit-verify may ask Loki itself.
func (l loki) testEvidence(t *testing.T) {
	log := evidenceCollector(t, "loki.yaml", "", "exporters: {otlp_http/loki: {headers: {X-Scope-OrgID: "+tenant(t)+"}}}", false,
		"AUDIT_LOKI_ENDPOINT="+l.url+"/otlp")
	from, to := time.Date(2026, 11, 19, 0, 0, 0, 0, time.UTC), time.Now().Add(time.Minute)
	var documents []exporttest.Document
	eventually(t, func() error {
		documents = nil
		var answer lokiAnswer
		if err := l.get(t.Context(), tenant(t), "/loki/api/v1/query_range", url.Values{
			"query": {`{service_namespace="openstack"}`}, "limit": {"5000"}, "direction": {"forward"},
			"start": {strconv.FormatInt(from.UnixNano(), 10)}, "end": {strconv.FormatInt(to.UnixNano(), 10)},
		}, &answer); err != nil {
			return err
		}
		for _, result := range answer.Data.Result {
			for _, value := range result.Values { // as logcli -o jsonl writes it
				at, _ := strconv.ParseInt(value[0].(string), 10, 64)
				labels := exporttest.Document{}
				for name, text := range result.Stream {
					labels[name] = text
				}
				documents = append(documents, exporttest.Document{
					"labels": labels, "line": value[1], "timestamp": time.Unix(0, at).UTC().Format(time.RFC3339Nano),
				})
			}
		}
		if len(documents) <= captures {
			return fmt.Errorf("%d records; want more than %d", len(documents), captures)
		}
		return nil
	}, log.Process, l.process)
	log.Stop(t) // before it exports another checkpoint
	log.requireMutationsFound(t, exporttest.LokiLayout, documents)

	output, err := exec.CommandContext(t.Context(), auditVerify(t), "records", "--logs", log.directory, "--key", log.key, "--json",
		"--loki-url", l.url, "--loki-tenant", tenant(t), "--from", from.Format(time.RFC3339)).Output()
	require.NoError(t, err, "%s", output)
	var report verification
	require.NoError(t, json.Unmarshal(output, &report))
	require.GreaterOrEqual(t, report.Counts.Verified, len(documents))
	require.Equal(t, []string{"intact", "complete"}, []string{report.Integrity, report.Completeness})
}
