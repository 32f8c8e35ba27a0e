package inbound

import (
	"bufio"
	"io"
	"sync/atomic"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/amqpframe"
)

// readBuffer is how much is read from the connection at once, in bytes.
const readBuffer = 64 * 1024

// Reader is what a client reads in place of its connection. It is used by one goroutine, but for DeliverTo.
type Reader struct {
	// take is given the deliveries; nil before there is a consumer.
	take     atomic.Pointer[func([]Delivery)]
	frames   amqpframe.Reader
	incoming incoming
	// passing is how much of a frame that is no delivery's is still to be read, in bytes.
	passing int64
	// deliveries are those that were not handed over yet.
	deliveries []Delivery
}

// NewReader reads from a connection whose frames are as large as frameMax at most.
func NewReader(from io.Reader, frameMax uint32) *Reader {
	r := &Reader{}
	r.frames = amqpframe.Reader{From: bufio.NewReaderSize(source{r, from}, readBuffer), Max: frameMax, MaxPayload: frameMax}
	return r
}

// DeliverTo has all deliveries from now on given to take, by the goroutine that reads: at once what came at once. The slice is take's until
// it returns.
func (r *Reader) DeliverTo(take func([]Delivery)) { r.take.Store(&take) }

// source is the connection. Before it is waited for, what came is handed over.
type source struct {
	*Reader
	from io.Reader
}

// Read implements io.Reader.
func (s source) Read(p []byte) (int, error) {
	s.handOver()
	return s.from.Read(p)
}

func (r *Reader) handOver() {
	if len(r.deliveries) > 0 {
		(*r.take.Load())(r.deliveries)
		clear(r.deliveries) // their bodies are not ours to keep
		r.deliveries = r.deliveries[:0]
	}
}

// Read implements io.Reader. It hands over what came before a frame, and returns parts of one frame at most: when amqp091-go comes for the
// next it has heeded all before. So what it is told and what is delivered stay in order.
func (r *Reader) Read(p []byte) (int, error) {
	for r.passing == 0 {
		if err := r.next(); err != nil {
			r.handOver()
			return 0, err
		}
	}
	r.handOver()
	n, err := r.frames.From.Read(p[:min(int64(len(p)), r.passing)])
	r.passing -= int64(n)
	return n, err
}

// next looks at the next frame. That of a delivery is taken, and any other is to pass.
func (r *Reader) next() error {
	head, err := r.frames.Peek()
	if err != nil {
		return err
	}
	delivers := false
	if r.take.Load() != nil {
		delivers, err = r.incoming.takes(&r.frames, head)
	}
	if err != nil {
		return err
	}
	if !delivers {
		r.passing = int64(head.Size) + amqpframe.Overhead
		return nil
	}
	whole, err := r.incoming.read(&r.frames)
	if whole {
		r.deliveries = append(r.deliveries, r.incoming.Delivery)
		r.incoming.Body = nil
	}
	return err
}
