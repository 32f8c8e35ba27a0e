package oslo

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo/hostiletest"
)

// FuzzReadText: no panic, an error has a reason, and a container runtime's wrapper changes nothing.
func FuzzReadText(f *testing.F) {
	for _, log := range fixtures.Names(f, "loglines", ".log") {
		taken := 0
		for _, line := range fixtures.Lines(f, "loglines/"+log+".log") {
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
	for _, test := range []struct{ name, line string }{{"driver", createdLine}, {"native", nativeLine},
		{"json", jsonRecord("oslo.messaging.notification.identity.user.created", created)}} {
		b.Run(test.name, func(b *testing.B) {
			b.SetBytes(int64(len(test.line)))
			b.ReportAllocs()
			for b.Loop() {
				if n, _ := (LineReader{}).ReadText(test.line); n == nil {
					b.Fatal("an event")
				}
			}
		})
	}
}
