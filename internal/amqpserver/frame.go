package amqpserver

import (
	"bufio"
	"errors"
	"io"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/amqpframe"
)

// Sizes of frames, their overhead included.
const (
	// handshakeFrameMax bounds frames until tune-ok: what a peer that has not said who it is can make us keep.
	handshakeFrameMax = 8 << 10
	// frameMax is what is offered in tune, as RabbitMQ does.
	frameMax = 128 << 10
	// frameMin is the least that a peer may ask for (frame-min-size).
	frameMin = 4 << 10
	// payloadMax bounds the payloads that are kept whole: of methods and of content headers.
	payloadMax = 32 << 10
)

func newFrameReader(from io.Reader) *amqpframe.Reader {
	return &amqpframe.Reader{From: bufio.NewReaderSize(from, 8<<10), Max: handshakeFrameMax, MaxPayload: payloadMax}
}

// refusedFrame is what the client is told of what is no frame.
func refusedFrame(err error) error {
	if invalid, ok := errors.AsType[amqpframe.Error](err); ok {
		return refusal(codeFrameError, invalid.Error())
	}
	return err
}

// appendMethod appends a method frame whose arguments are appended by write.
func appendMethod(to []byte, channel uint16, m method, write func([]byte) []byte) []byte {
	start := len(to)
	to = append(to, amqpframe.MethodFrame)
	to = appendShort(to, channel)
	to = appendLong(to, 0)
	to = appendLong(to, uint32(m))
	if write != nil {
		to = write(to)
	}
	putLong(to[start+3:], uint32(len(to)-start-amqpframe.HeadSize))
	return append(to, amqpframe.FrameEnd)
}

// heartbeat is the one frame that is always the same.
func heartbeat() []byte {
	return []byte{amqpframe.HeartbeatFrame, 0, 0, 0, 0, 0, 0, amqpframe.FrameEnd}
}

// appendAck appends a basic.ack.
func appendAck(to []byte, channel uint16, tag uint64, multiple bool) []byte {
	to = append(to, amqpframe.MethodFrame)
	to = appendShort(to, channel)
	to = appendLong(to, 13)
	to = appendLong(to, uint32(basicAck))
	to = appendLongLong(to, tag)
	return append(to, bit(multiple), amqpframe.FrameEnd)
}
