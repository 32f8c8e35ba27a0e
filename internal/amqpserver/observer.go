package amqpserver

import "net/netip"

// Observer is told what happens, for metrics and logs. Its methods are called by the connections' goroutines, must not
// block, and must not call back into the server. Errors never carry credentials or what was published.
type Observer interface {
	// Refused is called for a connection that was ended before connection.open: too many, no AMQP, no TLS, wrong
	// credentials, too slow. err is ErrTooManyConnections, ErrAuthentication, ErrProtocol, a *Refusal or what the network said.
	Refused(peer netip.AddrPort, err error)
	// Opened is called when a client may publish.
	Opened(client *Client)
	// Closed is called once for each Opened. err is nil when the client said that it closes, or the server is shutting down;
	// a *Refusal when the server closed the connection; otherwise what the network said.
	Closed(client *Client, err error)
	// ChannelClosed is called when the server closed a channel: a message too large (406), something other than publishing (540).
	ChannelClosed(client *Client, reason *Refusal)
	// Ignored is called for a message that was acknowledged unread because of its exchange or topic.
	Ignored(client *Client)
	// Resent is called for a message that is with the handler already, from a connection that ended.
	Resent(client *Client)
}

// Stats are what a server has at a moment.
type Stats struct {
	// Connections that are open, those included that did not authenticate yet.
	Connections int
	// InFlightBytes is the part of Config.MaxInFlightBytes that is taken.
	InFlightBytes int64
}
