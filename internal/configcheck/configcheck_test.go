package configcheck

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestChecks(t *testing.T) {
	t.Parallel()
	name := func(path, value string) error { return That(value != "", "%s: a name is needed", path) }
	for _, test := range []struct {
		name string
		err  error
		want string // empty: the value is allowed
	}{
		{"allowed value", OneOf("mode", "own", "own", "existing"), ""},
		{"other value", OneOf("mode", "x", "own", "existing"), `mode: "x" is none of own, existing`},
		{"lower bound", Between("size", 1, 1, 3, "MiB"), ""},
		{"upper bound", Between("size", 3, 1, 3, "MiB"), ""},
		{"below", Between("size", 0, 1, 3, "MiB"), "size: 0 is not between 1 and 3 (MiB)"},
		{"above", Between[int64]("size", 4, 1, 3, "MiB"), "size: 4 is not between 1 and 3 (MiB)"},
		{"least duration", AtLeast("wait", time.Second, time.Second), ""},
		{"shorter duration", AtLeast("wait", 999*time.Millisecond, time.Second), "wait: 999ms is less than 1s"},
		{"empty list", Each("names", nil, name), ""},
		{"list", Each("names", []string{"", "a", ""}, name), "names[0]: a name is needed\nnames[2]: a name is needed"},
		{"all mistakes", errors.Join(That(false, "a: %d", 1), That(true, "b"), That(false, "c")), "a: 1\nc"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if test.want == "" {
				require.NoError(t, test.err)
				return
			}
			require.EqualError(t, test.err, test.want)
		})
	}
}
