package exporttest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Expected is what a verifier has to find.
type Expected struct {
	Altered, Missing, Extra []string
	Repeated                int
}

// Mutation is one way in which somebody may have changed what a backend has.
type Mutation struct {
	Name string
	// change changes documents; those that it gets have different uids.
	change func(t testing.TB, layout Layout, documents []Document) ([]Document, Expected)
}

// Mutate returns changed copies of documents. Those with the uids of others stay as they are.
func (m Mutation) Mutate(t testing.TB, layout Layout, documents []Document) ([]Document, Expected) {
	t.Helper()
	uids := map[string]int{}
	for _, document := range documents {
		uids[layout.UID(document)]++
	}
	var kept, changed []Document
	for _, document := range documents {
		if uids[layout.UID(document)] == 1 {
			changed = append(changed, clone(t, document))
		} else {
			kept = append(kept, document)
		}
	}
	changed, expected := m.change(t, layout, changed)
	for _, uids := range [][]string{expected.Altered, expected.Missing, expected.Extra} {
		slices.Sort(uids)
	}
	return append(changed, kept...), expected
}

func clone(t testing.TB, document Document) (copied Document) {
	t.Helper()
	data, err := json.Marshal(document)
	require.NoError(t, err)
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&copied))
	return copied
}

// rounds is how many fields of each record are changed, another one each time.
const rounds = 4

// Mutations are all of them.
func Mutations() []Mutation {
	all := []Mutation{
		everyRecord("a space before the body", func(l Layout, d Document, _ int) bool {
			l.setBody(d, " "+l.body(d))
			return true
		}),
		everyRecord("one letter of the body", func(l Layout, d Document, i int) bool {
			text := []byte(l.body(d))
			text[i%len(text)] ^= 1
			l.setBody(d, string(text))
			return true
		}),
		everyRecord("no body", func(l Layout, d Document, _ int) bool {
			l.setBody(d, "")
			return true
		}),
		everyRecord("the time, by a nanosecond", func(l Layout, d Document, _ int) bool { l.later(d, time.Nanosecond); return true }),
		everyRecord("the time, by an hour", func(l Layout, d Document, _ int) bool { l.later(d, time.Hour); return true }),
		everyRecord("an attribute more", func(l Layout, d Document, _ int) bool {
			place, _ := l.find(d, l.uid)
			place.set("note", "added")
			return true
		}),
		{"removed", func(_ testing.TB, l Layout, documents []Document) (kept []Document, expected Expected) {
			for i, document := range documents {
				if i%7 == 3 {
					expected.Missing = append(expected.Missing, l.UID(document))
				} else {
					kept = append(kept, document)
				}
			}
			return kept, expected
		}},
		{"all removed but one", func(_ testing.TB, l Layout, documents []Document) ([]Document, Expected) {
			var expected Expected
			for _, document := range documents[1:] {
				expected.Missing = append(expected.Missing, l.UID(document))
			}
			return documents[:1], expected
		}},
		{"added", func(t testing.TB, l Layout, documents []Document) ([]Document, Expected) {
			var expected Expected
			for i, document := range documents[:10] {
				forged := clone(t, document)
				uid := fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
				l.set(forged, l.uid, uid)
				documents = append(documents, forged)
				expected.Extra = append(expected.Extra, uid)
			}
			return documents, expected
		}},
		{"another uid", func(_ testing.TB, l Layout, documents []Document) ([]Document, Expected) {
			var expected Expected
			for i, document := range documents[:10] {
				uid := fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
				expected.Missing = append(expected.Missing, l.UID(document))
				expected.Extra = append(expected.Extra, uid)
				l.set(document, l.uid, uid)
			}
			return documents, expected
		}},
		{"swapped uids", func(_ testing.TB, l Layout, documents []Document) ([]Document, Expected) {
			a, b := documents[0], documents[1]
			uids := []string{l.UID(a), l.UID(b)}
			l.set(a, l.uid, uids[1])
			l.set(b, l.uid, uids[0])
			return documents, Expected{Altered: uids}
		}},
		{"swapped bodies", func(_ testing.TB, l Layout, documents []Document) ([]Document, Expected) {
			a := documents[0]
			for _, b := range documents {
				if bodyA, bodyB := l.body(a), l.body(b); bodyA != bodyB {
					l.setBody(a, bodyB)
					l.setBody(b, bodyA)
					return documents, Expected{Altered: []string{l.UID(a), l.UID(b)}}
				}
			}
			return documents, Expected{}
		}},
		{"repeated", func(_ testing.TB, _ Layout, documents []Document) ([]Document, Expected) {
			return append(documents, documents[:20]...), Expected{Repeated: 20}
		}},
		{"in another order", func(_ testing.TB, _ Layout, documents []Document) ([]Document, Expected) {
			slices.Reverse(documents)
			return documents, Expected{}
		}},
		{"an altered copy beside the record", func(t testing.TB, l Layout, documents []Document) ([]Document, Expected) {
			copied := clone(t, documents[5])
			l.setBody(copied, "nothing happened")
			return append(documents, copied), Expected{Altered: []string{l.UID(copied)}}
		}},
	}
	for round := range rounds {
		all = append(all,
			everyRecord(fmt.Sprintf("the value of a field, %d", round), func(l Layout, d Document, i int) bool {
				place, key := fieldAt(l, d, i+round)
				place.set(key, other(place.get(key)))
				return true
			}),
			everyRecord(fmt.Sprintf("without a field, %d", round), func(l Layout, d Document, i int) bool {
				place, key := fieldAt(l, d, i+round)
				place.remove(key)
				return true
			}))
	}
	return all
}

// fieldAt returns an attribute or another field that is not the uid.
func fieldAt(l Layout, d Document, i int) (place members, key string) {
	paths := l.paths(d)
	slices.Sort(paths)
	return l.find(d, paths[i%len(paths)])
}

// other is another value that the place of a value may have.
func other(value any) any {
	text := fmt.Sprint(value)
	if number, ok := value.(json.Number); ok {
		if whole, err := number.Int64(); err == nil {
			return json.Number(fmt.Sprint(whole + 1))
		}
	}
	if len(text) >= 16 && strings.Trim(text, "0123456789abcdef") == "" { // a time, or the id of a trace
		if strings.HasSuffix(text, "0") {
			return text[:len(text)-1] + "1"
		}
		return text[:len(text)-1] + "0"
	}
	return text + "x"
}

// everyRecord changes each record, of which each has to be found.
func everyRecord(name string, change func(l Layout, d Document, i int) bool) Mutation {
	return Mutation{name, func(_ testing.TB, l Layout, documents []Document) ([]Document, Expected) {
		var expected Expected
		for i, document := range documents {
			if change(l, document, i) {
				expected.Altered = append(expected.Altered, l.UID(document))
			}
		}
		return documents, expected
	}}
}
