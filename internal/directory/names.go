package directory

import "strings"

// names holds the texts of a shard end to end: a text of its own costs a pointer, and its size rounded up. What it returned
// stays as it is, whatever is added.
type names struct {
	full []string
	last *strings.Builder
	// held and dropped are the bytes of all texts, and of those that nobody refers to any more.
	held, dropped int
}

// nameRef is where a text stands. The zero value is the empty one.
type nameRef struct {
	chunk         uint32
	offset, bytes uint16
}

// chunkBytes is what texts are put into; it is also the longest text. A log record keeps the chunks of its names alive.
const chunkBytes = 4096

func (n *names) add(text string) nameRef {
	if text == "" {
		return nameRef{}
	}
	if n.last == nil || n.last.Len()+len(text) > chunkBytes {
		if n.last != nil {
			n.full = append(n.full, n.last.String())
		}
		n.last = &strings.Builder{}
		n.last.Grow(chunkBytes)
	}
	ref := nameRef{chunk: uint32(len(n.full)), offset: uint16(n.last.Len()), bytes: uint16(len(text))}
	n.last.WriteString(text)
	n.held += len(text)
	return ref
}

func (n *names) get(ref nameRef) string {
	if ref.bytes == 0 {
		return ""
	}
	if int(ref.chunk) < len(n.full) {
		return n.full[ref.chunk][ref.offset:][:ref.bytes]
	}
	return n.last.String()[ref.offset:][:ref.bytes]
}

func (n *names) drop(ref nameRef) { n.dropped += int(ref.bytes) }

// wasteful says whether the texts are worth to be put together anew.
func (n *names) wasteful() bool { return n.dropped > chunkBytes && n.dropped > n.held/2 }
