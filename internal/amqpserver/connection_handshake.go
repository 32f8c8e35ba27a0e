package amqpserver

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/amqpframe"
)

// handshake lets a client in, or returns why not. It ends with connection.open-ok, within its deadline.
func (c *connection) handshake() error {
	deadline := time.Now().Add(c.server.timeouts.handshake)
	if err := c.conn.SetDeadline(deadline); err != nil {
		return err
	}
	state, err := c.secure(deadline)
	if err != nil {
		return err
	}
	if err := c.readProtocolHeader(); err != nil {
		return err
	}
	if err := c.say(connectionStart, c.server.appendStart); err != nil {
		return err
	}
	client, err := c.startOk(state)
	if err == nil {
		err = c.tune()
	}
	if err == nil {
		err = c.open(client)
	}
	err = refusedFrame(err)
	if refused, ok := errors.AsType[*Refusal](err); ok {
		_ = c.send(refused.appendClose(nil, 0)) // the refusal says more than that it could not be sent
		_ = c.conn.SetReadDeadline(time.Now().Add(c.server.timeouts.close))
		_ = c.drain() // whatever comes, it is over
	}
	return err
}

func (c *connection) secure(deadline time.Time) (*tls.ConnectionState, error) {
	secured, ok := c.conn.(*tls.Conn)
	if !ok {
		return nil, nil //nolint:nilnil // plaintext has no state
	}
	ctx, cancel := context.WithDeadline(c.ctx, deadline)
	defer cancel()
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("TLS: %w", err)
	}
	state := secured.ConnectionState()
	return &state, nil
}

// protocolHeader is the protocol header of AMQP 0-9-1.
var protocolHeader = []byte("AMQP\x00\x00\x09\x01")

// readProtocolHeader answers another protocol with the header of ours, and closes (AMQP 0-9-1 §4.2.2).
func (c *connection) readProtocolHeader() error {
	header := make([]byte, len(protocolHeader))
	if _, err := io.ReadFull(c.frames.From, header); err != nil {
		return err
	}
	if bytes.Equal(header, protocolHeader) {
		return nil
	}
	_ = c.send(protocolHeader) // that it is no AMQP says more
	return ErrProtocol
}

// ErrProtocol says that a client speaks something else.
var ErrProtocol = errors.New("the client does not speak AMQP 0-9-1")

func (s *Server) appendStart(to []byte) []byte {
	to = append(to, 0, 9)
	to = appendTable(to, amqpframe.Table{
		"product":     s.config.Product,
		"version":     s.config.Version,
		"information": "A publish-only AMQP 0-9-1 endpoint; no broker",
		"capabilities": amqpframe.Table{
			"publisher_confirms":           true,
			"basic.nack":                   true, // never sent; pika asks for it before it publishes with confirms
			"authentication_failure_close": true,
		},
	})
	to = appendLongString(to, s.config.mechanisms())
	return appendLongString(to, "en_US")
}

// startOk authenticates. A failure is answered late, so that passwords cannot be tried fast.
func (c *connection) startOk(state *tls.ConnectionState) (*Client, error) {
	a, err := c.expect(connectionStartOk)
	if err != nil {
		return nil, err
	}
	properties := a.Table()
	mechanism := Mechanism(a.ShortString())
	response := a.LongBytes()
	a.ShortBytes() // the locale
	if a.Err() != nil {
		return nil, refusal(codeSyntaxError, a.Err().Error())
	}
	user, err := c.login(mechanism, response, state)
	if err != nil {
		c.pause(c.server.timeouts.failure)
		capabilities, _ := properties["capabilities"].(amqpframe.Table)
		if told, _ := capabilities["authentication_failure_close"].(bool); told && !errors.Is(err, ErrTooManyLogins) {
			err = errors.Join(err, refusal(codeAccessRefused, "login was refused"))
		}
		return nil, err
	}
	client := &Client{
		Address:        c.peer,
		Mechanism:      mechanism,
		User:           user,
		ConnectionName: cut(properties.String("connection_name")),
		Product:        cut(properties.String("product")),
	}
	if state != nil && len(state.VerifiedChains) > 0 {
		client.Certificate = state.PeerCertificates[0]
	}
	return client, nil
}

// login checks the credentials when the host has a try left. Without one they are not looked at, and nobody is told that they are wrong.
func (c *connection) login(mechanism Mechanism, response []byte, state *tls.ConnectionState) (string, error) {
	try := c.server.logins.take(c.peer.Addr(), time.Now())
	if !try.allowed {
		return "", ErrTooManyLogins
	}
	c.pause(try.delay)
	user, err := c.server.config.authenticate(mechanism, response, state)
	if err == nil {
		try.giveBack()
	}
	return user, err
}

func (c *connection) pause(duration time.Duration) {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.ctx.Done():
	}
}

func cut(text string) string { return text[:min(len(text), 256)] }

func (c *connection) tune() error {
	offered := uint16(c.server.timeouts.heartbeat / time.Second)
	err := c.say(connectionTune, func(to []byte) []byte {
		return appendShort(appendLong(appendShort(to, theChannel), frameMax), offered)
	})
	if err != nil {
		return err
	}
	a, err := c.expect(connectionTuneOk)
	if err != nil {
		return err
	}
	channels, frames, heartbeat := a.Short(), a.Long(), a.Short()
	switch {
	case a.Err() != nil:
		return refusal(codeSyntaxError, a.Err().Error())
	case channels > theChannel:
		return refusal(codeNotAllowed, fmt.Sprintf("channel_max is %d", theChannel))
	case frames > frameMax || (frames > 0 && frames < frameMin):
		return refusal(codeNotAllowed, fmt.Sprintf("frame_max must be between %d and %d", frameMin, frameMax))
	}
	c.frames.Max = frameMax // 0 means as offered
	if frames > 0 {
		c.frames.Max = frames
	}
	c.heartbeat = time.Duration(heartbeat) * time.Second
	return nil
}

// open takes any virtual host: there is one.
func (c *connection) open(client *Client) error {
	a, err := c.expect(connectionOpen)
	if err != nil {
		return err
	}
	a.ShortBytes() // the virtual host
	if a.Err() != nil {
		return refusal(codeSyntaxError, a.Err().Error())
	}
	if err := c.say(connectionOpenOk, func(to []byte) []byte { return appendShortString(to, "") }); err != nil {
		return err
	}
	c.client = client
	if err := c.conn.SetDeadline(time.Time{}); err != nil {
		return err
	}
	c.opened.Store(true)
	return nil
}

func (c *connection) say(m method, write func([]byte) []byte) error {
	return c.send(appendMethod(nil, 0, m, write))
}

// expect reads the next method, which must be the one that the handshake wants; heartbeats may precede it.
func (c *connection) expect(wanted method) (*amqpframe.Arguments, error) {
	for {
		f, err := c.frames.Next()
		if err != nil {
			return nil, err
		}
		payload, err := c.frames.Payload(f)
		if err != nil {
			return nil, err
		}
		if f.Type == amqpframe.HeartbeatFrame {
			continue
		}
		a := amqpframe.NewArguments(payload)
		if m := method(a.Long()); f.Type != amqpframe.MethodFrame || f.Channel != 0 || m != wanted {
			return nil, refusal(codeCommandInvalid, fmt.Sprintf("method %d of class %d was expected", uint16(wanted), wanted.class()))
		}
		return a, nil
	}
}
