package amqpserver

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/amqpframe"
)

// wire is a client that sends what it is told to.
type wire struct {
	t      testing.TB
	conn   net.Conn
	frames *amqpframe.Reader
}

func (f *fixture) wire() *wire {
	f.t.Helper()
	conn, err := net.Dial("tcp", f.address)
	require.NoError(f.t, err)
	return f.wireOver(conn)
}

// pipe is a wire that keeps nothing of what the client does not take.
func (f *fixture) pipe() *wire {
	f.t.Helper()
	client, server := net.Pipe()
	f.Server.start(server)
	return f.wireOver(client)
}

func (f *fixture) wireOver(conn net.Conn) *wire {
	f.t.Helper()
	f.t.Cleanup(func() { _ = conn.Close() })
	require.NoError(f.t, conn.SetDeadline(time.Now().Add(soon)))
	w := &wire{t: f.t, conn: conn, frames: newFrameReader(conn)}
	w.frames.Max = frameMax
	return w
}

func (w *wire) send(octets ...[]byte) {
	w.t.Helper()
	for _, part := range octets {
		_, err := w.conn.Write(part)
		require.NoError(w.t, err)
	}
}

// next returns the next method, past heartbeats.
func (w *wire) next() (method, *amqpframe.Arguments) {
	w.t.Helper()
	for {
		f, err := w.frames.Next()
		require.NoError(w.t, err)
		payload, err := w.frames.Payload(f)
		require.NoError(w.t, err)
		if f.Type == amqpframe.MethodFrame {
			a := amqpframe.NewArguments(payload)
			return method(a.Long()), a
		}
	}
}

func (w *wire) expect(want method) *amqpframe.Arguments {
	w.t.Helper()
	got, a := w.next()
	require.Equal(w.t, want, got, "%d of class %d", uint16(got), got.class())
	return a
}

// expectClose expects connection.close (or channel.close) with the code, and answers.
func (w *wire) expectClose(kind method, want code) {
	w.t.Helper()
	a := w.expect(kind)
	got, text := a.Short(), a.ShortString()
	require.Equal(w.t, uint16(want), got, text)
	if kind == connectionClose {
		w.send(appendMethod(nil, 0, connectionCloseOk, nil))
		w.expectEnd()
	}
}

func (w *wire) expectEnd() {
	w.t.Helper()
	_, err := io.ReadAll(w.frames.From)
	require.NoError(w.t, err, "closed by the server, and without a reset")
}

var (
	wireStartOk = appendMethod(nil, 0, connectionStartOk, func(to []byte) []byte {
		to = appendTable(to, amqpframe.Table{"capabilities": amqpframe.Table{"authentication_failure_close": true}})
		to = appendShortString(to, "PLAIN")
		to = appendLongString(to, "\x00keystone\x00secret")
		return appendShortString(to, "en_US")
	})
	wireOpen = appendMethod(nil, 0, connectionOpen, func(to []byte) []byte {
		return append(appendShortString(appendShortString(to, "/"), ""), 0)
	})
	wireChannel = appendMethod(nil, 1, channelOpen, func(to []byte) []byte { return appendShortString(to, "") })
	wireConfirm = appendMethod(nil, 1, confirmSelect, func(to []byte) []byte { return append(to, 0) })
	wireCloseOk = appendMethod(nil, 1, channelCloseOk, nil)
)

func wireTuneOk(channels uint16, frames uint32, heartbeat uint16) []byte {
	return appendMethod(nil, 0, connectionTuneOk, func(to []byte) []byte {
		return appendShort(appendLong(appendShort(to, channels), frames), heartbeat)
	})
}

func wirePublish() []byte {
	return appendMethod(nil, 1, basicPublish, func(to []byte) []byte {
		return append(appendShortString(appendShortString(appendShort(to, 0), "keystone"), "notifications.info"), 0)
	})
}

// The class of a content header, and the flag of headers in its properties.
const (
	classBasic  = 60
	flagHeaders = 1 << 13
)

func wireHeader(size uint64) []byte {
	payload := appendShort(appendLongLong(appendShort(appendShort(nil, classBasic), 0), size), 0)
	return wireFrame(amqpframe.HeaderFrame, 1, payload)
}

func wireFrame(kind byte, channel uint16, payload []byte) []byte {
	to := appendShort([]byte{kind}, channel)
	to = append(appendLong(to, uint32(len(payload))), payload...)
	return append(to, amqpframe.FrameEnd)
}

// open goes as far as the open connection.
func (w *wire) open() *wire {
	w.t.Helper()
	w.send(protocolHeader)
	w.expect(connectionStart)
	w.send(wireStartOk)
	w.expect(connectionTune)
	w.send(wireTuneOk(1, frameMax, 0), wireOpen)
	w.expect(connectionOpenOk)
	return w
}

// confirming goes as far as a channel in confirm mode.
func (w *wire) confirming() *wire {
	w.t.Helper()
	w.open().send(wireChannel)
	w.expect(channelOpenOk)
	w.send(wireConfirm)
	w.expect(confirmSelectOk)
	return w
}

func (w *wire) publish(body string) {
	w.t.Helper()
	w.send(wirePublish(), wireHeader(uint64(len(body))), wireFrame(amqpframe.BodyFrame, 1, []byte(body)))
}
