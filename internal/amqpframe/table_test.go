package amqpframe

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzTable reads field tables. What can be read is no deeper than allowed, and is the same with its length before it.
func FuzzTable(f *testing.F) {
	f.Add([]byte("\x01at\x01\x01bS\x00\x00\x00\x04text\x01cF\x00\x00\x00\x08\x01dS\x00\x00\x00\x01x"))
	f.Add([]byte("\x01aA\x00\x00\x00\x02t\x01\x01bD\x02\x00\x00\x00\x07\x01cT\x00\x00\x00\x00\x00\x00\x00\x01\x01dV\x01ex\x00\x00\x00\x01z"))
	f.Add([]byte("\x01bb\x01\x01BB\x01\x01ss\x00\x01\x01uu\x00\x01\x01II\x00\x00\x00\x01\x01ii\x00\x00\x00\x01" +
		"\x01ll\x00\x00\x00\x00\x00\x00\x00\x01\x01ff\x00\x00\x00\x00\x01dd\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, octets []byte) {
		table, err := ReadTable(octets)
		a := NewArguments(append(binary.BigEndian.AppendUint32(nil, uint32(len(octets))), octets...))
		withLength := a.Table()
		require.Equal(t, err, a.Err())
		require.Len(t, withLength, len(table))
		if err == nil {
			require.LessOrEqual(t, depth(table), maxTableDepth)
			require.Empty(t, a.unread)
		}
	})
}

func depth(value any) int {
	deepest := 0
	switch value := value.(type) {
	case Table:
		for _, v := range value {
			deepest = max(deepest, depth(v))
		}
		return deepest + 1
	case []any:
		for _, v := range value {
			deepest = max(deepest, depth(v))
		}
		return deepest + 1
	default:
		return 0
	}
}
