package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

// The spool of a Keystone in Rust, also after a restart of Keystone, which empties the file and writes what it had again.
func TestKeystoneRS(t *testing.T) {
	folder := t.TempDir()
	spool := filepath.Join(folder, "audit-spool-keystone-node-1.jsonl")
	lines := fixtures.Lines(t, "signed/spool.jsonl")
	write(t, spool, strings.Join(lines, "\n")+"\n")
	b := newBackend(t)
	c := start(t, "keystone-rs.yaml",
		"AUDIT_SPOOL_FILES="+filepath.Join(folder, "audit-spool-*.jsonl*"),
		// That of testdata/signed/sign.py.
		"AUDIT_KEYSTONE_KEK=746573742d6b656b2d33322d62797465732d3031323334353637383961626364",
		"AUDIT_OTLP_ENDPOINT="+b.URL,
		"AUDIT_STATE="+filepath.Join(folder, "state"))
	c.Eventually(t, func() bool { return b.Count() == len(lines) }, "not all events arrive")
	require.NoError(t, os.Truncate(spool, 0))
	altered := strings.Replace(strings.ReplaceAll(lines[4], "000000000004", "000000000099"), `"create"`, `"update"`, 1)
	write(t, spool, strings.Join(append(lines, altered), "\n")+"\n")
	c.Eventually(t, func() bool { return len(verdicts(b)) > len(lines) }, "the altered event does not arrive")
	c.Stop(t)

	want := map[string]string{"keystone-node-1:00000000-0000-4000-8000-000000000099": "bad"}
	for i := range lines {
		want[fmt.Sprintf("keystone-node-1:00000000-0000-4000-8000-%012d", i)] = "verified"
	}
	assert.Equal(t, want, verdicts(b), "what comes again has the same ids")
}

// verdicts are what came of checking signatures, by the ids of the records.
func verdicts(b backend) map[string]string {
	all := map[string]string{}
	for record := range audit.Records(b.Logs()) {
		uid, _ := record.Attributes().Get(audit.AttrRecordUID)
		verdict, _ := record.Attributes().Get(audit.AttrSignature)
		all[uid.Str()] = verdict.Str()
	}
	return all
}
