package oslo

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"maps"
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/cadf"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
)

// What is read whole, and how much of the rest is read at all. A message that is larger, or has more values than
// literal.ParseJSON takes, is condensed: what identifies the event is read wherever it stands, and of all else the beginning. That
// takes as little memory as a small message does, whatever the bytes say.
const (
	// maxWhole is far more than any service writes.
	maxWhole = 1 << 20
	// A compressed body is read whole if it is maxWholeRatio times its size at most, or freeInflated. JSON compresses to a fifth.
	maxWholeRatio = 16
	freeInflated  = 64 << 10
	// maxInflated is where a compressed body is cut: what RabbitMQ before 4.0 would have carried.
	maxInflated = 128 << 20
)

// MaxHeld is how many bytes a decoded message may keep in memory at most, its body included.
func MaxHeld(body []byte) int {
	if !IsCompressed(body) {
		return len(body)
	}
	return len(body) + wholeInflated(body)
}

// wholeInflated is how much of a compressed body is read whole.
func wholeInflated(body []byte) int {
	return min(max(freeInflated, maxWholeRatio*len(body)), maxWhole)
}

// decodeBody reads whatever there is.
func decodeBody(body []byte) (Notification, error) {
	inflated, err := inflater(body)
	switch {
	case err != nil:
		return Notification{}, err
	case inflated == nil && len(body) > maxWhole:
		return condense(bytes.NewReader(body))
	case inflated == nil:
		return decodeText(asText(body))
	}
	limit := wholeInflated(body)
	start, err := io.ReadAll(io.LimitReader(inflated, int64(limit)+1))
	if err != nil {
		return Notification{}, &DecodeError{Reason: ReasonCompression, Err: err}
	}
	if len(start) <= limit {
		return decodeText(asText(start))
	}
	rest := &cutReader{from: inflated, left: maxInflated - len(start)}
	return condense(io.MultiReader(bytes.NewReader(start), rest))
}

func decodeText(text string) (Notification, error) {
	n, err := decodePlain(text)
	if errors.Is(err, literal.ErrTooLarge) {
		return condense(strings.NewReader(text))
	}
	return n, err
}

// condense reads a message of any size as it comes, and keeps nothing of its text. The error is always a *DecodeError.
func condense(from io.Reader) (Notification, error) {
	text := bufio.NewReader(from)
	if mark, err := text.Peek(len(byteOrderMark)); err == nil && string(mark) == byteOrderMark {
		_, _ = text.Discard(len(mark)) // it is there
	}
	v, err := literal.CondenseJSON(text, messageShape())
	if syntax, ok := errors.AsType[*literal.SyntaxError](err); ok {
		return Notification{}, &DecodeError{Reason: ReasonJSON, Err: syntax}
	}
	if err != nil {
		return Notification{}, &DecodeError{Reason: ReasonCompression, Err: err}
	}
	return FromValue(v)
}

// cutReader gives out as many bytes as are left, and says literal.ErrCut where there are more.
type cutReader struct {
	from io.Reader
	left int
}

// Read implements io.Reader.
func (r *cutReader) Read(to []byte) (int, error) {
	n, err := r.from.Read(to[:min(len(to), r.left+1)])
	if n > r.left {
		return r.left, literal.ErrCut
	}
	r.left -= n
	return n, err
}

// messageShape is what FromValue reads by name, whatever envelope the message is in.
func messageShape() *literal.Shape {
	var n Notification
	event, payload := cadf.Shape(), cadf.Shape()
	payload.Replaces = true
	payload.Text = either(payload.Text, func(name string) bool { field, _ := n.Basic.textField(name); return field != nil })
	message := &literal.Shape{
		Text: either(event.Text, func(name string) bool {
			field, _ := n.textField(name)
			return field != nil || name == "oslo.version" || name == rpcMethod
		}),
		Members: event.Members,
	}
	message.Members["payload"] = payload
	message.Members[rpcArguments] = &literal.Shape{Replaces: true}
	within := *message
	within.Replaces, within.Quoted = true, true
	envelope := *message
	envelope.Members = maps.Clone(message.Members)
	envelope.Members["oslo.message"] = &within
	return &envelope
}

func either(one, other func(name string) bool) func(name string) bool {
	return func(name string) bool { return one(name) || other(name) }
}
