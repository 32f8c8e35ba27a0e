package auditlog

import "strings"

// textMaker makes new texts of others. They are written one after the other into the same memory: a log record has several, and
// one allocation serves many. Whoever keeps one keeps its neighbours in memory, size bytes at most: those of the same batch,
// which live as long anyhow. The zero textMaker allocates each text by itself.
type textMaker struct {
	size   int
	memory strings.Builder
}

// join returns the texts as one.
func (m *textMaker) join(texts ...string) string {
	length := 0
	for _, text := range texts {
		length += len(text)
	}
	if m.memory.Cap()-m.memory.Len() < length { // the builder must not grow: it would copy what it has
		m.memory.Reset()
		m.memory.Grow(max(m.size, length))
	}
	start := m.memory.Len()
	for _, text := range texts {
		m.memory.WriteString(text)
	}
	return m.memory.String()[start:]
}
