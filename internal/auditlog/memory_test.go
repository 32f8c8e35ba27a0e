// The race detector keeps twice the memory beside: make test runs this file without it too.

//go:build !race

package auditlog_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo/oslotest"
)

// bzip2Numbers is a megabyte of "0,", as Python's bz2 compresses it; Go has no writer. Streams may follow each other.
const bzip2Numbers = "QlpoOTFBWSZTWYLBHzcDbuMYAAAEQAAgADCATUYVCETRUIROYoKyTKaz0pTHdgEiOTAAAAiAAEAAYQBSNFQhGSoQji7kinChIdmQu6g="

// bzip2Stored compresses a text without a compressor of ours: Python's is there wherever OpenStack is.
func bzip2Stored(t testing.TB, text string) []byte {
	t.Helper()
	command := exec.CommandContext(t.Context(), "python3", "-c",
		"import bz2, sys; sys.stdout.buffer.write(bz2.compress(sys.stdin.buffer.read()))")
	command.Stdin = strings.NewReader(text)
	compressed, err := command.Output()
	require.NoError(t, err)
	return compressed
}

// largeBodies are messages of any content, by name; each is made when it is asked for.
func largeBodies(t testing.TB) map[string]func() []byte {
	const (
		mib   = 1 << 20
		large = 16 * mib
		huge  = 127 * mib
	)
	bodies := map[string]func() []byte{}
	packed := func(to func(io.Writer) io.WriteCloser, junk oslotest.Junk, bytesOf int) func() []byte {
		return func() []byte {
			var b bytes.Buffer
			w := to(&b)
			_, err := io.WriteString(w, oslotest.Enveloped(oslotest.Message("m1", "event", 3, junk.Member(bytesOf))))
			require.NoError(t, err)
			require.NoError(t, w.Close())
			return b.Bytes()
		}
	}
	for _, j := range oslotest.Junks() {
		bodies["16 MiB, "+j.Name] = func() []byte { return []byte(oslotest.Message("m1", "message", 0, j.Member(large))) }
		bodies["1 MiB, "+j.Name] = func() []byte { return []byte(oslotest.Message("m1", "event", 5, j.Member(mib-64<<10))) }
		bodies["16 MiB, v2, "+j.Name] = func() []byte {
			return []byte(oslotest.Enveloped(oslotest.Message("m1", "initiator", 2, j.Member(large/2))))
		}
	}
	for _, j := range oslotest.Junks()[:4] {
		bodies["16 MiB, zlib, "+j.Name] = packed(func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }, j, large)
	}
	for _, j := range []oslotest.Junk{oslotest.Junks()[0], oslotest.Junks()[3], oslotest.Junks()[6], oslotest.Junks()[8]} {
		message := func() string { return oslotest.Message("m1", "event", 3, j.Member(large)) }
		const header = "2026-11-20 23:08:19.123 42 INFO "
		bodies["line, plain, "+j.Name] = func() []byte { return []byte(header + "oslo.messaging.notification.x [-] " + message()) }
		bodies["line, Python, "+j.Name] = func() []byte {
			text := strings.ReplaceAll(message(), "null", "None")
			return []byte(header + "oslo_messaging.notify.messaging [-] Could not send notification to x. Payload=" + text)
		}
		bodies["line, record, "+j.Name] = func() []byte {
			record := strings.Replace(oslotest.Enveloped(message()), `"oslo.version": "2.0", "oslo.message"`,
				`"name": "oslo.messaging.notification.x", "funcname": "f", "message"`, 1)
			return []byte(strings.Replace(oslotest.Enveloped(record+" "), `"oslo.version": "2.0", "oslo.message"`, `"stream": "stdout", "log"`, 1))
		}
	}
	numbers := oslotest.Junks()[0]
	bodies["128 MiB, numbers"] = func() []byte { return []byte(oslotest.Message("m1", "event", 0, numbers.Member(huge))) }
	bodies["128 MiB, gzip, numbers"] = packed(func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }, numbers, huge)
	bodies["64 MiB, bzip2, numbers"] = func() []byte {
		part, err := base64.StdEncoding.DecodeString(bzip2Numbers)
		require.NoError(t, err)
		begin, end, _ := strings.Cut(oslotest.Message("m1", "event", 0, `"junk": [0]`), "[0]")
		return append(append(bzip2Stored(t, begin+"["), bytes.Repeat(part, 64)...), bzip2Stored(t, "0]"+end)...)
	}
	return bodies
}

const memoryCase = "AUDITLOG_MEMORY_CASE"

// A message of any content takes little more memory than its bytes, until its record is made. Each is read in a process of its own,
// whose peak the kernel tells.
func TestMemoryOfAMessage(t *testing.T) {
	if name := os.Getenv(memoryCase); name != "" {
		measureMessage(t, largeBodies(t)[name](), strings.HasPrefix(name, "line"))
		return
	}
	for name := range largeBodies(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestMemoryOfAMessage$", "-test.v")
			command.Env = append(os.Environ(), memoryCase+"="+name, "GOGC=10", "GOMEMLIMIT=off")
			output, err := command.CombinedOutput()
			require.NoError(t, err, string(output))
			var body, took int
			_, err = fmt.Sscanf(regexp.MustCompile(`body \d+ took -?\d+`).FindString(string(output)), "body %d took %d", &body, &took)
			require.NoError(t, err, string(output))
			t.Logf("a body of %d KiB took %d KiB besides", body>>10, took>>10)
			if strings.HasPrefix(name, "line") { // a record's text is unescaped as a whole, out of each record around it
				assert.Less(t, took, 3*body+16<<20)
			} else {
				assert.Less(t, took, 8<<20)
			}
		})
	}
}

func measureMessage(t *testing.T, body []byte, line bool) {
	t.Helper()
	debug.FreeOSMemory()
	require.NoError(t, os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)) // the peak begins anew
	before := status(t, "VmRSS")
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "")
	var record auditlog.Record
	if line {
		n, err := oslo.LineReader{}.ReadText(unsafe.String(&body[0], len(body)))
		require.NoError(t, err)
		record = mapper.ReadNotification(*n, auditlog.Message{Body: body})
	} else {
		record = mapper.Read(auditlog.Message{Body: body})
	}
	took := status(t, "VmHWM") - before
	logs, stats := mapper.Logs([]auditlog.Record{record})
	runtime.KeepAlive(body)
	fmt.Println("body", len(body), "took", took)
	require.Equal(t, oslo.KindCADF, record.Kind)
	require.Equal(t, 1, logs.LogRecordCount())
	require.LessOrEqual(t, stats.Truncated, 1)
	require.Equal(t, "alice created user bob in project p1 from 192.0.2.7: success", lines(logs)[0].Body)
}

// status is a figure of this process in bytes, as proc_pid_status(5) has it.
func status(t *testing.T, name string) int {
	t.Helper()
	content, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(content), name+":")
	require.True(t, found)
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	require.NoError(t, err)
	return kib << 10
}
