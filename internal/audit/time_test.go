package audit

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzParseUTC holds the quick reader of times to what time.Parse makes of the same text.
func FuzzParseUTC(f *testing.F) {
	for _, s := range []string{
		"2026-11-20T22:42:22.720112+0000", "2026-11-20T22:42:22+00:00", "2026-11-20 22:42:22.25", "2026-11-20T22:42:22,123456789Z",
		"2026-11-20T22:42:22.",
		"2026-02-29T00:00:00Z", "2028-02-29T23:59:59Z", "2026-04-31T00:00:00Z", "2026-00-10T00:00:00Z", "2026-01-00T00:00:00Z",
		"2026-13-01T00:00:00Z",
		"2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "1969-12-31T23:59:59Z", "2262-04-12T00:00:00Z",
		"2026-11-20T22:42:22.1234567890Z",
		"2026-11-20T22:42:22-0000", "2026-11-20T22:42:22+0530", "2026-11-20t22:42:22Z", "+026-11-20T22:42:22Z", "2026-11-20T22:42:22.5 Z",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		quick, ok := parseUTC(s)
		if !ok {
			return
		}
		slow, ok := parseLayouts(s)
		require.True(t, ok, s)
		require.True(t, slow.Equal(quick), "%s: %s, not %s", s, quick, slow)
		require.Equal(t, "Z", slow.Format("Z07:00"))
	})
}
