package amqpframe

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func bodyFrame(payload []byte) []byte {
	to := binary.BigEndian.AppendUint32([]byte{BodyFrame, 0, 1}, uint32(len(payload)))
	return append(append(to, payload...), FrameEnd)
}

func newReader(from io.Reader) *Reader {
	return &Reader{From: bufio.NewReader(from), Max: 128 << 10, MaxPayload: 32 << 10}
}

// TestReader reads a frame that comes octet by octet, and one that is cut off anywhere.
func TestReader(t *testing.T) {
	t.Parallel()
	payload := bytes.Repeat([]byte("x"), 3*readStep+1)
	whole := bodyFrame(payload)
	read := func(from io.Reader) ([]byte, error) {
		r := newReader(from)
		head, err := r.Next()
		if err != nil {
			return nil, err
		}
		return r.AppendBody([]byte("before "), head, 1<<20)
	}
	got, err := read(io.MultiReader(bytes.NewReader(whole[:9]), bytes.NewReader(whole[9:])))
	require.NoError(t, err)
	require.Equal(t, "before "+string(payload), string(got))
	for _, length := range []int{1, 6, 7, 8, readStep, len(whole) - 1} {
		_, err := read(bytes.NewReader(whole[:length]))
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, length)
	}
	_, err = read(bytes.NewReader(nil))
	require.True(t, errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF))
}

// TestBodyTakesNoMemoryBeforeItComes: half a GiB is announced, and a step of it comes; then a MiB, and the rest is believed.
func TestBodyTakesNoMemoryBeforeItComes(t *testing.T) {
	t.Parallel()
	r := newReader(bytes.NewReader(bytes.Repeat(bodyFrame(make([]byte, 64<<10)), 100)))
	var body []byte
	for range 16 {
		head, err := r.Next()
		require.NoError(t, err)
		body, err = r.AppendBody(body, head, 4<<20)
		require.NoError(t, err)
		require.LessOrEqual(t, cap(body), 2*len(body))
	}
	head, err := r.Next()
	require.NoError(t, err)
	body, err = r.AppendBody(body, head, 4<<20)
	require.NoError(t, err)
	require.GreaterOrEqual(t, cap(body), 4<<20)
	head, err = r.Next()
	require.NoError(t, err)
	_, err = r.AppendBody(body, head, int64(len(body)+1))
	require.ErrorAs(t, err, new(Error))
}

func TestFramesThatMayNotCome(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		octets []byte
		want   string
	}{
		{"larger than agreed", []byte{BodyFrame, 0, 1, 0, 2, 0, 0}, "exceeds the 131072 that were agreed"},
		{"a large method", []byte{MethodFrame, 0, 1, 0, 1, 0, 0}, "that is no body exceeds 32768"},
		{"another end", []byte{HeaderFrame, 0, 1, 0, 0, 0, 1, 'x', 0}, "does not end where its size says"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newReader(bytes.NewReader(test.octets))
			head, err := r.Next()
			if err == nil {
				_, err = r.Payload(head)
			}
			require.ErrorContains(t, err, test.want)
			require.ErrorAs(t, err, new(Error))
		})
	}
}
