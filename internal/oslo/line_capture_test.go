package oslo

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo/hostiletest"
)

// wantEvents are the events in each capture: the lines of the driver, and native ones.
var wantEvents = map[string]struct{ driver, native int }{
	"audit-middleware-log-driver-sapcc.log": {44, 0},
	"audit-middleware-log-driver.log":       {204, 0},
	"audit-middleware-native-sapcc.log":     {0, 44},
	"audit-middleware-native.log":           {0, 90},
	"keystone-log-basic.log":                {146, 0},
	"keystone-log-context-format.log":       {85, 0},
	"keystone-log-driver.log":               {146, 0},
	"keystone-log-json.log":                 {146, 0},
}

func TestCapturesHoldTheirEvents(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "loglines", "*.log"))
	require.NoError(t, err)
	require.Len(t, files, len(wantEvents))
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			want := wantEvents[filepath.Base(file)]
			driver, native, unique := 0, 0, map[string]bool{}
			for line := range strings.SplitSeq(string(content), "\n") {
				n, err := LineReader{}.ReadText(line)
				require.NoError(t, err)
				if n == nil {
					continue
				}
				if n.Native {
					native++
				} else {
					driver++
				}
				assert.False(t, unique[idOf(n)], "%s twice", idOf(n))
				unique[idOf(n)] = true
			}
			assert.Equal(t, want.driver, driver)
			assert.Equal(t, want.native, native)
		})
	}
}

// FuzzReadText: no panic, an error has a reason, and a container runtime's wrapper changes nothing.
func FuzzReadText(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "loglines", "*.log"))
	require.NoError(f, err)
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(f, err)
		taken := 0
		for line := range strings.SplitSeq(string(content), "\n") {
			if MayHoldEvent(line) && taken < 3 {
				taken++
				f.Add(line)
			}
		}
	}
	for _, line := range []string{nativeLine, createdLine + createdLine, envelope(created), "2026-03-04T23:09:52Z stdout P " + createdLine,
		"[Wed Mar 04 23:09:52.738 2026] [wsgi:error] " + hostiletest.ApacheEscaped(createdLine), `{"log":"{\"MESSAGE\":[123,34]}"}`} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		n, err := LineReader{}.ReadText(line)
		if err != nil {
			var decode *DecodeError
			require.ErrorAs(t, err, &decode)
			require.NotEmpty(t, decode.Reason)
		}
		wrapped, _ := LineReader{}.ReadText(`{"log": ` + string(literal.AppendQuoted(nil, line)) + `}`)
		if utf8.ValidString(line) && !strings.Contains(line, `{"log`) {
			require.Equal(t, idOf(n), idOf(wrapped))
		}
	})
}

func BenchmarkReadText(b *testing.B) {
	for name, line := range map[string]string{"driver": createdLine, "native": nativeLine, "json": jsonRecord("oslo.messaging.notification.identity.user.created", created)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			for b.Loop() {
				if n, _ := (LineReader{}).ReadText(line); n == nil {
					b.Fatal("an event")
				}
			}
		})
	}
}
