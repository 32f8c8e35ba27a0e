package amqpserver

import (
	"bytes"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/amqpframe"
)

// FuzzConnection gives a server a whole connection as a stream. Whatever comes, the connection ends, nothing panics, no
// message is larger than allowed, and all room is given back.
func FuzzConnection(f *testing.F) {
	opening := [][]byte{protocolHeader, wireStartOk, wireTuneOk(1, frameMax, 0), wireOpen, wireChannel, wireConfirm}
	for _, rest := range [][]byte{
		nil,
		bytes.Join([][]byte{wirePublish(), wireHeader(4), wireFrame(amqpframe.BodyFrame, 1, []byte("body")), wirePublish(), wireHeader(0)}, nil),
		bytes.Join([][]byte{wirePublish(), wireHeader(1 << 40), wireCloseOk, wireChannel, wirePublish()}, nil),
		bytes.Join([][]byte{heartbeat(), appendMethod(nil, 0, connectionClose,
			func(to []byte) []byte { return append(to, make([]byte, 7)...) })}, nil),
		wireFrame(amqpframe.MethodFrame, 1, []byte{0, 50, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0}),
		wireFrame(amqpframe.MethodFrame, 1, []byte{0, 60, 0, 20, 0, 0}),
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
