package oslo

import (
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/cadf"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
)

// DecodeError is why bytes are no notification. It never has any of them.
type DecodeError struct {
	Reason Reason
	Err    error
}

// Reason is the kind of a DecodeError, for metrics.
type Reason string

// The reasons for which bytes are no notification.
const (
	ReasonCompression     Reason = "compression"
	ReasonJSON            Reason = "json"
	ReasonEnvelopeVersion Reason = "envelope_version"
	ReasonNotNotification Reason = "not_a_notification"
)

func (e *DecodeError) Error() string { return string(e.Reason) + ": " + e.Err.Error() }

func (e *DecodeError) Unwrap() error { return e.Err }

var (
	errTrailing  = errors.New("text after the end of the JSON value")
	errNoObject  = errors.New("not a JSON object")
	errNoPayload = errors.New("neither a payload nor a CADF event")
	errNotSigned = errors.New("no signed event of the Rust Keystone: action, id, event_time, seq, " +
		"boot_session_id or observer.node_id is missing")
	errTooLong     = errors.New("far longer than any event of the Rust Keystone")
	errNoEventType = errors.New("no event_type, and the payload is no CADF event")
)

// inflater undoes kombu's compression of a body that begins so; it is nil where there is none. The headers are of no use: kombu labels
// a zlib stream application/x-gzip, so the first bytes decide, kombu/compression.py.
func inflater(start []byte, body io.Reader) (r io.Reader, err error) {
	switch {
	case !IsCompressed(start):
		return nil, nil
	case isZlib(start):
		r, err = zlib.NewReader(body)
	case bytes.HasPrefix(start, gzipStart):
		r, err = gzip.NewReader(body)
	default:
		r = bzip2.NewReader(body)
	}
	if err != nil {
		return nil, &DecodeError{Reason: ReasonCompression, Err: err}
	}
	return r, nil
}

// The beginnings of what gzip and bzip2 write.
var (
	gzipStart  = []byte{0x1f, 0x8b}
	bzip2Start = []byte("BZh")
)

// IsCompressed reports whether a body is compressed as kombu does it.
func IsCompressed(body []byte) bool {
	return isZlib(body) || bytes.HasPrefix(body, gzipStart) || bytes.HasPrefix(body, bzip2Start)
}

// isZlib recognises the header of RFC 1950: deflate, and a checksum over both bytes.
func isZlib(body []byte) bool {
	return len(body) >= 2 && body[0] == 0x78 && (uint(body[0])<<8|uint(body[1]))%31 == 0
}

// openEnvelope returns the message within a v2 envelope, or v itself where there
// is none, oslo_messaging/_drivers/common.py deserialize_msg.
func openEnvelope(v literal.Value) (literal.Value, []cadf.Extra, error) {
	version, hasVersion := v.Get("oslo.version")
	message, hasMessage := v.Get("oslo.message")
	if !hasVersion || !hasMessage {
		return v, nil, nil
	}
	if version.Text != "2" && !strings.HasPrefix(version.Text, "2.") {
		return v, nil, &DecodeError{Reason: ReasonEnvelopeVersion, Err: fmt.Errorf("envelope version is not 2.x but %.16q", version.Text)}
	}
	var extras []cadf.Extra
	for _, m := range v.Items {
		if m.Key != "oslo.version" && m.Key != "oslo.message" && m.Kind != literal.Null {
			extras = append(extras, cadf.Extra{Path: m.Key, Value: m})
		}
	}
	if message.Kind != literal.String {
		return message, extras, nil
	}
	inner, err := parseWhole(message.Text)
	if err != nil {
		return v, nil, &DecodeError{Reason: ReasonJSON, Err: fmt.Errorf("oslo.message: %w", err)}
	}
	return inner, extras, nil
}
