package faults

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence/evidencetest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

// evidenceLog is the log of one collector at a time.
type evidenceLog struct {
	directory, origin, keyFile, verifierKey string
	user                                    *collector
}

// witnessed is the evidence logs of a trial, and what the backend stored, as JSON lines.
type witnessed struct {
	logs   []*evidenceLog
	stored string
}

func newWitnessed(t *testing.T, b *backend) witnessed {
	t.Helper()
	w := witnessed{stored: filepath.Join(t.TempDir(), "stored.jsonl")}
	file, err := os.Create(w.stored)
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	b.mu.Lock()
	b.export = file
	b.mu.Unlock()
	return w
}

// free returns a log that no running collector writes.
func (w *witnessed) free(t *trial) *evidenceLog {
	t.Helper()
	for _, log := range w.logs {
		select {
		case <-log.user.Exited:
			return log
		default:
		}
	}
	log := &evidenceLog{origin: fmt.Sprintf("%s-%d", evidencetest.Origin, len(w.logs))}
	log.directory = filepath.Join(t.state, fmt.Sprintf("evidence-%d", len(w.logs)))
	log.keyFile, log.verifierKey = evidencetest.NewKey(t, log.origin)
	w.logs = append(w.logs, log)
	return log
}

// verification is what audit-verify counts.
type verification struct {
	Integrity string
	Counts    struct{ Read, Verified, Altered, Missing, Extra, Refused, Unlogged uint64 }
	Findings  struct {
		Missing []struct{ UID string }
	}
}

// verify holds what is stored against the logs, of which place says where each is now.
func (w *witnessed) verify(t *trial, place func(*evidenceLog) string) (verification, error) {
	t.Helper()
	arguments := []string{"records", "--otlp", w.stored, "--delay", "0s", "--json", "--quiet"}
	for _, log := range w.logs {
		arguments = append(arguments, "--logs", place(log), "--key", log.verifierKey)
	}
	command := exec.CommandContext(t.Context(), filepath.Join(fixtures.Root(t), "build", "audit-verify"), arguments...)
	output, err := command.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 1 { // findings
		err = nil
	}
	if err != nil {
		return verification{}, fmt.Errorf("audit-verify: %w: %s", err, output)
	}
	var v verification
	return v, json.Unmarshal(output, &v)
}

// check expects that every stored record is as it left the collector, and that none is missing.
func (w *witnessed) check(t *trial) {
	t.Helper()
	v, err := w.verify(t, func(log *evidenceLog) string { return log.directory })
	require.NoError(t, err)
	assert.Zero(t, v.Counts.Altered, "altered")
	assert.Zero(t, v.Counts.Extra, "extra: stored, and in no log")
	assert.Zero(t, v.Counts.Unlogged, "left without evidence")
	assert.Zero(t, v.Counts.Missing, "missing: in the log, and not stored: %v", v.Findings.Missing)
	assert.Positive(t, v.Counts.Verified)
	t.evidence = fmt.Sprintf("%d verified", v.Counts.Verified)
	if v.Counts.Refused > 0 {
		t.evidence += fmt.Sprintf(", %d refused", v.Counts.Refused)
	}
}

// checkMounted does so where the directory is on a disk that ends with the collector: of a copy that is made once all is signed.
func (w *witnessed) checkMounted(t *trial, c *collector) {
	t.Helper()
	var v verification
	c.eventually(func() bool {
		copied := t.TempDir()
		for _, log := range w.logs {
			mounted := filepath.Join("/proc", strconv.Itoa(c.PID), "root", log.directory)
			if os.CopyFS(filepath.Join(copied, filepath.Base(log.directory)), os.DirFS(mounted)) != nil { // tiles come and go
				return false
			}
		}
		var err error
		v, err = w.verify(t, func(log *evidenceLog) string { return filepath.Join(copied, filepath.Base(log.directory)) })
		return err == nil && v.Counts.Altered+v.Counts.Extra+v.Counts.Missing == 0 && v.Counts.Verified >= uint64(t.backend.distinct())
	}, "not everything is verified")
	t.evidence = fmt.Sprintf("%d verified", v.Counts.Verified)
}
