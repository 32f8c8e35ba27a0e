// Package oslo turns bytes into notifications: the envelopes of oslo.messaging,
// compressed bodies, the lines that oslo.log writes, and the transport_url of a
// service's configuration.
package oslo
