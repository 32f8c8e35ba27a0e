package inbound

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/amqpframe"
)

func frameOf(kind byte, channel uint16, payload ...byte) []byte {
	to := binary.BigEndian.AppendUint16([]byte{kind}, channel)
	to = append(binary.BigEndian.AppendUint32(to, uint32(len(payload))), payload...)
	return append(to, amqpframe.FrameEnd)
}

func short(text string) []byte { return append([]byte{byte(len(text))}, text...) }

func method(channel uint16, class, method byte, arguments ...byte) []byte {
	return frameOf(amqpframe.MethodFrame, channel, append([]byte{0, class, 0, method}, arguments...)...)
}

func deliver(tag uint64, redelivered bool, exchange string) []byte {
	arguments := binary.BigEndian.AppendUint64(short("consumer"), tag)
	if redelivered {
		arguments = append(arguments, 1)
	} else {
		arguments = append(arguments, 0)
	}
	return method(1, 60, 60, append(append(arguments, short(exchange)...), short("notifications.info")...)...)
}

// header has a content type, headers unless they are nil, and a delivery mode.
func header(size uint64, headers []byte) []byte {
	payload := binary.BigEndian.AppendUint64([]byte{0, 60, 0, 0}, size)
	if headers == nil {
		return frameOf(amqpframe.HeaderFrame, 1, append(append(append(payload, 0x90, 0), short("application/json")...), 2)...)
	}
	payload = append(append(payload, 0xB0, 0), short("application/json")...)
	payload = append(binary.BigEndian.AppendUint32(payload, uint32(len(headers))), headers...)
	return frameOf(amqpframe.HeaderFrame, 1, append(payload, 2)...)
}

func body(text string) []byte { return frameOf(amqpframe.BodyFrame, 1, []byte(text)...) }

var (
	heartbeat    = frameOf(amqpframe.HeartbeatFrame, 0)
	channelClose = method(1, 20, 40, append(append([]byte{1, 0x40}, short("the end")...), 0, 0, 0, 0)...)
	returned     = append([]byte("\x10x-delivery-countl\x00\x00\x00\x00\x00\x00\x00\x03\x0btraceparentS\x00\x00\x00\x05"), "00-ab"...)
)

func joined(frames ...[]byte) []byte { return bytes.Join(frames, nil) }

// TestDeliveriesAreTakenOutOfTheStream reads what a broker sends whole and octet by octet.
func TestDeliveriesAreTakenOutOfTheStream(t *testing.T) {
	t.Parallel()
	one := joined(deliver(1, false, "keystone"), header(4, nil), body("body"))
	long := strings.Repeat("x", 100_000)
	for _, test := range []struct {
		name   string
		stream []byte
		want   []Delivery
		passed []byte
		err    string
	}{
		{name: "one", stream: one, want: []Delivery{{Tag: 1, Exchange: "keystone", Body: []byte("body")}}},
		{name: "redelivered, with headers", stream: joined(deliver(1, true, "nova"), header(1, returned), body("x")), want: []Delivery{{
			Tag: 1, Redelivered: true, Exchange: "nova", Body: []byte("x"),
			Headers: amqpframe.Table{"x-delivery-count": int64(3), "traceparent": "00-ab"},
		}}},
		{name: "without a body", stream: joined(deliver(1, false, ""), header(0, nil), one), want: []Delivery{
			{Tag: 1}, {Tag: 1, Exchange: "keystone", Body: []byte("body")},
		}},
		{name: "body in parts, heartbeats between", want: []Delivery{{Tag: 1, Body: []byte("abc" + long)}}, passed: joined(heartbeat, heartbeat),
			stream: joined(deliver(1, false, ""), heartbeat, header(100_003, []byte{}), body("ab"), body(""), heartbeat, body("c"+long))},
		{name: "headers that cannot be read", stream: joined(deliver(1, false, ""), header(1, []byte("\x01aZ")), body("x")),
			want: []Delivery{{Tag: 1, Body: []byte("x")}}},
		{name: "closed after a delivery", stream: joined(one, channelClose), passed: channelClose,
			want: []Delivery{{Tag: 1, Exchange: "keystone", Body: []byte("body")}}},
		{name: "closed within a delivery", stream: joined(deliver(1, false, ""), header(4, nil), body("bo"), channelClose, body("dy")),
			passed: joined(channelClose, body("dy"))},
		{name: "content of nothing", stream: joined(header(4, nil), body("body")), passed: joined(header(4, nil), body("body"))},
		{name: "other methods and channels", stream: joined(method(1, 60, 21, 0), method(0, 60, 60, 0), frameOf(amqpframe.MethodFrame, 0, 1)),
			passed: joined(method(1, 60, 21, 0), method(0, 60, 60, 0), frameOf(amqpframe.MethodFrame, 0, 1))},
		{name: "another protocol", stream: []byte("HTTP/1.1 400 Bad Request\r\n"), passed: []byte("HTTP/1.1 400 Bad Request\r\n")},
		{name: "cut off in a head", stream: one[:3], err: "unexpected EOF"},
		{name: "cut off in a delivery", stream: one[:len(one)-2], err: "unexpected EOF"},
		{name: "delivery within a delivery", stream: joined(deliver(1, false, ""), one),
			err: "a frame of type 1 within a delivery, which goes on with type 2"},
		{name: "body without its header", stream: joined(deliver(1, false, ""), body("x")), err: "a frame of type 3 within a delivery"},
		{name: "body too long", stream: joined(deliver(1, false, ""), header(1, nil), body("xx")), err: "longer than its header says"},
		{name: "larger than a broker takes", stream: joined(deliver(1, false, ""), header(1<<40, nil)), err: "larger than any broker takes"},
		{name: "arguments cut short", stream: method(1, 60, 60, 200), err: "the frame ends within its arguments"},
		{name: "frame too large", stream: joined(deliver(1, false, ""), header(1<<20, nil), []byte{3, 0, 1, 0, 2, 0, 0}),
			err: "exceeds the 131072"},
		{name: "no end of the frame", stream: append(one[:len(one)-1:len(one)-1], 0), err: "does not end where its size says"},
		{name: "another class", err: "a content header of class 10",
			stream: joined(deliver(1, false, ""), frameOf(amqpframe.HeaderFrame, 1, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, from := range []io.Reader{bytes.NewReader(test.stream), iotest.OneByteReader(bytes.NewReader(test.stream))} {
				got, passed, err := takenFrom(from)
				if test.err == "" {
					require.NoError(t, err)
				} else {
					require.ErrorContains(t, err, test.err)
				}
				require.Equal(t, test.want, got)
				require.Equal(t, string(test.passed), string(passed))
			}
		})
	}
}

// TestDeliveryComesBeforeWhatFollowsIt: all came at once, and amqp091-go is not told of the end before.
func TestDeliveryComesBeforeWhatFollowsIt(t *testing.T) {
	t.Parallel()
	count := 0
	r := NewReader(bytes.NewReader(joined(deliver(1, false, ""), header(4, nil), body("body"), channelClose)), 128<<10)
	r.DeliverTo(func(taken []Delivery) { count += len(taken) })
	n, err := r.Read(make([]byte, 1))
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, 1, count)
}

// takenFrom reads all there is. It returns the deliveries, what amqp091-go would get, and what it would be told at the end, unless that is
// io.EOF.
func takenFrom(from io.Reader) (deliveries []Delivery, passed []byte, err error) {
	s := NewReader(from, 128<<10)
	s.DeliverTo(func(taken []Delivery) { deliveries = append(deliveries, taken...) })
	passed, err = io.ReadAll(s)
	return deliveries, passed, err
}

// FuzzDeliveries reads any octets. However they are split, the same is delivered and passed, and nothing is made of what did not come.
func FuzzDeliveries(f *testing.F) {
	f.Add(joined(deliver(1, true, "keystone"), header(4, returned), body("body"), heartbeat, channelClose), uint64(1))
	f.Add(joined(deliver(1, false, ""), header(0, nil), deliver(2, false, ""), header(5, nil), body("12"), body("345")), uint64(2))
	f.Add(joined(deliver(1, false, ""), header(1<<29, nil), body("12")), uint64(3))
	f.Add(joined(deliver(1, false, ""), header(0, nil), deliver(2, false, ""), body("12")), uint64(4))
	f.Fuzz(func(t *testing.T, stream []byte, seed uint64) {
		deliveries, passed, err := takenFrom(bytes.NewReader(stream))
		split, passedSplit, errSplit := takenFrom(&splitReader{bytes.NewReader(stream), rand.New(rand.NewPCG(seed, 0))})
		require.Equal(t, deliveries, split)
		require.Equal(t, string(passed), string(passedSplit))
		require.Equal(t, err, errSplit)
		length := len(passed)
		for _, d := range deliveries {
			length += len(d.Body)
		}
		require.LessOrEqual(t, length, len(stream))
	})
}

// splitReader reads a few octets at a time.
type splitReader struct {
	from   io.Reader
	random *rand.Rand
}

func (s *splitReader) Read(to []byte) (int, error) {
	return s.from.Read(to[:min(len(to), 1+s.random.IntN(40))])
}
