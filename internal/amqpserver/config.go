package amqpserver

import (
	"io"
	"time"
)

// Config of a server. All bounds are more than 0.
type Config struct {
	// Product and Version are what the server calls itself towards clients.
	Product string
	Version string
	// Mechanisms are offered to clients, at least one. PLAIN and AMQPLAIN need Username and Password. EXTERNAL needs
	// a listener that verifies client certificates (tls.Config.ClientCAs).
	Mechanisms []Mechanism
	Username   string
	Password   string
	// CertificateNames are the names of which a client's certificate must have one for EXTERNAL: its subject, such as CN=nova,O=Example, the
	// subject's common name, or a subject alternative name.
	CertificateNames []string
	// Exchanges and Topics are those whose messages are handled; none means any. A topic is a routing key up to its last dot
	// (oslo.messaging publishes with <topic>.<priority>). Messages of others are acknowledged and forgotten.
	Exchanges []string
	Topics    []string
	// MaxConnections bounds the connections, those that are not authenticated included: of these the oldest makes room for a new one. One
	// host other than this one has at most half of all.
	MaxConnections int
	// MaxMessageBytes bounds the bodies that are kept whole.
	MaxMessageBytes int64
	// Condense makes of a body that is larger, as it comes, what is kept of it; nil keeps its beginning. No more than
	// MaxMessageBytes of what it returns are kept. It need not read to the end.
	Condense func(body io.Reader) []byte
	// MaxInFlightBytes bounds the bodies of all messages that are not accepted, each with an overhead of 512 bytes and 16 times its
	// headers. While there is no room, connections are not read. It must be 257 KiB more than MaxMessageBytes.
	MaxInFlightBytes int64
	// ConfirmTimeout is how long a message waits for its acceptance. Then its connection is closed with 320, so that the client
	// connects and sends it again. The handler keeps the message: when the copy comes, the acceptance of the one
	// acknowledges the other.
	ConfirmTimeout time.Duration
}

// timeouts are bounds that are not for users to choose.
type timeouts struct {
	// handshake bounds everything up to connection.open, that of TLS included.
	handshake time.Duration
	// heartbeat is what is offered. Clients' heartbeats are not asked for: oslo.messaging sends none while it waits for an
	// acknowledgement.
	heartbeat time.Duration
	// message bounds the time from basic.publish to the end of its body, with a second more for each MiB of it.
	message time.Duration
	// write bounds one write.
	write time.Duration
	// close bounds the wait for connection.close-ok.
	close time.Duration
	// failure delays the answer to wrong credentials.
	failure time.Duration
}

func defaultTimeouts() timeouts {
	return timeouts{
		handshake: 10 * time.Second,
		heartbeat: 60 * time.Second,
		message:   10 * time.Second,
		write:     10 * time.Second,
		close:     2 * time.Second,
		failure:   time.Second,
	}
}
