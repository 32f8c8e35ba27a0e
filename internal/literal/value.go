// Package literal reads the two notations in which OpenStack writes an event,
// JSON text and Python literal text, into one ordered tree that keeps all that
// the text says: the order of members, members that occur twice, and the digits
// of numbers.
package literal

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Kind is the kind of a Value.
type Kind uint8

// The kinds of a Value. The zero Value is Null.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

// What is read whole. A node takes 64 bytes and a text may have one in every two of its own, so that a tree without bounds would
// take a hundred times the memory of the text.
const (
	maxDepth  = 1000
	maxValues = 8 << 10
	// freeValues are allowed in any text, and one more for each textPerValue bytes of it.
	freeValues   = 1 << 10
	textPerValue = 16
)

// Value is a node of a document.
type Value struct {
	Kind Kind
	// Cut says of an object with a Shape, and of a document, that it is not all of what the text held.
	Cut bool
	// Key is the name of this value where it is a member of an object.
	Key string
	// Text is the text of a string, a number as it was written, or true or false.
	Text string
	// Items are the elements of an array or the members of an object, in the order of the text.
	Items []Value
}

// Get returns the last member of that name, as Python's and Go's JSON decoders do.
func (v Value) Get(name string) (Value, bool) {
	for _, item := range slices.Backward(v.Items) {
		if item.Key == name && v.Kind == Object {
			return item, true
		}
	}
	return Value{}, false
}

// Scalar reports whether v holds neither elements nor members.
func (v Value) Scalar() bool { return v.Kind < Array }

// String returns the text of a scalar, nothing for null, and JSON for containers.
func (v Value) String() string {
	if v.Scalar() {
		return v.Text
	}
	return string(v.AppendJSON(nil))
}

// AppendJSON appends v as compact JSON. Numbers appear as they were written.
func (v Value) AppendJSON(dst []byte) []byte {
	switch v.Kind {
	case Null:
		return append(dst, "null"...)
	case String:
		return AppendQuoted(dst, v.Text)
	case Array, Object:
		return v.appendContainer(dst)
	default:
		return append(dst, v.Text...)
	}
}

func (v Value) appendContainer(dst []byte) []byte {
	begin, end := byte('['), byte(']')
	if v.Kind == Object {
		begin, end = '{', '}'
	}
	dst = append(dst, begin)
	for i, item := range v.Items {
		if i > 0 {
			dst = append(dst, ',')
		}
		if v.Kind == Object {
			dst = append(AppendQuoted(dst, item.Key), ':')
		}
		dst = item.AppendJSON(dst)
	}
	return append(dst, end)
}

// AppendQuoted appends s as a JSON string. What is no UTF-8 becomes U+FFFD.
func AppendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			dst = appendQuotedASCII(dst, c)
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		dst = utf8.AppendRune(dst, r)
		i += size
	}
	return append(dst, '"')
}

func appendQuotedASCII(dst []byte, c byte) []byte {
	switch {
	case c == '"' || c == '\\':
		return append(dst, '\\', c)
	case c == '\n':
		return append(dst, '\\', 'n')
	case c == '\r':
		return append(dst, '\\', 'r')
	case c == '\t':
		return append(dst, '\\', 't')
	case c < 0x20 || c == 0x7f:
		const hex = "0123456789abcdef"
		return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
	default:
		return append(dst, c)
	}
}

// SyntaxError says where a text stops being what it should be. It never holds any of the text.
type SyntaxError struct {
	// Offset is the byte at which reading stopped.
	Offset int
	// Problem is what was found there.
	Problem string
}

func (e *SyntaxError) Error() string {
	return e.Problem + " at byte " + strconv.Itoa(e.Offset)
}

// ErrTooLarge is the cause where a text has more values, or nests deeper, than is read whole. It can be condensed.
var ErrTooLarge = errors.New("more values or levels than any event has")

func tooLarge(offset int) error { return fmt.Errorf("%w at byte %d", ErrTooLarge, offset) }

// builder collects the items of the containers that are open; a closed container
// takes its own from the top of the stack.
type builder struct {
	stack []Value
	arena []Value
	// chunk is how many items one allocation serves.
	chunk int
	// left is how many values may follow.
	left int
}

// maxChunk holds all containers of a usual event.
const maxChunk = 48

// newBuilder returns a builder for a text: a short one has few items.
func newBuilder(text string) builder {
	return builder{chunk: min(maxChunk, len(text)/8), left: min(freeValues+len(text)/textPerValue, maxValues)}
}

// push adds an item to the container that was opened last, and reports whether there was room.
func (b *builder) push(v Value) bool {
	b.left--
	b.stack = append(b.stack, v)
	return b.left >= 0
}

// close returns the items that were pushed since mark, in a slice of their own.
func (b *builder) close(mark int) []Value {
	items := b.stack[mark:]
	b.stack = b.stack[:mark]
	if len(items) == 0 {
		return nil
	}
	if cap(b.arena)-len(b.arena) < len(items) {
		b.arena = make([]Value, 0, max(b.chunk, len(items)))
	}
	start := len(b.arena)
	b.arena = append(b.arena, items...)
	return b.arena[start:len(b.arena):len(b.arena)]
}
