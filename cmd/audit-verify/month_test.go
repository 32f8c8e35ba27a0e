package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/canonical"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog/auditlogtest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/exporttest"
)

var monthRecords = flag.Int("month", 100_000, "how many records BenchmarkMonth verifies")

// BenchmarkMonth verifies a month with build/audit-verify. For 10 million records:
//
//	go test -run '^$' -bench Month -benchtime 1x -month 10000000 -timeout 1h ./cmd/audit-verify
func BenchmarkMonth(b *testing.B) {
	binary, err := filepath.Abs("../../build/audit-verify")
	require.NoError(b, err)
	require.FileExists(b, binary, "make build")
	log := newTestLog(b, "audit.example.com/month")
	template := newMonthTemplate(b)
	for i := range *monthRecords {
		log.addEntry(b, template.entry(i))
	}
	log.writer.Sign()
	for _, layout := range layouts {
		b.Run(layout.Name, func(b *testing.B) {
			document := template.export(b, layout.write(b, template.logs)[0])
			for range b.N {
				command := exec.CommandContext(b.Context(), binary, "records", "--logs", log.dir, "--key", log.key, "--"+layout.Name, "-", "--json")
				command.Stderr = os.Stderr
				command.Stdin = document(*monthRecords)
				started := time.Now()
				output, err := command.Output()
				require.NoError(b, err)
				var report recordsReport
				require.NoError(b, json.Unmarshal(output, &report))
				require.Equal(b, *monthRecords, int(report.Counts.Verified))
				b.ReportMetric(time.Since(started).Seconds(), "s")
				b.ReportMetric(float64(command.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)/1024, "MiB")
			}
		})
	}
}

// monthTemplate is a captured record that differs in its uid alone.
type monthTemplate struct {
	logs  plog.Logs
	uid   string
	text  string
	entry func(i int) map[string]string
}

func newMonthTemplate(b *testing.B) *monthTemplate {
	b.Helper()
	t := &monthTemplate{logs: plog.NewLogs()}
	resource := auditlogtest.Captured(b).ResourceLogs().At(0)
	resource.CopyTo(t.logs.ResourceLogs().AppendEmpty())
	first := true
	t.logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().RemoveIf(func(plog.LogRecord) bool {
		defer func() { first = false }()
		return !first
	})
	scope := t.logs.ResourceLogs().At(0).ScopeLogs().At(0)
	form := canonical.NewForm()
	form.Record(resource.Resource(), scope.Scope(), scope.LogRecords().At(0))
	t.uid, t.text = form.Value("log.record.uid"), string(form.Append(nil))
	before, after, _ := strings.Cut(t.text, t.uid)
	members := map[string]string{
		"e": scope.LogRecords().At(0).EventName(), "s": form.Value("service.name"), "t": form.Value(canonical.FieldTime),
	}
	var text []byte
	t.entry = func(i int) map[string]string {
		members["u"] = t.uidOf(i)
		text = append(append(append(text[:0], before...), members["u"]...), after...)
		sum := canonical.Hash(text)
		members["h"] = base64.StdEncoding.EncodeToString(sum[:])
		return members
	}
	return t
}

func (t *monthTemplate) uidOf(i int) string {
	digits := strconv.Itoa(i)
	return t.uid[:len(t.uid)-12] + "000000000000"[len(digits):] + digits
}

// export returns the lines of an export.
func (t *monthTemplate) export(b *testing.B, document exporttest.Document) func(records int) io.Reader {
	b.Helper()
	line, err := json.Marshal(document)
	require.NoError(b, err)
	before, after, _ := bytes.Cut(line, []byte(t.uid))
	b.Logf("a record has %d bytes", len(line))
	return func(records int) io.Reader {
		reader, writer := io.Pipe()
		go func() {
			buffered := bufio.NewWriterSize(writer, 1<<20)
			for i := range records {
				_, _ = fmt.Fprintf(buffered, "%s%s%s\n", before, t.uidOf(i), after)
			}
			_ = writer.CloseWithError(buffered.Flush())
		}()
		return reader
	}
}
