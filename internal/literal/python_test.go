package literal

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParsePython(t *testing.T) {
	for _, tc := range []struct{ name, text, want, rest string }{
		{"words", `[None, True, False]`, `[null,true,false]`, ""},
		{"numbers", `[1, -2, 123L, 1e-05, 1.5, nan, inf, -inf]`, `[1,-2,123,1e-05,1.5,NaN,Infinity,-Infinity]`, ""},
		{"huge integer", strings.Repeat("7", 5000), strings.Repeat("7", 5000), ""},
		{"empty containers", `[{}, [], (), set()]`, `[{},[],[],"set()"]`, ""},
		{"tuples", `(1, (2,), ())`, `[1,[2],[]]`, ""},
		{"set", `{'a', 'b'}`, `["a","b"]`, ""},
		{"set of one", `{'a'}`, `["a"]`, ""},
		{"dict", `{'a': {'b': [1]}, 2: None, None: 1}`, `{"a":{"b":[1]},"2":null,"":1}`, ""},
		{"member twice", `{'a': 1, 'a': 2}`, `{"a":1,"a":2}`, ""},
		{"quotes", `["o'brien", 'say "x"', 'it\'s "x"']`, `["o'brien","say \"x\"","it's \"x\""]`, ""},
		{"raw UTF-8", `'it is ü 山田 🎉'`, `"it is ü 山田 🎉"`, ""},
		{"no UTF-8", "'a\xffb'", "\"a\uFFFDb\"", ""},
		{"escapes", `'\\ \n\r\t \x41 \xe9 \u00fc \U0001f389 \0 \101 \q'`, `"\\ \n\r\t A é ü 🎉 \u0000 A \\q"`, ""},
		{"surrogates, Python 2", `u'\ud83c\udf89 \ud83c'`, "\"🎉 \uFFFD\"", ""},
		{"beyond Unicode", `'\Uffffffff'`, "\"\uFFFD\"", ""},
		{"prefixes", `[b'\xc3\xbc', u'x', r'\n', Rb'\x', b'\u00fc']`, `["ü","x","\\n","\\x","\\u00fc"]`, ""},
		{"content holds JSON", `{'content': '{"name":"it\'s \\u00fc"}'}`, `{"content":"{\"name\":\"it's \\u00fc\"}"}`, ""},
		{"datetime", `[datetime.datetime(2026, 3, 4, 23, 12, tzinfo=datetime.timezone.utc), 1]`,
			`["datetime.datetime(2026, 3, 4, 23, 12, tzinfo=datetime.timezone.utc)",1]`, ""},
		{"UUID", `{'id': UUID('1c1f9d2e-8d5b-4a0e-9d0b-0f8f0a3b9a11')}`, `{"id":"UUID('1c1f9d2e-8d5b-4a0e-9d0b-0f8f0a3b9a11')"}`, ""},
		{"OrderedDict", `OrderedDict([('a', ')'), ("b", {})])`, `"OrderedDict([('a', ')'), (\"b\", {})])"`, ""},
		{"frozenset", `{frozenset({1}): 1}`, `{"frozenset({1})":1}`, ""},
		{"object", `[<Obj at 0x7f>, 1]`, `["<Obj at 0x7f>",1]`, ""},
		{"object in an object", `[<Obj <Role: 'a>b'> it's, x>]`, `["<Obj <Role: 'a>b'> it's, x>"]`, ""},
		{"call with an arrow", `f(a -> b, 1 < 2)`, `"f(a -> b, 1 < 2)"`, ""},
		{"constant", `{'s': State.ACTIVE}`, `{"s":"State.ACTIVE"}`, ""},
		{"text behind", `{'a': 1}, Payload: {}`, `{"a":1}`, `, Payload: {}`},
		{"white space", "\n{ 'a' :\n1 }\n", `{"a":1}`, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v, rest, err := ParsePython(tc.text)
			require.NoError(t, err)
			assert.Equal(t, tc.want, string(v.AppendJSON(nil)))
			assert.Equal(t, tc.rest, rest)
		})
	}
}

func TestParsePythonRefuses(t *testing.T) {
	for _, test := range []struct {
		text   string
		offset int
	}{
		{"", 0},
		{"{", 1},
		{"{'a'", 4},
		{"{'a':", 5},
		{"{'a': 1", 7},
		{"{'a': 1, 'b'}", 12},
		{"{(1, 2): 3}", 8},
		{"[1 2]", 3},
		{"[1", 2},
		{"[,]", 1},
		{"(1", 2},
		{"'abc", 4},
		{`'\`, 2},
		{`'\x4`, 4},
		{`'\xzz'`, 3},
		{"'a\\'", 4},
		{"f(", 2},
		{"f(]", 2},
		{"f('", 3},
		{"f('\\", 5},
		{"<Obj at ", 8},
		{"< >", 0},
		{"-", 1},
		{"$secret", 0},
		{"{'a': 1, **secret", 9},
	} {
		_, _, err := ParsePython(test.text)
		var syntax *SyntaxError
		require.ErrorAs(t, err, &syntax, test.text)
		assert.Equal(t, min(test.offset, len(test.text)), syntax.Offset, test.text)
		assert.NotContains(t, err.Error(), "secret", "an error never holds any of the text")
	}
}

func TestPythonNestingIsBounded(t *testing.T) {
	for _, pair := range [][2]string{{"[", "]"}, {"(", ",)"}, {"{", "}"}, {"{'a': ", "}"}} {
		nest := func(levels int) string {
			return strings.Repeat(pair[0], levels) + "1" + strings.Repeat(pair[1], levels)
		}
		_, _, err := ParsePython(nest(1000))
		require.NoError(t, err)
		_, _, err = ParsePython(nest(100_000))
		require.ErrorIs(t, err, ErrTooLarge)
	}
	_, _, err := ParsePython(strings.Repeat("f(", 100_000) + strings.Repeat(")", 100_000))
	require.NoError(t, err, "what is kept as text nests without recursion")
}

// appendPython writes v as repr does.
func appendPython(dst []byte, v Value) []byte {
	switch v.Kind {
	case Null:
		return append(dst, "None"...)
	case Bool:
		return append(dst, map[string]string{"true": "True", "false": "False"}[v.Text]...)
	case Number:
		word, ok := map[string]string{"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}[v.Text]
		if ok {
			return append(dst, word...)
		}
		return append(dst, v.Text...)
	case String:
		return appendRepr(dst, v.Text)
	case Array:
		return append(appendPythonItems(append(dst, '['), v), ']')
	default:
		return append(appendPythonItems(append(dst, '{'), v), '}')
	}
}

func appendPythonItems(dst []byte, v Value) []byte {
	for i, item := range v.Items {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		if v.Kind == Object {
			dst = append(appendRepr(dst, item.Key), ": "...)
		}
		dst = appendPython(dst, item)
	}
	return dst
}

// appendRepr follows unicode_repr of CPython, Objects/unicodeobject.c.
func appendRepr(dst []byte, s string) []byte {
	quote := '\''
	if strings.ContainsRune(s, '\'') && !strings.ContainsRune(s, '"') {
		quote = '"'
	}
	dst = utf8.AppendRune(dst, quote)
	for _, r := range s {
		switch {
		case r == quote || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case unicode.IsPrint(r):
			dst = utf8.AppendRune(dst, r)
		case r <= 0xff:
			dst = fmt.Appendf(dst, `\x%02x`, r)
		case r <= 0xffff:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		default:
			dst = fmt.Appendf(dst, `\U%08x`, r)
		}
	}
	return utf8.AppendRune(dst, quote)
}

// FuzzPythonIsJSON holds the two notations against each other: a document that JSON
// can say gives the same tree when Python says it.
func FuzzPythonIsJSON(f *testing.F) {
	for _, text := range append(captured(f, "notifications", ".jsonl"), captured(f, "loglines", "json.log")...) {
		f.Add(text)
	}
	f.Add(`{"a": [null, true, -1.5e3, NaN, "it's \"ü\" \ud83c\udf89 \u202e\u0000"], "": {}}`)
	f.Fuzz(func(t *testing.T, text string) {
		want, _, err := ParseJSON(text)
		if err != nil {
			return
		}
		got, rest, err := ParsePython(string(appendPython(nil, want)))
		require.NoError(t, err)
		require.Empty(t, rest)
		require.Equal(t, string(want.AppendJSON(nil)), string(got.AppendJSON(nil)))
	})
}

// FuzzParsePython feeds text of any kind: no panic, and whatever is read is a tree.
func FuzzParsePython(f *testing.F) {
	for _, line := range append(captured(f, "loglines", "native.log"), captured(f, "loglines", "native-sapcc.log")...) {
		if _, literal, ok := strings.Cut(line, "Payload: "); ok {
			f.Add(literal)
		}
	}
	for _, text := range []string{
		`{'a': (1, 123L), "b": {b'\xff', u'\ud83c'}, 'c': datetime.datetime(2026, 3), 'd': <Obj at 0x7f>}`,
		`'\U0001f389\101\q`, `f(<a 'b'>, [{")"}])`, `[[[[[[[`, `-inf`, `{1: {2: {3}}}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, rest, err := ParsePython(text)
		if err != nil {
			return
		}
		checkTree(t, v, text, rest)
		again, _, err := ParsePython(string(appendPython(nil, v)))
		require.NoError(t, err)
		require.Equal(t, string(v.AppendJSON(nil)), string(again.AppendJSON(nil)))
	})
}

func BenchmarkParsePython(b *testing.B) {
	text := `{'typeURI': 'http://schemas.dmtf.org/cloud/audit/1.0/event', 'eventType': 'activity', ` +
		`'id': 'd5eb835f-51b6-5fc3-ac9e-ac809a23b7bf', 'outcome': 'success', 'observer': {'id': 'target'}, ` +
		`'initiator': {'id': '01ba7dcc3c69449c8c60c2f2a0370ca0', 'name': "o'brien", 'host': {'address': '10.0.0.9', 'agent': 'curl/8'}}, ` +
		`'tags': ['correlation_id?value=dee9020c-34ad-5323-ba10-fc3ef83e0283']}`
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := ParsePython(text); err != nil {
			b.Fatal(err)
		}
	}
}

// A payload of a megabyte, and one that is made to be slow, take work in proportion to their length.
func BenchmarkParsePythonLength(b *testing.B) {
	for _, size := range []int{100_000, 1_000_000} {
		for _, test := range []struct{ name, unit string }{{"strings", `'\x41', `}, {"objects", `<Obj 'a', `}, {"nested", `[{'a': (`},
			{"calls", "f(1), "}} {
			text := bytes.Repeat([]byte(test.unit), size/len(test.unit))
			b.Run(fmt.Sprintf("%s/%d", test.name, size), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					_, _, _ = ParsePython("[" + string(text))
				}
			})
		}
	}
}
