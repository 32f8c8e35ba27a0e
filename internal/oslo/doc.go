// Package oslo turns bytes into notifications: the envelopes of oslo.messaging,
// compressed bodies, and the lines that oslo.log writes.
package oslo
