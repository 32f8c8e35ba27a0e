package oslo

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"

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

// MaxMemory is how many bytes a decoded message may keep in memory at most, its body included.
func MaxMemory(body []byte) int {
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
	inflated, err := inflater(body, bytes.NewReader(body))
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
	v, err := condensed(from)
	if err != nil {
		return Notification{}, err
	}
	return FromValue(v)
}

// condensed is the document that is left of a text. The error is always a *DecodeError.
func condensed(from io.Reader) (literal.Value, error) {
	text := bufio.NewReader(from)
	if mark, err := text.Peek(len(byteOrderMark)); err == nil && string(mark) == byteOrderMark {
		_, _ = text.Discard(len(mark)) // it is there
	}
	v, err := literal.CondenseJSON(text, messageShape())
	if syntax, ok := errors.AsType[*literal.SyntaxError](err); ok {
		return literal.Value{}, &DecodeError{Reason: ReasonJSON, Err: syntax}
	}
	if err != nil {
		return literal.Value{}, &DecodeError{Reason: ReasonCompression, Err: err}
	}
	return v, nil
}

// Condense makes a small body of one that nobody wants to keep, as it comes: a message with what Decode would read of it. Where it is
// no JSON object, it is the beginning of the body.
func Condense(body io.Reader) []byte {
	start := beginning{left: maxBeginning}
	buffered := bufio.NewReader(io.TeeReader(body, &start))
	magic, _ := buffered.Peek(len(bzip2Start)) // a body that is shorter is none of these
	inflated, err := inflater(magic, buffered)
	if err != nil {
		return start.bytes
	}
	var text io.Reader = buffered
	if inflated != nil {
		text = &cutReader{from: inflated, left: maxInflated}
	}
	v, err := condensed(text)
	if err != nil || v.Kind != literal.Object {
		return start.bytes
	}
	return v.AppendJSON(nil)
}

// maxBeginning is as much of a raw body as a record has.
const maxBeginning = 128 << 10

// beginning keeps the first bytes of what is written to it.
type beginning struct {
	bytes []byte
	left  int
}

// Write implements io.Writer.
func (b *beginning) Write(part []byte) (int, error) {
	kept := min(len(part), b.left)
	b.bytes = append(b.bytes, part[:kept]...)
	b.left -= kept
	return len(part), nil
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

// parseJSON reads the JSON value at the start of a text, and condenses one that is too much to be read whole.
func parseJSON(text string, shape func() *literal.Shape) (v literal.Value, rest string, err error) {
	if v, rest, err = literal.ParseJSON(text); errors.Is(err, literal.ErrTooLarge) {
		return literal.CondenseJSONText(text, shape())
	}
	return v, rest, err
}

// parsePython is parseJSON for a Python literal.
func parsePython(text string, shape func() *literal.Shape) (v literal.Value, rest string, err error) {
	if v, rest, err = literal.ParsePython(text); errors.Is(err, literal.ErrTooLarge) {
		return literal.CondensePython(text, shape())
	}
	return v, rest, err
}
