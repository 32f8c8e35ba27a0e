package amqpserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/amqpframe"
)

// theChannel is the number of the one channel of a connection: all that a publisher needs, and one bound less to keep.
const theChannel = 1

// connection is one client's. Its goroutine reads and handles, a second one writes.
type connection struct {
	server *Server
	conn   net.Conn
	peer   netip.AddrPort
	client *Client // nil until connection.open
	opened atomic.Bool
	// evicted is set when it had to make room for another before it was opened.
	evicted  atomic.Bool
	accepted time.Time
	frames   *amqpframe.Reader
	out      outbox

	heartbeat time.Duration
	channel   *channel // the reader's; nil when there is none open
	// ctx ends when no message is accepted any more.
	ctx    context.Context
	cancel context.CancelFunc

	// confirmTimer ends the connection when a message is not accepted within Config.ConfirmTimeout; it runs while confirmTimerSet, which
	// out.mu guards.
	confirmTimer    *time.Timer
	confirmTimerSet bool

	deadlineMu sync.Mutex
	// final is set when the deadline for reading is the last one.
	final  bool
	reason *Refusal // why the server closed it; guarded by deadlineMu
	// limit is the reader's deadline; zero when it may wait forever.
	limit, limitSet time.Time
}

func newConnection(s *Server, conn net.Conn) *connection {
	c := &connection{server: s, conn: conn, accepted: time.Now()}
	if address, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		c.peer = address.AddrPort()
		c.peer = netip.AddrPortFrom(c.peer.Addr().Unmap(), c.peer.Port())
	}
	c.out.init(s.orphans)
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.frames = newFrameReader(c)
	c.confirmTimer = time.AfterFunc(time.Hour, c.checkConfirmTimeout)
	c.confirmTimer.Stop()
	return c
}

// Read is the connection's read with the deadline that the reader's state asks for.
func (c *connection) Read(to []byte) (int, error) {
	if c.limit != c.limitSet {
		c.deadlineMu.Lock()
		if !c.final {
			_ = c.conn.SetReadDeadline(c.limit) // fails when closed, as does the read
		}
		c.deadlineMu.Unlock()
		c.limitSet = c.limit
	}
	return c.conn.Read(to)
}

// serve is a connection's life. It returns when everything that belongs to it has ended.
func (c *connection) serve() {
	defer c.cancel()
	defer func() { _ = c.conn.Close() }() // nobody is left to be told
	err := guard(c.handshake)
	if err != nil {
		if c.evicted.Load() {
			err = ErrTooManyConnections
		}
		c.server.observer.Refused(c.peer, err)
		return
	}
	c.server.observer.Opened(c.client)

	finished := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		if err := guard(func() error { return c.write(finished) }); err != nil {
			c.breakOff()
		}
	})
	err = guard(c.read)
	if refused, ok := errors.AsType[*Refusal](err); ok && c.fail(refused) {
		err = c.drain()
	}
	close(finished)
	writer.Wait()
	c.end()
	c.server.observer.Closed(c.client, c.endReason(err))
}

// guard turns a panic into an error: one connection must not end the process.
func guard(run func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("%w: %v\n%s", ErrPanic, value, debug.Stack())
		}
	}()
	return run()
}

// ErrPanic ends a connection whose handling panicked: a defect of ours. The others go on.
var ErrPanic = errors.New("panic")

// read handles frame after frame. It returns nil when the connection was closed as AMQP wants it, a *Refusal when the client is to be told
// so, and otherwise what the network says.
func (c *connection) read() error {
	c.limit = time.Time{}
	for {
		f, err := c.frames.Next()
		if err != nil {
			return c.told(err)
		}
		if c.out.isSealed() {
			if done, err := c.readAfterClose(f); done || err != nil {
				return err
			}
			continue
		}
		if done, err := c.handle(f); done || err != nil {
			return c.told(err)
		}
	}
}

// told turns the deadline of a message, and what is no frame, into a refusal.
func (c *connection) told(err error) error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() && !c.limit.IsZero() && !c.out.isSealed() {
		return refusal(codeConnectionForced, fmt.Sprintf("a message did not come to its end within %s", c.server.timeouts.message))
	}
	return refusedFrame(err)
}

func (c *connection) handle(f amqpframe.Head) (done bool, err error) {
	switch {
	case f.Type == amqpframe.HeartbeatFrame && f.Channel == 0:
		return false, c.frames.Discard(f)
	case f.Type == amqpframe.MethodFrame && f.Channel == 0:
		payload, err := c.frames.Payload(f)
		if err != nil {
			return false, err
		}
		return c.handleConnectionMethod(payload)
	case f.Channel > theChannel:
		return false, refusal(codeChannelError, fmt.Sprintf("channel %d is more than channel_max", f.Channel))
	case f.Channel == 0 || f.Type < amqpframe.MethodFrame || f.Type > amqpframe.BodyFrame:
		return false, refusal(codeUnexpectedFrame, fmt.Sprintf("a frame of type %d on channel %d", f.Type, f.Channel))
	default:
		return false, c.handleChannelFrame(f)
	}
}

func (c *connection) handleConnectionMethod(payload []byte) (done bool, err error) {
	a := amqpframe.NewArguments(payload)
	switch m := method(a.Long()); m {
	case connectionClose:
		c.out.finish(func(to []byte) []byte { return appendMethod(to, 0, connectionCloseOk, nil) })
		return true, nil
	case connectionCloseOk:
		return false, refusal(codeCommandInvalid, "connection.close-ok without connection.close")
	default:
		r := refusal(codeCommandInvalid, fmt.Sprintf("method %d of class %d is not for channel 0 of an open connection", uint16(m), m.class()))
		r.method = m
		return false, r
	}
}

func (c *connection) handleChannelFrame(f amqpframe.Head) error {
	ch := c.channel
	if f.Type == amqpframe.MethodFrame {
		payload, err := c.frames.Payload(f)
		if err != nil {
			return err
		}
		a := amqpframe.NewArguments(payload)
		return c.handleMethod(ch, method(a.Long()), a)
	}
	switch {
	case ch == nil:
		return refusal(codeChannelError, "content on a channel that is not open")
	case ch.closeSent:
		return c.frames.Discard(f)
	case f.Type == amqpframe.BodyFrame:
		return ch.body(f)
	}
	payload, err := c.frames.Payload(f)
	if err != nil {
		return err
	}
	return ch.header(payload)
}

func (c *connection) handleMethod(ch *channel, m method, a *amqpframe.Arguments) error {
	switch {
	case a.Err() != nil:
		return refusal(codeSyntaxError, a.Err().Error())
	case ch == nil && m == channelOpen:
		c.channel = &channel{connection: c}
		c.reply(channelOpenOk, func(to []byte) []byte { return appendLong(to, 0) })
		return nil
	case ch == nil && m == channelClose || ch == nil && m == channelCloseOk:
		return nil // crossed with ours
	case ch == nil:
		return refused504(m)
	case m == channelClose:
		c.closeChannel(func(to []byte) []byte { return appendMethod(to, theChannel, channelCloseOk, nil) })
		return nil
	case m == channelCloseOk && ch.closeSent:
		c.channel = nil
		return nil
	case ch.closeSent:
		return nil
	case ch.incoming != nil:
		return withMethod(refusal(codeUnexpectedFrame, "a method within a message"), m)
	}
	r := ch.method(m, a)
	if r == nil && a.Err() != nil {
		r = refusal(codeSyntaxError, a.Err().Error())
	}
	if r == nil {
		return nil
	}
	return withMethod(r, m)
}

func refused504(m method) error {
	return withMethod(refusal(codeChannelError, "the channel is not open"), m)
}

func withMethod(r *Refusal, m method) *Refusal {
	r.method = m
	return r
}
