package printable

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLine(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, want string }{
		{"alice created user bob", "alice created user bob"},
		{"Jürgen löschte 東京", "Jürgen löschte 東京"},
		{"a\nb\r\tc", "a b  c"},
		{"\x1b[2Jgone\x07", "?[2Jgone?"},
		{"evil\u202egnp.exe\u2066\u200b", "evil?gnp.exe??"},
		{"\u2028\u0085", "  "},
	} {
		require.Equal(t, test.want, Line(test.text))
	}
}
