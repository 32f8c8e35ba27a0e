package amqpserver

import (
	"crypto/x509"
	"net/netip"
	"sync"
	"time"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/amqpframe"
)

// Handler takes messages over.
type Handler interface {
	// Handle is called for each message, in the order of publishing by the goroutine of its connection. It keeps the message
	// and returns soon, for the connection is not read meanwhile; later, from any goroutine, it calls the message's Accept. It
	// need not bound what it keeps: Config.MaxInFlightBytes does.
	Handle(message *Message)
}

// Client is who publishes.
type Client struct {
	// Address is the peer's; not valid where the listener is not of TCP.
	Address netip.AddrPort
	// Mechanism is how the client authenticated.
	Mechanism Mechanism
	// User is the user that authenticated; with EXTERNAL the common name of its certificate.
	User string
	// Certificate is the one that the client showed and that was verified against the listener's client CA; nil without.
	Certificate *x509.Certificate
	// ConnectionName and Product are what the client says of itself, each at most 256 bytes. oslo.messaging's
	// connection names are <process>:<pid>:<random>.
	ConnectionName string
	Product        string
}

// Message is a published message that is not confirmed yet.
type Message struct {
	// Client published the message. It is shared among its messages.
	Client     *Client
	Exchange   string
	RoutingKey string
	// Headers are the message's headers; nil when there are none.
	Headers amqpframe.Table
	// Body belongs to the handler.
	Body []byte
	// Size is that of the body as it was published; more than is in Body where it was condensed.
	Size int64
	// Received is when the message was complete.
	Received time.Time

	server *Server
	mu     sync.Mutex
	// owner is where the message is to be acknowledged, under tag: nil when its publisher wants no confirmation, or its
	// connection has ended.
	owner    *confirms
	tag      uint64
	accepted bool
	cost     int64
}

// Accept says that the message is delivered: the publisher gets its acknowledgement. It may be called from any goroutine, and
// does not block. Only the first call counts. It matters after the connection has ended too: see Config.ConfirmTimeout.
func (m *Message) Accept() {
	m.mu.Lock()
	if m.accepted {
		m.mu.Unlock()
		return
	}
	m.accepted = true
	owner, tag := m.owner, m.tag
	m.mu.Unlock()

	m.server.release(m.cost)
	if owner != nil {
		owner.connection.accept(owner, tag)
		return
	}
	m.server.orphans.remove(m)
}

// The room that a message needs beside its body: an overhead, and for each byte of its headers what a table of the smallest
// fields takes in memory.
const (
	messageOverhead = 512
	headerCost      = 16
	// maxHeaders is how many bytes of headers are kept.
	maxHeaders = 16 << 10
)

func cost(bodySize, headersSize int) int64 {
	return int64(bodySize) + messageOverhead + headerCost*int64(headersSize)
}
