package literal

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

func TestParseJSONTraps(t *testing.T) {
	for _, tc := range []struct{ name, text, want, rest string }{
		{"surrogate pair", `"\ud83c\udf89"`, `"🎉"`, ""},
		{"lone high surrogate", `"a\ud83cb"`, "\"a\uFFFDb\"", ""},
		{"lone low surrogate", `"\udf89"`, "\"\uFFFD\"", ""},
		{"high surrogate and letter", `"\ud83c\u0041"`, "\"\uFFFDA\"", ""},
		{"two high surrogates", `"\ud83c\ud83c\udf89"`, "\"\uFFFD🎉\"", ""},
		{"byte that is no UTF-8", "\"a\xffb\"", "\"a\uFFFDb\"", ""},
		{"the same beside an escape", "\"\\n\xffb\"", "\"\\n\uFFFDb\"", ""},
		{"control character", "\"a\nb\x00\"", `"a\nb\u0000"`, ""},
		{"member twice", `{"a":1,"a":{"b":2}}`, `{"a":1,"a":{"b":2}}`, ""},
		{"Python's numbers", `[NaN, Infinity, -Infinity]`, `[NaN,Infinity,-Infinity]`, ""},
		{"digits as written", `[1.0,100000000000000000000001,-0,1e-05,0.10]`, `[1.0,100000000000000000000001,-0,1e-05,0.10]`, ""},
		{"huge number", strings.Repeat("9", 4000), strings.Repeat("9", 4000), ""},
		{"text behind", " {} \x1b[00m", `{}`, "\x1b[00m"},
		{"second value behind", `1 2`, `1`, `2`},
		{"all escapes", `"\"\\\/\b\f\n\r\t\u00fc"`, `"\"\\/\u0008\u000c\n\r\tü"`, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v, rest, err := ParseJSON(tc.text)
			require.NoError(t, err)
			assert.Equal(t, tc.want, string(v.AppendJSON(nil)))
			assert.Equal(t, tc.rest, rest)
		})
	}
}

func TestParseJSONRefuses(t *testing.T) {
	for _, test := range []struct {
		text   string
		offset int
	}{
		{"", 0},
		{"  ", 2},
		{`{`, 1},
		{`{"a"`, 4},
		{`{"a":`, 5},
		{`{"a":1`, 6},
		{`{"a":1,}`, 7},
		{`{a:1}`, 1},
		{`[1,]`, 3},
		{`[1 2]`, 3},
		{`"abc`, 4},
		{`"\`, 2},
		{`"\x41"`, 2},
		{`"\u12"`, 3},
		{`-`, 1},
		{`1.`, 2},
		{`1e+`, 3},
		{`nul`, 0},
		{`'a'`, 0},
		{`{"a":1]`, 6},
		{`{"a" 1}`, 5},
		{`{"a":undefined`, 5},
	} {
		_, _, err := ParseJSON(test.text)
		var syntax *SyntaxError
		require.ErrorAs(t, err, &syntax, test.text)
		assert.Equal(t, test.offset, syntax.Offset, test.text)
		assert.NotContains(t, err.Error(), "undefined", "an error never holds any of the text")
	}
}

func TestNestingIsBounded(t *testing.T) {
	for _, pair := range []string{"[]", `{"a":}`} {
		open, end := pair[:len(pair)-1], pair[len(pair)-1:]
		nest := func(levels int) string {
			return strings.Repeat(open, levels) + "1" + strings.Repeat(end, levels)
		}
		v, _, err := ParseJSON(nest(1000))
		require.NoError(t, err)
		assert.Equal(t, nest(1000), v.String())
		_, _, err = ParseJSON(nest(maxDepth))
		require.NoError(t, err)
		_, _, err = ParseJSON(nest(100_000))
		require.ErrorIs(t, err, ErrTooLarge)
	}
}

// captured returns a few lines of each capture in folder that is named so.
func captured(f *testing.F, folder, ending string) []string {
	f.Helper()
	var texts []string
	for _, name := range fixtures.Names(f, folder, ending) {
		lines := fixtures.Lines(f, folder+"/"+name+ending)
		for i := 0; i < len(lines); i += 1 + len(lines)/8 {
			texts = append(texts, lines[i])
		}
	}
	return texts
}

// FuzzParseJSON holds the parser against encoding/json: what that takes, this takes
// and means the same by. Where the text is no UTF-8 the two differ in how many
// U+FFFD stand for it.
func FuzzParseJSON(f *testing.F) {
	for _, text := range append(captured(f, "notifications", ".jsonl"), captured(f, "loglines", "json.log")...) {
		f.Add(text)
	}
	for _, text := range []string{`{"a":1,"a":[NaN]}`, `"\ud83c\udf89\ud83c"`, "\"\xff\"", `[[[[]]]] x`, `-1.5e+3`, `{"":{}}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, rest, err := ParseJSON(text)
		if !json.Valid([]byte(text)) || !utf8.ValidString(text) {
			if err == nil {
				checkTree(t, v, text, rest)
			}
			return
		}
		require.NoError(t, err)
		require.Empty(t, rest)
		require.Equal(t, decode(t, []byte(text)), decode(t, v.AppendJSON(nil)))
	})
}

// checkTree says what holds for every tree: its texts are UTF-8, and its JSON is a
// text of the same tree.
func checkTree(t *testing.T, v Value, text, rest string) {
	t.Helper()
	require.True(t, strings.HasSuffix(text, rest))
	out := v.AppendJSON(nil)
	require.True(t, utf8.Valid(out))
	again, behind, err := ParseJSON(string(out))
	require.NoError(t, err)
	require.Empty(t, behind)
	require.Equal(t, string(out), string(again.AppendJSON(nil)))
}

func decode(t *testing.T, text []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	require.NoError(t, d.Decode(&v))
	_, err := d.Token()
	require.ErrorIs(t, err, io.EOF)
	return v
}

func BenchmarkParseJSON(b *testing.B) {
	line := fixtures.Lines(b, "notifications/amqp-keystone-messaging-v1.jsonl")[0]
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := ParseJSON(line); err != nil {
			b.Fatal(err)
		}
	}
}
