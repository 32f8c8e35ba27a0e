package collectortest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Append writes at the end of a file, which it makes where there is none.
func Append(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Clean(path), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := file.WriteString(text); err != nil {
		return err
	}
	return file.Close()
}

// ReadExported returns what the file exporter wrote to a file, if it is there. A last line that is not whole yet is left out.
func ReadExported(t testing.TB, path string) plog.Logs {
	t.Helper()
	all := plog.NewLogs()
	content, err := os.ReadFile(filepath.Clean(path))
	if !os.IsNotExist(err) {
		require.NoError(t, err)
	}
	for line := range bytes.Lines(content) {
		if line[len(line)-1] != '\n' {
			break
		}
		logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
		require.NoError(t, err)
		logs.ResourceLogs().MoveAndAppendTo(all.ResourceLogs())
	}
	return all
}

// Journal is a folder with a journal of systemd.
type Journal struct {
	Folder string
	at     int // µs
}

// Write writes messages of a unit into the journal of the host ctl01.
func (j *Journal) Write(t testing.TB, unit string, messages ...string) {
	t.Helper()
	var export strings.Builder
	for _, message := range messages {
		j.at += 1000 // a cursor of journalctl goes by the time, too
		fmt.Fprintf(&export, "__REALTIME_TIMESTAMP=%d\n_HOSTNAME=ctl01\n_SYSTEMD_UNIT=%s\nPRIORITY=6\nSYSLOG_IDENTIFIER=keystone\nMESSAGE=%s\n\n",
			1795216984177204+j.at, unit, message)
	}
	const remote = "/usr/lib/systemd/systemd-journal-remote"
	require.FileExists(t, remote, "it writes the journals of tests: install the package systemd-journal-remote")
	command := exec.CommandContext(t.Context(), remote, "-o", filepath.Join(j.Folder, "system.journal"), "-")
	command.Stdin = strings.NewReader(export.String())
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
}
