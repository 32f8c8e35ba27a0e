package amqpserver

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// FuzzConnection gives a server a whole connection as a stream. Whatever comes, the connection ends, nothing panics, no
// message is larger than allowed, and all room is given back.
func FuzzConnection(f *testing.F) {
	opening := [][]byte{protocolHeader, wireStartOk, wireTuneOk(1, frameMax, 0), wireOpen, wireChannel, wireConfirm}
	for _, rest := range [][]byte{
		nil,
		bytes.Join([][]byte{wirePublish(), wireHeader(4), wireFrame(frameBody, 1, []byte("body")), wirePublish(), wireHeader(0)}, nil),
		bytes.Join([][]byte{wirePublish(), wireHeader(1 << 40), wireCloseOk, wireChannel, wirePublish()}, nil),
		bytes.Join([][]byte{heartbeat(), appendMethod(nil, 0, connectionClose,
			func(to []byte) []byte { return append(to, make([]byte, 7)...) })}, nil),
		wireFrame(frameMethod, 1, []byte{0, 50, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0}),
		wireFrame(frameMethod, 1, []byte{0, 60, 0, 20, 0, 0}),
	} {
		f.Add(append(bytes.Join(opening, nil), rest...))
	}
	f.Add([]byte("GET / HTTP/1.1\r\n"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		config := testConfig()
		config.MaxMessageBytes, config.MaxInFlightBytes = 4096, 512<<10
		config.Exchanges = []string{"keystone"}
		messages, seen := &keeper{}, &events{}
		server := New(config, messages, seen)
		server.timeouts.failure = 0
		newConnection(server, &stub{from: bytes.NewReader(stream)}).serve()
		for _, m := range messages.all() {
			require.LessOrEqual(t, len(m.Body), 4096)
		}
		for _, err := range append(seen.closed, seen.refused...) {
			if err != nil {
				require.NotContains(t, err.Error(), "panic")
			}
		}
		require.Zero(t, server.inFlight.Load())
		require.Zero(t, server.orphans.count.Load())
	})
}

// stub is a peer that has said all it will ever say, and takes whatever it is told.
type stub struct {
	net.Conn
	mu     sync.Mutex
	from   *bytes.Reader
	closed bool
}

func (s *stub) Read(to []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, net.ErrClosed
	}
	return s.from.Read(to)
}

func (s *stub) Write(octets []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, net.ErrClosed
	}
	return len(octets), nil
}

func (s *stub) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

func (*stub) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 4711} }
func (*stub) SetDeadline(time.Time) error      { return nil }
func (*stub) SetReadDeadline(time.Time) error  { return nil }
func (*stub) SetWriteDeadline(time.Time) error { return nil }

// FuzzTable reads field tables. What can be read is no deeper than allowed.
func FuzzTable(f *testing.F) {
	f.Add(appendTable(nil, Table{"a": true, "b": "text", "c": Table{"d": "x"}})[4:])
	f.Add([]byte("\x01aA\x00\x00\x00\x02t\x01\x01bD\x02\x00\x00\x00\x07\x01cT\x00\x00\x00\x00\x00\x00\x00\x01\x01dV\x01ex\x00\x00\x00\x01z"))
	f.Add([]byte("\x01bb\x01\x01BB\x01\x01ss\x00\x01\x01uu\x00\x01\x01II\x00\x00\x00\x01\x01ii\x00\x00\x00\x01" +
		"\x01ll\x00\x00\x00\x00\x00\x00\x00\x01\x01ff\x00\x00\x00\x00\x01dd\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, octets []byte) {
		a := &arguments{unread: append(appendLong(nil, uint32(len(octets))), octets...)}
		table := a.table(1)
		if a.err == nil {
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

// TestFrameReader reads a frame that comes octet by octet, and one that is cut off anywhere.
func TestFrameReader(t *testing.T) {
	whole := wireFrame(frameBody, 1, bytes.Repeat([]byte("x"), 3*readStep+1))
	read := func(from io.Reader) ([]byte, error) {
		r := newFrameReader(from)
		r.max = frameMax
		f, err := r.head()
		if err != nil {
			return nil, err
		}
		return r.appendPayload([]byte("before "), f)
	}
	got, err := read(io.MultiReader(bytes.NewReader(whole[:9]), bytes.NewReader(whole[9:])))
	require.NoError(t, err)
	require.Equal(t, "before "+string(bytes.Repeat([]byte("x"), 3*readStep+1)), string(got))
	for _, length := range []int{1, 6, 7, 8, readStep, len(whole) - 1} {
		_, err := read(bytes.NewReader(whole[:length]))
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, length)
	}
	_, err = read(bytes.NewReader(nil))
	require.True(t, errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF))
}
