package amqpserver

import (
	"errors"
	"fmt"
	"io"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/amqpframe"
)

// condense takes a message whose body is too large to be kept: it reads the frames that follow its header. What is not kept is paid
// back.
func (ch *channel) condense(m *incoming) error {
	c := ch.connection
	body := &bodyReader{connection: c, left: m.size}
	config := &c.server.config
	if config.Condense == nil {
		m.body, _ = io.ReadAll(io.LimitReader(body, config.MaxMessageBytes)) // body keeps its error
	} else {
		m.body = config.Condense(body)
		m.body = m.body[:min(int64(len(m.body)), config.MaxMessageBytes)]
	}
	switch _, err := io.Copy(io.Discard, body); {
	case errors.Is(err, errClosing):
		ch.drop()
		return nil // what comes is void
	case err != nil:
		return err
	}
	paid := m.cost
	m.cost -= min(m.size, config.MaxMessageBytes) - int64(len(m.body))
	c.server.release(paid - m.cost)
	ch.complete()
	return nil
}

// errClosing ends a body whose connection is being closed.
var errClosing = errors.New("the connection is closing")

// bodyReader reads a message's body out of its frames. Its error stays.
type bodyReader struct {
	connection *connection
	left       int64
	// inFrame is what is left of the frame that is being read.
	inFrame int64
	err     error
}

// Read implements io.Reader.
func (r *bodyReader) Read(to []byte) (n int, err error) {
	frames := r.connection.frames
	for r.inFrame == 0 && r.err == nil {
		r.err = r.next()
	}
	if r.err != nil {
		return 0, r.err
	}
	n, err = frames.From.Read(to[:min(int64(len(to)), r.inFrame)])
	r.inFrame -= int64(n)
	r.left -= int64(n)
	if r.err = amqpframe.CutShort(err); r.err == nil && r.inFrame == 0 {
		r.err = frames.End()
	}
	return n, nil
}

// next goes to the next frame of the body. Heartbeats may come in between.
func (r *bodyReader) next() error {
	c := r.connection
	switch {
	case r.left == 0:
		return io.EOF
	case c.out.isSealed():
		return errClosing
	}
	f, err := c.frames.Next()
	switch {
	case err != nil:
		return amqpframe.CutShort(err)
	case f.Type == amqpframe.HeartbeatFrame && f.Channel == 0:
		return c.frames.Discard(f)
	case f.Type != amqpframe.BodyFrame || f.Channel != theChannel:
		return refusal(codeUnexpectedFrame, fmt.Sprintf("a frame of type %d on channel %d within a message", f.Type, f.Channel))
	case int64(f.Size) > r.left:
		return refusal(codeFrameError, "a content body is longer than its header says")
	case f.Size == 0:
		return c.frames.End()
	}
	r.inFrame = int64(f.Size)
	return nil
}
