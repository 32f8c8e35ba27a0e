package rabbitmq

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// frameSize is RabbitMQ's own default for frame_max, in bytes.
const frameSize = 128 * 1024

// connection is an AMQP connection with its socket.
type connection struct {
	*amqp.Connection
	socket *socket
}

func (c *connection) version() brokerVersion { return brokerVersionOf(c.Properties) }

// dial connects, and does the TLS and AMQP handshakes within the connection timeout.
func dial(ctx context.Context, config *Config, host Host, name string) (established *connection, err error) {
	ctx, cancel := context.WithTimeout(ctx, config.ConnectionTimeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", host.Address)
	if err != nil {
		return nil, err
	}
	err = orClose(ctx, conn, func() error {
		established, err = handshake(ctx, config, host, name, conn)
		return err
	})
	if err != nil {
		_ = conn.Close() // the handshake's error says more
		return nil, err
	}
	return established, nil
}

// orClose closes the connection when ctx ends before f does: neither the handshakes nor amqp091-go's calls know a context.
func orClose(ctx context.Context, conn io.Closer, f func() error) error {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	err := f()
	switch {
	case stop():
		return err
	case err == nil:
		return context.Cause(ctx)
	default:
		return fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
}

// answerTimeout is how long the broker may take for calls over a connection that stands. RabbitMQ leaves basic.consume on a quorum
// queue without a leader unanswered forever, while heartbeats go on.
const answerTimeout = 10 * time.Second

var errNoAnswer = errors.New("the broker gave no answer")

// within runs calls on the connection, which is closed when they take longer than the bound, or answerTimeout, or than ctx.
func (c *connection) within(ctx context.Context, bound time.Duration, calls func() error) error {
	bound = min(bound, answerTimeout)
	ctx, cancel := context.WithTimeoutCause(ctx, bound, fmt.Errorf("%w in %s", errNoAnswer, bound))
	defer cancel()
	return orClose(ctx, c.socket, calls)
}

func handshake(ctx context.Context, config *Config, host Host, name string, conn net.Conn) (*connection, error) {
	if config.TLS != nil {
		secured, err := secure(ctx, config.TLS, host.Address, conn)
		if err != nil {
			return nil, err
		}
		conn = secured
	}
	socket := newSocket(conn)
	properties := amqp.NewConnectionProperties()
	properties.SetClientConnectionName(name)
	opened, err := amqp.Open(socket, amqp.Config{
		SASL:       []amqp.Authentication{authentication(config.Mechanism, host)},
		Vhost:      config.VirtualHost,
		FrameSize:  frameSize,
		Heartbeat:  config.Heartbeat,
		Properties: properties,
		Locale:     "en_US",
	})
	switch {
	case errors.Is(err, amqp.ErrCredentials):
		// RabbitMQ closes the socket without a word to clients that do not announce authentication_failure_close.
		return nil, fmt.Errorf("the broker refused the login of user %q by %s: %w", host.Username, config.Mechanism, err)
	case config.TLS == nil && hasCode(err, amqp.FrameError):
		return nil, fmt.Errorf("no AMQP handshake (does this port expect TLS?): %w", err)
	case err != nil:
		return nil, fmt.Errorf("opening virtual host %q as user %q: %w", config.VirtualHost, host.Username, err)
	}
	if err := socket.expectHeartbeats(opened.Config.Heartbeat); err != nil {
		return nil, err
	}
	return &connection{Connection: opened, socket: socket}, nil
}

func secure(ctx context.Context, config *tls.Config, address string, conn net.Conn) (net.Conn, error) {
	config = config.Clone()
	if config.ServerName == "" {
		name, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		config.ServerName = name
	}
	secured := tls.Client(conn, config)
	err := secured.HandshakeContext(ctx)
	var unverified *tls.CertificateVerificationError
	var hostname x509.HostnameError
	switch {
	case errors.As(err, &hostname):
		return nil, fmt.Errorf("TLS: %w (oslo.messaging verifies host names since 18.1.0 only: OpenStack services may connect where "+
			"this is refused)", err)
	case errors.As(err, &unverified):
		return nil, fmt.Errorf("TLS: %w (without ssl_ca_file oslo.messaging verifies nothing: OpenStack services may connect where "+
			"this is refused)", err)
	case err != nil:
		return nil, fmt.Errorf("TLS: %w", err)
	}
	return secured, nil
}

// authentication makes a new object for every dial: amqp091-go clears the password in it after the handshake.
func authentication(mechanism Mechanism, host Host) amqp.Authentication {
	switch mechanism {
	case MechanismAMQPlain:
		return &amqp.AMQPlainAuth{Username: host.Username, Password: host.Password}
	case MechanismExternal:
		return &amqp.ExternalAuth{}
	default:
		return &amqp.PlainAuth{Username: host.Username, Password: host.Password}
	}
}

// close ends the connection within the bound. While reading is paused there is no handshake, which would first have to read all
// that the prefetch allows; for the broker the end of the socket means the same.
func (c *connection) close(bound time.Duration) {
	if c.socket.paused() {
		_ = c.socket.Close() // nobody is left to tell
	}
	timer := time.AfterFunc(bound, func() { _ = c.socket.Close() })
	defer timer.Stop()
	_ = c.Connection.Close() // fails when it is closed already
	for range c.NotifyClose(make(chan *amqp.Error, 1)) {
		continue // until it is closed
	}
}
