package amqpserver

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// The types of frames, and the octet that ends each (AMQP 0-9-1 §4.2.3).
const (
	frameMethod    = 1
	frameHeader    = 2
	frameBody      = 3
	frameHeartbeat = 8
	frameEnd       = 0xCE

	frameHeaderSize = 7
	frameOverhead   = frameHeaderSize + 1
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
	// readStep is by how much a buffer grows before the bytes for it have come.
	readStep = 16 << 10
)

// frame is the head of a frame whose payload was not read yet.
type frame struct {
	typ     byte
	channel uint16
	size    uint32
}

// frameReader reads frames. It allocates for bytes that came, never for bytes that were announced.
type frameReader struct {
	from *bufio.Reader
	max  uint32
	// payload is that of the last method or header frame.
	payload []byte
}

func newFrameReader(from io.Reader) *frameReader {
	return &frameReader{from: bufio.NewReaderSize(from, 8<<10), max: handshakeFrameMax}
}

// head reads up to the payload, which must be read, copied or discarded before the next call.
func (r *frameReader) head() (frame, error) {
	octets, err := r.from.Peek(frameHeaderSize)
	if err != nil {
		if len(octets) > 0 && errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return frame{}, err
	}
	f := frame{typ: octets[0], channel: binary.BigEndian.Uint16(octets[1:]), size: binary.BigEndian.Uint32(octets[3:])}
	if _, err := r.from.Discard(frameHeaderSize); err != nil {
		return frame{}, err
	}
	if uint64(f.size)+frameOverhead > uint64(r.max) {
		return frame{}, refusal(codeFrameError, fmt.Sprintf("a frame of %d bytes exceeds the %d that were "+
			"agreed", uint64(f.size)+frameOverhead, r.max))
	}
	return f, nil
}

// read reads the payload; it is valid until the next read.
func (r *frameReader) read(f frame) ([]byte, error) {
	if f.size > payloadMax {
		return nil, refusal(codeFrameError, fmt.Sprintf("a frame of %d bytes that is no body exceeds %d", f.size, payloadMax))
	}
	var err error
	if r.payload, err = r.appendPayload(r.payload[:0], f); err != nil {
		return nil, err
	}
	return r.payload, nil
}

// appendPayload reads the payload to the end of a buffer.
func (r *frameReader) appendPayload(to []byte, f frame) ([]byte, error) {
	for left := int(f.size); left > 0; {
		step := min(left, readStep)
		start := len(to)
		to = slices.Grow(to, step)[:start+step]
		if _, err := io.ReadFull(r.from, to[start:]); err != nil {
			return to[:start], cutShort(err)
		}
		left -= step
	}
	return to, r.end()
}

func (r *frameReader) discard(f frame) error {
	if _, err := r.from.Discard(int(f.size)); err != nil {
		return cutShort(err)
	}
	return r.end()
}

func (r *frameReader) end() error {
	octet, err := r.from.ReadByte()
	if err != nil {
		return cutShort(err)
	}
	if octet != frameEnd {
		return refusal(codeFrameError, "a frame does not end where its size says")
	}
	return nil
}

func cutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// appendMethod appends a method frame whose arguments are appended by write.
func appendMethod(to []byte, channel uint16, m method, write func([]byte) []byte) []byte {
	start := len(to)
	to = append(to, frameMethod)
	to = appendShort(to, channel)
	to = appendLong(to, 0)
	to = appendLong(to, uint32(m))
	if write != nil {
		to = write(to)
	}
	putLong(to[start+3:], uint32(len(to)-start-frameHeaderSize))
	return append(to, frameEnd)
}

// heartbeat is the one frame that is always the same.
func heartbeat() []byte { return []byte{frameHeartbeat, 0, 0, 0, 0, 0, 0, frameEnd} }

// appendAck appends a basic.ack.
func appendAck(to []byte, channel uint16, tag uint64, multiple bool) []byte {
	to = append(to, frameMethod)
	to = appendShort(to, channel)
	to = appendLong(to, 13)
	to = appendLong(to, uint32(basicAck))
	to = appendLongLong(to, tag)
	return append(to, bit(multiple), frameEnd)
}
