package amqpserver

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/amqpframe"
)

// TestViolations: what breaks the protocol of an open connection is answered with its code, and the connection ends.
func TestViolations(t *testing.T) {
	deep := []byte{}
	for range 300 {
		table := append([]byte{1, 'x', 'F'}, appendLong(nil, uint32(len(deep)))...)
		deep = append(table, deep...)
	}
	deepHeader := appendLongLong(appendShort(appendShort(nil, classBasic), 0), 1)
	deepHeader = append(appendLong(appendShort(deepHeader, flagHeaders), uint32(len(deep))), deep...)
	for _, test := range []struct {
		name   string
		code   code
		octets [][]byte
	}{
		{"frame over frame_max", codeFrameError, [][]byte{{1, 0, 1, 0xff, 0xff, 0xff, 0xff}}},
		{"frame without its end", codeFrameError, [][]byte{{8, 0, 0, 0, 0, 0, 0, 0}}},
		{"method over 32 KiB", codeFrameError, [][]byte{{1, 0, 1, 0, 1, 0, 0}}},
		{"method that is cut short", codeSyntaxError, [][]byte{wireFrame(amqpframe.MethodFrame, 1, []byte{0, 60})}},
		{"arguments that are cut short", codeSyntaxError, [][]byte{wireFrame(amqpframe.MethodFrame, 1, []byte{0, 60, 0, 40, 0, 0, 9})}},
		{"method of no class", codeCommandInvalid, [][]byte{wireFrame(amqpframe.MethodFrame, 1, []byte{0, 7, 0, 7})}},
		{"start-ok again", codeCommandInvalid, [][]byte{wireStartOk}},
		{"close-ok unasked", codeCommandInvalid, [][]byte{appendMethod(nil, 0, connectionCloseOk, nil)}},
		{"channel over channel_max", codeChannelError, [][]byte{wireFrame(amqpframe.MethodFrame, 2, []byte{0, 20, 0, 10, 0})}},
		{"channel opened twice", codeChannelError, [][]byte{wireChannel}},
		{"content without publish", codeUnexpectedFrame, [][]byte{wireHeader(3)}},
		{"body without header", codeUnexpectedFrame, [][]byte{wirePublish(), wireFrame(amqpframe.BodyFrame, 1, []byte("x"))}},
		{"header twice", codeUnexpectedFrame, [][]byte{wirePublish(), wireHeader(3), wireHeader(3)}},
		{"publish inside publish", codeUnexpectedFrame, [][]byte{wirePublish(), wireHeader(3), wirePublish()}},
		{"body longer than said", codeFrameError, [][]byte{wirePublish(), wireHeader(3), wireFrame(amqpframe.BodyFrame, 1, []byte("four"))}},
		{"header of another class", codeUnexpectedFrame, [][]byte{wirePublish(), wireFrame(amqpframe.HeaderFrame, 1, make([]byte, 14))}},
		{"headers nested 300 deep", codeSyntaxError, [][]byte{wirePublish(), wireFrame(amqpframe.HeaderFrame, 1, deepHeader)}},
		{"immediate", codeNotImplemented, [][]byte{wireFrame(amqpframe.MethodFrame, 1, []byte{0, 60, 0, 40, 0, 0, 0, 0, 2})}},
		{"content on channel 0", codeUnexpectedFrame, [][]byte{wireFrame(amqpframe.BodyFrame, 0, []byte("x"))}},
		{"frame of no type", codeUnexpectedFrame, [][]byte{wireFrame(5, 1, nil)}},
		{"publish on a channel never open", codeChannelError,
			[][]byte{appendMethod(nil, 1, channelClose, func(to []byte) []byte { return append(to, make([]byte, 7)...) }), wirePublish()}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := start(t, options{timeouts: unanswered})
			w := f.wire().confirming()
			w.send(test.octets...)
			kind, a := w.next()
			if kind == channelCloseOk {
				kind, a = w.next()
			}
			require.Equal(t, connectionClose, kind)
			require.Equal(t, uint16(test.code), a.Short())
			w.send(appendMethod(nil, 0, connectionCloseOk, nil))
			w.expectEnd()
			var refused *Refusal
			require.ErrorAs(t, eventually(t, f.events, func(e *events) []error { return e.closed }, 1)[0], &refused)
			assert.Equal(t, uint16(test.code), refused.Code)
			assert.Empty(t, f.messages.all())
			f.eventuallyEmpty()
		})
	}
}

// TestBeforeAuthentication: a stranger gets an answer or an end, soon, and no memory.
func TestBeforeAuthentication(t *testing.T) {
	bigStart := wireFrame(amqpframe.MethodFrame, 0, make([]byte, handshakeFrameMax))
	for _, test := range []struct {
		name string
		send []byte
		want []byte // what the answer begins with after connection.start
	}{
		{"HTTP", []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), protocolHeader},
		{"AMQP 1.0", []byte("AMQP\x00\x01\x00\x00"), protocolHeader},
		{"nothing", nil, nil},
		{"half a header", protocolHeader[:5], nil},
		{"no start-ok", protocolHeader, []byte{amqpframe.MethodFrame, 0, 0}},
		{"4 GiB frame", append(bytes.Clone(protocolHeader), 1, 0, 0, 0xff, 0xff, 0xff, 0xff), []byte{amqpframe.MethodFrame, 0, 0}},
		{"frame of 8 KiB", append(bytes.Clone(protocolHeader), bigStart...), []byte{amqpframe.MethodFrame, 0, 0}},
		{"publish at once", append(bytes.Clone(protocolHeader), wirePublish()...), []byte{amqpframe.MethodFrame, 0, 0}},
		{"start-ok cut short", append(bytes.Clone(protocolHeader), wireFrame(amqpframe.MethodFrame, 0, []byte{0, 10, 0, 11, 0, 0})...),
			[]byte{amqpframe.MethodFrame, 0, 0}},
		{"heartbeats forever", append(bytes.Clone(protocolHeader), bytes.Repeat(heartbeat(), 1000)...), []byte{amqpframe.MethodFrame, 0, 0}},
		{"channels over the max", bytes.Join([][]byte{protocolHeader, wireStartOk, wireTuneOk(2, 0, 0)}, nil),
			[]byte{amqpframe.MethodFrame, 0, 0}},
		{"frames too small", bytes.Join([][]byte{protocolHeader, wireStartOk, wireTuneOk(1, 100, 0)}, nil), []byte{amqpframe.MethodFrame, 0, 0}},
		{"frames too large", bytes.Join([][]byte{protocolHeader, wireStartOk, wireTuneOk(1, 1<<30, 0)}, nil),
			[]byte{amqpframe.MethodFrame, 0, 0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			impatient := func(t *timeouts) { t.handshake, t.close = 4*time.Second, 500*time.Millisecond }
			f := start(t, options{timeouts: impatient})
			w := f.wire()
			w.send(test.send)
			answer, err := io.ReadAll(w.conn)
			if err != nil {
				var closed net.Error
				require.False(t, errors.As(err, &closed) && closed.Timeout(), "the server has to end it")
			}
			assert.True(t, bytes.HasPrefix(answer, test.want), "%q", answer)
			require.Error(t, eventually(t, f.events, func(e *events) []error { return e.refused }, 1)[0])
			assert.Empty(t, f.events.opened)
		})
	}
}

// TestSlowMessage: who begins a message has to end it.
func TestSlowMessage(t *testing.T) {
	for _, test := range []struct {
		name   string
		octets [][]byte
	}{
		{"no header", [][]byte{wirePublish()}},
		{"no body", [][]byte{wirePublish(), wireHeader(10)}},
		{"half a body", [][]byte{wirePublish(), wireHeader(10), wireFrame(amqpframe.BodyFrame, 1, []byte("half"))}},
		{"half a frame", [][]byte{wirePublish(), wireHeader(10), wireFrame(amqpframe.BodyFrame, 1, []byte("half"))[:9]}},
		{"ignored no less", [][]byte{appendMethod(nil, 1, basicPublish, func(to []byte) []byte { return append(to, 0, 0, 0, 0, 0) }),
			wireHeader(10)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			impatient := func(t *timeouts) { t.message = 200 * time.Millisecond }
			f := start(t, options{timeouts: impatient, configure: func(c *Config) { c.Exchanges = []string{"keystone"} }})
			w := f.wire().confirming()
			w.send(test.octets...)
			w.expectClose(connectionClose, codeConnectionForced)
			f.eventuallyEmpty()
		})
	}
}

// TestAnnouncedOnly: bodies that are announced and do not come take no memory but the room that they reserve.
func TestAnnouncedOnly(t *testing.T) {
	f := start(t, options{configure: func(c *Config) { c.MaxInFlightBytes = 3 << 20 }})
	for range 2 {
		w := f.wire().confirming()
		w.send(wirePublish(), wireHeader(1<<20))
	}
	require.Eventually(t, func() bool { return f.Stats().InFlightBytes == 2*cost(1<<20, 0) }, soon, often)
	w := f.wire().confirming()
	w.publish("small")
	w.expect(basicAck)

	// A TiB is too large by far: the channel is closed, what comes is void, and the client may go on.
	w.send(wirePublish(), wireHeader(1<<40), wireFrame(amqpframe.BodyFrame, 1, make([]byte, 1000)))
	w.expectClose(channelClose, codePreconditionFailed)
	w.send(wireFrame(amqpframe.BodyFrame, 1, make([]byte, 1000)), wirePublish(), wireHeader(1), wireCloseOk, wireChannel)
	w.expect(channelOpenOk)
	w.send(wireConfirm)
	w.expect(confirmSelectOk)
	w.publish("after")
	assert.Equal(t, uint64(1), w.expect(basicAck).LongLong(), "tags begin anew")
	assert.Equal(t, []string{"small", "after"}, f.messages.bodies())
}

// TestHeadersInTheBudget: headers count many times, as a table of small fields takes many times its bytes, and are bounded.
func TestHeadersInTheBudget(t *testing.T) {
	f := start(t, options{})
	f.messages.wait(true)
	w := f.wire().confirming()
	headers := bytes.Repeat([]byte{1, 'x', 'V'}, 1000)
	properties := func(headers []byte) []byte {
		payload := appendLongLong(appendShort(appendShort(nil, classBasic), 0), 0)
		return wireFrame(amqpframe.HeaderFrame, 1, append(appendLong(appendShort(payload, flagHeaders), uint32(len(headers))), headers...))
	}
	w.send(wirePublish(), properties(headers))
	message := f.messages.eventually(t, 1)[0]
	assert.Equal(t, amqpframe.Table{"x": nil}, message.Headers)
	assert.Equal(t, cost(0, len(headers)), f.Stats().InFlightBytes)
	message.Accept()
	w.expect(basicAck)
	assert.Zero(t, f.Stats().InFlightBytes)
	w.send(wirePublish(), properties(make([]byte, maxHeaders+1)))
	assert.Nil(t, f.messages.eventually(t, 2)[1].Headers, "the event is in the body")
}

// TestLargeBodyAmongOtherFrames: heartbeats may come within a body that is condensed; nothing else may, and its end may not be missing.
func TestLargeBodyAmongOtherFrames(t *testing.T) {
	f := start(t, options{configure: func(c *Config) { c.MaxMessageBytes = 10 }})
	part := func(size int) []byte { return wireFrame(amqpframe.BodyFrame, 1, bytes.Repeat([]byte("x"), size)) }
	w := f.wire().confirming()
	w.send(wirePublish(), wireHeader(30), part(5), heartbeat(), part(0), part(20), heartbeat(), part(5))
	w.expect(basicAck)
	assert.Equal(t, []string{"xxxxxxxxxx"}, f.messages.bodies())
	for _, test := range []struct {
		name   string
		frames []byte
	}{
		{"a method", wirePublish()},
		{"a header", wireHeader(30)},
		{"too much", part(26)},
		{"no frame", []byte("GET / HTTP/1.1\r\n")},
		{"another end", []byte{amqpframe.BodyFrame, 0, 1, 0, 0, 0, 1, 'x', 0}},
	} {
		w := f.wire().confirming()
		w.send(wirePublish(), wireHeader(30), part(5), test.frames)
		w.expect(connectionClose)
		require.NoError(t, w.conn.Close(), test.name)
	}
	w = f.wire().confirming()
	w.send(wirePublish(), wireHeader(30), part(5))
	require.NoError(t, w.conn.Close())
	require.Eventually(t, func() bool { return f.Stats().InFlightBytes == 0 }, soon, often)
	f.stop()
	assert.Len(t, f.messages.all(), 1)
}

// unwritable gives a client as long to take what is written; what opens the connection is written to it too.
func unwritable(t *timeouts) { t.write = 5 * time.Second }

// TestAcknowledgementsNotTaken: who publishes and does not listen is read no further, and ends.
func TestAcknowledgementsNotTaken(t *testing.T) {
	t.Parallel()
	f := start(t, options{timeouts: unwritable, configure: func(c *Config) { c.Exchanges = []string{"other"} }})
	w := f.pipe().confirming()
	flood := bytes.Repeat(append(wirePublish(), wireHeader(0)...), 1000)
	require.Eventually(t, func() bool {
		_, err := w.conn.Write(flood)
		return err != nil
	}, soon, time.Microsecond)
	require.Error(t, eventually(t, f.events, func(e *events) []error { return e.closed }, 1)[0])
}

// TestAnswersNotTaken: who asks and does not listen is not answered without bound, and ends.
func TestAnswersNotTaken(t *testing.T) {
	t.Parallel()
	f := start(t, options{timeouts: unwritable})
	w := f.pipe().confirming()
	declare := appendMethod(nil, 1, queueDeclare, func(to []byte) []byte {
		return append(appendShortString(append(to, 0, 0), string(make([]byte, 250))), 0, 0, 0, 0, 0)
	})
	flood := bytes.Repeat(declare, 1000)
	require.Eventually(t, func() bool {
		_, err := w.conn.Write(flood)
		return err != nil
	}, soon, time.Microsecond)
	require.Error(t, eventually(t, f.events, func(e *events) []error { return e.closed }, 1)[0])
}

func TestTooManyConnections(t *testing.T) {
	f := start(t, options{configure: func(c *Config) { c.MaxConnections = 3 }})
	first := f.wire().confirming()
	f.wire().confirming()
	f.wire().confirming()
	_, err := f.wire().conn.Read(make([]byte, 1))
	require.Error(t, err)
	assert.Equal(t, []error{ErrTooManyConnections}, eventually(t, f.events, func(e *events) []error { return e.refused }, 1))

	require.NoError(t, first.conn.Close())
	require.Eventually(t, func() bool { return f.Stats().Connections == 2 }, soon, often)
	f.wire().confirming()
}

// TestStrangersMakeRoom: whoever opens connections and does not say who he is keeps no service out, and the bound holds.
func TestStrangersMakeRoom(t *testing.T) {
	f := start(t, options{configure: func(c *Config) { c.MaxConnections = 3 }})
	service := f.wire().confirming()
	slowest, slow := f.wire(), f.wire()
	require.Eventually(t, func() bool { return f.Stats().Connections == 3 }, soon, often)
	for _, stranger := range []*wire{slowest, slow} {
		another := f.wire().confirming()
		_, err := io.ReadAll(stranger.conn)
		var late net.Error
		require.False(t, errors.As(err, &late) && late.Timeout(), "the server ended it")
		assert.LessOrEqual(t, f.Stats().Connections, 3)
		another.publish("x")
		another.expect(basicAck)
	}
	refused := eventually(t, f.events, func(e *events) []error { return e.refused }, 2)
	assert.Equal(t, []error{ErrTooManyConnections, ErrTooManyConnections}, refused)
	service.publish("from before")
	service.expect(basicAck)
}

// TestPanic: a handler that panics costs one connection, whose client sends the message again.
func TestPanic(t *testing.T) {
	f := start(t, options{handler: panicking{}})
	w := f.wire().confirming()
	w.publish("boom")
	_, err := io.ReadAll(w.conn)
	require.NoError(t, err, "ended")
	require.ErrorContains(t, eventually(t, f.events, func(e *events) []error { return e.closed }, 1)[0], "panic: at the disco")
	f.wire().confirming()
}

type panicking struct{}

func (panicking) Handle(*Message) { panic("at the disco") }

// TestCrossingCloses: both sides close at the same time.
func TestCrossingCloses(t *testing.T) {
	closeChannel := appendMethod(nil, 1, channelClose, func(to []byte) []byte { return append(to, make([]byte, 7)...) })
	closeConnection := appendMethod(nil, 0, connectionClose, func(to []byte) []byte { return append(to, make([]byte, 7)...) })
	f := start(t, options{})

	w := f.wire().confirming()
	w.send(wirePublish(), wireHeader(1<<40), closeChannel)
	w.expectClose(channelClose, codePreconditionFailed)
	w.expect(channelCloseOk)
	w.send(wireCloseOk, wireChannel) // ours is answered as well
	w.expect(channelOpenOk)
	w.send(closeConnection)
	w.expect(connectionCloseOk)
	w.expectEnd()

	w = f.wire().confirming()
	w.send(wireHeader(1), closeConnection)
	w.expect(connectionClose)
	w.expectEnd()
}
