package amqpserver

import (
	"errors"
	"fmt"
	"io"
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
	n, err = frames.from.Read(to[:min(int64(len(to)), r.inFrame)])
	r.inFrame -= int64(n)
	r.left -= int64(n)
	if r.err = cutShort(err); r.err == nil && r.inFrame == 0 {
		r.err = frames.end()
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
	f, err := c.frames.head()
	switch {
	case err != nil:
		return cutShort(err)
	case f.typ == frameHeartbeat && f.channel == 0:
		return c.frames.discard(f)
	case f.typ != frameBody || f.channel != theChannel:
		return refusal(codeUnexpectedFrame, fmt.Sprintf("a frame of type %d on channel %d within a message", f.typ, f.channel))
	case int64(f.size) > r.left:
		return refusal(codeFrameError, "a content body is longer than its header says")
	case f.size == 0:
		return c.frames.end()
	}
	r.inFrame = int64(f.size)
	return nil
}
