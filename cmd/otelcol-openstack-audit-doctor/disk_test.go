package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence/evidencetest"
)

// storage is a configuration with an exporter whose queue is in this directory.
func storage(directory, size string) string {
	return exporter("otlp_http",
		`{endpoint: "http://127.0.0.1:1", sending_queue: {storage: file_storage, sizer: bytes, queue_size: `+size+`}}`,
		"file_storage: {directory: "+directory+", create_directory: true}") + "  extensions: [file_storage]\n"
}

func TestStorage(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	r := check(t, storage(folder, "1000"))
	requireFinding(t, r.one(t, "disk.storage"), statusOK, "on the disk after")
	requireFinding(t, r.one(t, "disk.space"), statusOK, "GiB are free")
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Empty(t, left)
	requireFinding(t, check(t, storage(folder, "9000000000000000")).one(t, "disk.space"), statusWarning, "queue_size")

	requireFinding(t, check(t, storage(folder+"/a/b", "1000")).one(t, "disk.storage"), statusOK, "The collector will create it")
	require.NoDirExists(t, folder+"/a")
	require.NoError(t, os.WriteFile(folder+"/file", nil, 0o600))
	requireFinding(t, check(t, storage(folder+"/file/a", "1000")).one(t, "disk.storage"), statusFailure, "not a directory", "install -d")
	requireFinding(t, check(t, storage(folder+"/file", "1000")).one(t, "disk.storage"), statusFailure, "is no directory")
	requireFinding(t, check(t, storage("/proc/self", "1000")).one(t, "disk.storage"), statusFailure, "cannot be written to")
}

func TestEvidenceKey(t *testing.T) {
	t.Parallel()
	path, _ := evidencetest.NewKey(t, evidencetest.Origin)
	config := func(path, origin string) string {
		return `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:0"}}}}
processors:
  openstack_audit_evidence: {origin: ` + origin + `, directory: ` + filepath.Join(t.TempDir(), "evidence") + `, key_file: ` + path + `}
exporters: {debug: }
service: {pipelines: {logs: {receivers: [otlp], processors: [openstack_audit_evidence], exporters: [debug]}}}
`
	}
	requireFinding(t, check(t, config(path, evidencetest.Origin)).one(t, "disk.evidence_key"), statusOK, "and for "+evidencetest.Origin)
	requireFinding(t, check(t, config(path, "another.example.com/log")).one(t, "disk.evidence_key"), statusFailure, "origin is another")
	require.NoError(t, os.Chmod(path, 0o644))
	requireFinding(t, check(t, config(path, evidencetest.Origin)).one(t, "disk.evidence_key"), statusFailure, "lets others read the key")
	requireFinding(t, check(t, config(path+".none", evidencetest.Origin)).one(t, "disk.evidence_key"), statusFailure, "audit-verify keygen")
}

func TestClock(t *testing.T) {
	t.Parallel()
	require.Len(t, check(t, storage(t.TempDir(), "1000")).all("clock.synchronised"), 1)
}
