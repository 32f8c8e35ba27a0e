package amqpframe

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
	MethodFrame    = 1
	HeaderFrame    = 2
	BodyFrame      = 3
	HeartbeatFrame = 8
	FrameEnd       = 0xCE

	// HeadSize and Overhead are in bytes: before the payload, and beside it.
	HeadSize = 7
	Overhead = HeadSize + 1
)

// readStep is by how much a buffer grows before the bytes for it have come, and wholeStep how much of a body has to come before there is
// room for all of it.
const (
	readStep  = 16 << 10
	wholeStep = 1 << 20
)

// Error says that what came is no frame, or not one that may come.
type Error string

// Error implements error.
func (e Error) Error() string { return string(e) }

// Head is what precedes the payload of a frame.
type Head struct {
	Type    byte
	Channel uint16
	// Size is that of the payload.
	Size uint32
}

// Reader reads frames.
type Reader struct {
	// From is what frames are read from. What is no frame may be read from it directly.
	From *bufio.Reader
	// Max bounds frames, their overhead included, and MaxPayload the payloads that are read whole, of methods and content headers.
	Max, MaxPayload uint32
	payload         []byte
}

// Peek returns the head of the next frame, which stays unread.
func (r *Reader) Peek() (Head, error) {
	octets, err := r.From.Peek(HeadSize)
	if err != nil {
		if len(octets) > 0 && errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return Head{}, err
	}
	return Head{Type: octets[0], Channel: binary.BigEndian.Uint16(octets[1:]), Size: binary.BigEndian.Uint32(octets[3:])}, nil
}

// PeekMethod returns the class and the method of the next frame, which stays unread.
func (r *Reader) PeekMethod() (uint32, error) {
	octets, err := r.From.Peek(HeadSize + 4)
	if err != nil {
		return 0, CutShort(err)
	}
	return binary.BigEndian.Uint32(octets[HeadSize:]), nil
}

// Next reads up to the payload, which must be read, appended or discarded before the next call.
func (r *Reader) Next() (Head, error) {
	head, err := r.Peek()
	if err != nil {
		return Head{}, err
	}
	if _, err := r.From.Discard(HeadSize); err != nil {
		return Head{}, err
	}
	if uint64(head.Size)+Overhead > uint64(r.Max) {
		return Head{}, Error(fmt.Sprintf("a frame of %d bytes exceeds the %d that were agreed", uint64(head.Size)+Overhead, r.Max))
	}
	return head, nil
}

// Payload reads the payload; it is valid until the next one is read.
func (r *Reader) Payload(head Head) ([]byte, error) {
	if head.Size > r.MaxPayload {
		return nil, Error(fmt.Sprintf("a frame of %d bytes that is no body exceeds %d", head.Size, r.MaxPayload))
	}
	var err error
	if r.payload, err = r.append(r.payload[:0], head); err != nil {
		return nil, err
	}
	return r.payload, nil
}

// AppendBody appends the payload to the body of a message that is to have size bytes.
func (r *Reader) AppendBody(body []byte, head Head, size int64) ([]byte, error) {
	switch {
	case int64(len(body))+int64(head.Size) > size:
		return body, Error("a content body is longer than its header says")
	case body == nil:
		body = make([]byte, 0, min(size, readStep))
	case len(body) >= wholeStep && int64(cap(body)) < size:
		body = slices.Grow(body, int(size)-len(body)) // each step would copy it
	}
	return r.append(body, head)
}

func (r *Reader) append(to []byte, head Head) ([]byte, error) {
	for left := int(head.Size); left > 0; {
		step := min(left, readStep)
		start := len(to)
		to = slices.Grow(to, step)[:start+step]
		if _, err := io.ReadFull(r.From, to[start:]); err != nil {
			return to[:start], CutShort(err)
		}
		left -= step
	}
	return to, r.End()
}

// Discard leaves out the payload.
func (r *Reader) Discard(head Head) error {
	if _, err := r.From.Discard(int(head.Size)); err != nil {
		return CutShort(err)
	}
	return r.End()
}

// End reads the octet that ends a frame.
func (r *Reader) End() error {
	octet, err := r.From.ReadByte()
	if err != nil {
		return CutShort(err)
	}
	if octet != FrameEnd {
		return Error("a frame does not end where its size says")
	}
	return nil
}

// CutShort is the error within a frame.
func CutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
