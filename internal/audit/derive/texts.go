package derive

import "strings"

// Texts keeps new texts, one after the other, in memory that they share: a log record has several, and one allocation serves many. Whoever
// keeps one keeps its neighbours in memory, Size bytes at most: those of the same batch, which live as long anyhow. The zero Texts
// allocates each text by itself.
type Texts struct {
	Size   int
	memory strings.Builder
}

// Keep returns the text as a string.
func (t *Texts) Keep(text []byte) string {
	if t.memory.Cap()-t.memory.Len() < len(text) { // the builder must not grow: it would copy what it has
		t.memory.Reset()
		t.memory.Grow(max(t.Size, len(text)))
	}
	start := t.memory.Len()
	t.memory.Write(text)
	return t.memory.String()[start:]
}
