package oslo

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
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
				found, err := ParseLine(line)
				require.NoError(t, err)
				require.LessOrEqual(t, len(found), 1)
				for _, n := range found {
					id := n.MessageID
					if n.Native {
						native++
						id = n.Event.ID + n.EventType
					} else {
						driver++
					}
					assert.False(t, unique[id], "%s twice", id)
					unique[id] = true
				}
			}
			assert.Equal(t, want.driver, driver)
			assert.Equal(t, want.native, native)
		})
	}
}

// FuzzParseLine: no panic, the quick test refuses no line in which there is
// something, and whatever is said of an event can be said of it again.
func FuzzParseLine(f *testing.F) {
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
		"[wsgi:error] " + apacheEscaped(createdLine), `{"log":"{\"MESSAGE\":[123,34]}"}`} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		found, err := ParseLine(line)
		if err != nil {
			var decode *DecodeError
			require.ErrorAs(t, err, &decode)
			require.NotEmpty(t, decode.Reason)
		}
		for _, n := range found {
			require.NotEmpty(t, n.EventType)
			again, err := ParseFields(n.Payload())
			if n.Kind == KindCADF && err == nil && len(again) == 1 {
				require.Equal(t, n.Event, again[0].Event)
			}
		}
		wrapped, err2 := ParseLine(`{"log": ` + string(literal.AppendQuoted(nil, line)) + `}`)
		if strings.ToValidUTF8(line, "") == line && len(found) > 0 && err == nil && !strings.Contains(line, `{"log`) {
			require.NoError(t, err2)
			require.Equal(t, ids(found), ids(wrapped))
		}
	})
}

func BenchmarkParseLine(b *testing.B) {
	for name, line := range map[string]string{"driver": createdLine, "native": nativeLine, "json": jsonRecord("oslo.messaging.notification.identity.user.created", created)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			for b.Loop() {
				if found, _ := ParseLine(line); len(found) != 1 {
					b.Fatal("an event")
				}
			}
		})
	}
}
