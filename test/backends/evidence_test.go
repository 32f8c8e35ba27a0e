package backends

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog/auditlogtest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/exporttest"
)

// evidence is a log that a collector writes.
type evidence struct {
	*collectortest.Collector

	directory, key string
}

// evidenceCollector runs a changed configuration with the evidence log before other processors, and sends it the records of all captures.
func evidenceCollector(t testing.TB, configuration, processors, more string, embed bool, environment ...string) evidence {
	t.Helper()
	folder := t.TempDir()
	e := evidence{directory: filepath.Join(folder, "evidence")}
	keyFile := filepath.Join(folder, "evidence.key")
	output, err := exec.CommandContext(t.Context(), auditVerify(t), "keygen", "--origin", "audit.example.com/test", "--out", keyFile).Output()
	require.NoError(t, err)
	e.key = strings.TrimSpace(string(output))
	endpoint := collectortest.FreeAddress(t)
	change := fmt.Sprintf(`
receivers: {otlp: {protocols: {http: {endpoint: %s}}}}
processors:
  openstack_audit_evidence: {origin: audit.example.com/test, directory: %s, key_file: %s,
    checkpoint_interval: 200ms, export_interval: 5s, embed: %t}
service: {pipelines: {logs: {receivers: [otlp], processors: [openstack_audit_evidence%s]}}}
`, endpoint, e.directory, keyFile, embed, processors)
	e.Collector = collectortest.Run(t, collectortest.Options{
		Config: configuration, Changes: []string{change, more}, Environment: append(environment, "AUDIT_KEYSTONE_URL="),
	})
	e.AwaitReady(t)
	status, err := collectortest.PostLogs(t.Context(), "http://"+endpoint, "", auditlogtest.Captured(t))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	return e
}

// auditVerify is the path of the built program.
func auditVerify(t testing.TB) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(root, "build", "audit-verify"))
	require.NoError(t, err)
	require.FileExists(t, path, "audit-verify is not built: run make build")
	return path
}

// captures is how many records auditlogtest.Captured has.
const captures = 850

// The exporter's own documents, those that the shipped configurations make, and those of the Elastic Common Schema with the embedded text:
// each change is found by its uid, and nothing in documents that nobody changed.
func TestEvidenceInElasticsearch(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, configuration, endpoint, processors, change string
	}{
		{"the exporter's documents", "elasticsearch.yaml", "AUDIT_ELASTICSEARCH_ENDPOINT", ", attributes/id", `
processors: {attributes/id: {actions: [{key: elasticsearch.document_id, from_attribute: log.record.uid, action: insert}]}}
exporters: {elasticsearch: {mapping: {allowed_modes: [otel]}}}`},
		{"elasticsearch.yaml", "elasticsearch.yaml", "AUDIT_ELASTICSEARCH_ENDPOINT", ", transform/elasticsearch", ""},
		{"opensearch.yaml", "opensearch.yaml", "AUDIT_OPENSEARCH_ENDPOINT", ", transform/opensearch", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := newElasticsearch(t)
			e.openSearch = test.configuration == "opensearch.yaml"
			log := evidenceCollector(t, test.configuration, test.processors, test.change, false, test.endpoint+"="+e.URL)
			documents := e.settled(t, log)
			log.requireMutationsFound(t, exporttest.ElasticsearchLayout, documents)
		})
	}
}

// In the Elastic Common Schema the embedded text tells what was logged.
func TestEvidenceInECS(t *testing.T) {
	t.Parallel()
	e := newElasticsearch(t)
	log := evidenceCollector(t, "elasticsearch-ecs.yaml", ", transform/ecs", "", true, "AUDIT_ELASTICSEARCH_ENDPOINT="+e.URL)
	documents := e.settled(t, log)
	report := log.verify(t, 0, "elasticsearch", documents)
	require.Equal(t, len(documents), report.Counts.Verified)
	var changed []exporttest.Document
	want := map[string]int{}
	for i, document := range documents {
		document = maps.Clone(document)
		if i%3 == 0 {
			document["message"] = "nothing happened"
			want[lookup(document, "log.record.uid").(string)]++
		}
		changed = append(changed, document)
	}
	report = log.verify(t, 1, "elasticsearch", changed)
	require.Equal(t, want, report.Findings.Altered.uids())
}

// settled waits for all records and at least one exported checkpoint, stops the collector and returns the documents.
func (e *elasticsearch) settled(t testing.TB, log evidence) (documents []exporttest.Document) {
	t.Helper()
	eventually(t, func() error {
		stored, _, _, err := e.state()
		if err == nil && stored <= captures {
			err = fmt.Errorf("%d documents; want more than %d", stored, captures)
		}
		return err
	}, log.Process)
	log.Stop(t)
	_, _, _, err := e.state()
	require.NoError(t, err)
	for _, document := range e.documents {
		documents = append(documents, document.source)
	}
	return documents
}

// findings are those of a kind.
type findings []struct{ UID string }

func (f findings) uids() map[string]int {
	uids := map[string]int{}
	for _, finding := range f {
		uids[finding.UID]++
	}
	return uids
}

// verification is what audit-verify records --json says.
type verification struct {
	Integrity, Completeness string
	Counts                  struct{ Read, Verified, Repeated, Unreadable int }
	Findings                struct{ Altered, Missing, Extra findings }
}

// verify runs audit-verify records.
func (e evidence) verify(t testing.TB, wantStatus int, format string, documents []exporttest.Document) (report verification) {
	t.Helper()
	var lines bytes.Buffer
	for _, document := range documents {
		require.NoError(t, json.NewEncoder(&lines).Encode(document))
	}
	export := filepath.Join(t.TempDir(), "export.jsonl")
	require.NoError(t, os.WriteFile(export, lines.Bytes(), 0o600))
	command := exec.CommandContext(t.Context(), auditVerify(t), "records", "--logs", e.directory, "--key", e.key, "--"+format, export,
		"--json", "--delay", "0")
	output, err := command.Output()
	if _, exited := errors.AsType[*exec.ExitError](err); !exited {
		require.NoError(t, err)
	}
	require.Equal(t, wantStatus, command.ProcessState.ExitCode(), "%.3000s", output)
	require.NoError(t, json.Unmarshal(output, &report))
	return report
}

func (e evidence) requireMutationsFound(t *testing.T, layout exporttest.Layout, documents []exporttest.Document) {
	t.Helper()
	require.Greater(t, len(documents), captures, "an exported checkpoint too")
	report := e.verify(t, 0, layout.Name, documents)
	require.Equal(t, len(documents), report.Counts.Verified)
	found := 0
	for _, mutation := range exporttest.Mutations() {
		t.Run(mutation.Name, func(t *testing.T) {
			changed, expected := mutation.Mutate(t, layout, documents)
			all := len(expected.Altered) + len(expected.Missing) + len(expected.Extra)
			report := e.verify(t, min(all, 1), layout.Name, changed)
			require.Empty(t, differences(expected.Altered, report.Findings.Altered), "altered")
			require.Empty(t, differences(expected.Missing, report.Findings.Missing), "missing")
			require.Empty(t, differences(expected.Extra, report.Findings.Extra), "extra")
			require.Equal(t, expected.Repeated, report.Counts.Repeated)
			found += all
		})
	}
	t.Logf("%s: %d changes of %d records, each found by its uid", layout.Name, found, len(documents))
}

// differences are at most ten uids that were to be found and were not, or that were found and were not to be.
func differences(want []string, have findings) []string {
	counts := have.uids()
	for _, uid := range want {
		counts[uid]--
	}
	var wrong []string
	for uid, count := range counts {
		if count != 0 && len(wrong) < 10 {
			wrong = append(wrong, fmt.Sprintf("%s %+d", uid, count))
		}
	}
	return wrong
}
