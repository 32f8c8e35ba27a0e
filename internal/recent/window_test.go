package recent

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWindow(t *testing.T) {
	w := NewWindow(3)
	for _, uid := range []string{"a", "b", "c", "d"} {
		require.False(t, w.Seen(uid, false), uid)
	}
	for _, uid := range []string{"b", "c", "d"} {
		require.True(t, w.Seen(uid, false), "one of the last three: %s", uid)
	}
	for i := range 6 {
		require.False(t, w.Seen(strconv.Itoa(i), false))
	}
	require.False(t, w.Seen("a", false), "forgotten")
	require.False(t, w.Seen("", false), "a record without uid is nobody's repeat")
	require.False(t, w.Seen("", false))

	off := NewWindow(0)
	require.False(t, off.Seen("a", false))
	require.False(t, off.Seen("a", false))

	halves := NewWindow(3)
	require.False(t, halves.Seen("a", true))
	require.False(t, halves.Seen("a", false), "the outcome of what is pending is no repeat")
	require.True(t, halves.Seen("a", true))
	require.True(t, halves.Seen("a", false))
}

func TestWindowRemembersTheLastRecords(t *testing.T) {
	const size = 1000
	w := NewWindow(size)
	for i := range 10 * size {
		require.False(t, w.Seen(strconv.Itoa(i), false))
		require.LessOrEqual(t, len(w.recent)+len(w.previous), 2*size)
		if i%size == size/2 && i > size {
			for back := i - size + 1; back <= i; back += 37 {
				require.True(t, w.Seen(strconv.Itoa(back), false))
			}
		}
	}
}
