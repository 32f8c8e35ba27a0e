package literal

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// testShape has a text, an object with a text, one that replaces itself and may be quoted, and a list.
func testShape() *Shape {
	text := func(names ...string) func(string) bool {
		return func(name string) bool { return slices.Contains(names, name) }
	}
	return &Shape{Text: text("id", "name"), Whole: text("message"), Members: map[string]*Shape{
		"actor": {Text: text("id", "name")},
		"inner": {Text: text("id", "name"), Replaces: true, Quoted: true, Members: map[string]*Shape{"actor": {Text: text("id")}}},
		"steps": {Text: text("time"), Elements: true},
	}}
}

// named is what of a document the shape names.
func named(v Value, shape *Shape) Value {
	if v.Kind != Object {
		return Value{}
	}
	out := Value{Kind: Object}
	last := map[string]Value{}
	var order []string
	for _, item := range v.Items {
		inner := shape.Members[item.Key]
		switch {
		case inner != nil && inner.Quoted && item.Kind == String:
			document, rest, err := ParseJSON(item.Text)
			if err != nil || rest != "" {
				continue
			}
			document.Key = item.Key
			item = document
		case inner == nil && (!item.Scalar() || !shape.text(item.Key) && !shape.whole(item.Key)):
			continue
		}
		if inner != nil && !inner.Replaces && item.Kind != Object && (!inner.Elements || item.Kind != Array) {
			continue
		}
		former, again := last[item.Key]
		if !again {
			order = append(order, item.Key)
		}
		switch {
		case inner != nil && inner.Elements:
			elements := append(former.Items, elementsOf(item)...)
			if len(elements) == 0 {
				delete(last, item.Key)
				order = order[:len(order)-1]
				continue
			}
			item = Value{Kind: Array, Key: item.Key, Items: elements[len(elements)-1:]}
		case inner != nil && !inner.Replaces:
			item.Items = append(former.Items, item.Items...)
		}
		last[item.Key] = item
	}
	for _, name := range order {
		v := last[name]
		if inner := shape.Members[name]; inner != nil && inner.Elements {
			v.Items = []Value{named(v.Items[0], inner)}
		} else if inner != nil {
			v = named(v, inner)
		}
		v.Key, v.Cut = name, false
		out.Items = append(out.Items, v)
	}
	return out
}

func elementsOf(v Value) (objects []Value) {
	if v.Kind == Object {
		return []Value{v}
	}
	for _, item := range v.Items {
		if item.Kind == Object {
			objects = append(objects, item)
		}
	}
	return objects
}

// sortedText is the JSON text of what a shape names, in one order.
func sortedText(v Value) string {
	var texts []string
	for _, item := range v.Items {
		key := item.Key
		item.Key = ""
		text := string(item.AppendJSON(nil))
		if item.Kind == Object {
			text = sortedText(item)
		}
		texts = append(texts, fmt.Sprintf("%q: %s", key, text))
	}
	slices.Sort(texts)
	return "{" + strings.Join(texts, ", ") + "}"
}

func TestCondense(t *testing.T) {
	many := strings.Repeat("0,", 10_000) + "0"
	for _, tc := range []struct{ name, text, want string }{
		{"behind junk", `{"junk": [` + many + `], "id": "a"}`, `{"id":"a"}`},
		{"before junk", `{"id": 12, "junk": {"id": [` + many + `]}}`, `{"id":12}`},
		{"last of many", `{"junk": [` + many + `], ` + strings.Repeat(`"id": 1, `, 10_000) + `"id": 2}`, `{"id":2}`},
		{"read into one", `{"junk": [` + many + `], "actor": {"id": 1, "name": "x"}, "actor": {"id": 2}}`, `{"actor":{"id":2,"name":"x"}}`},
		{"the last alone", `{"junk": [` + many + `], "inner": {"id": 1, "name": "x"}, "inner": {"id": 2}}`, `{"inner":{"id":2}}`},
		{"the last, no object", `{"junk": [` + many + `], "inner": {"id": 1, "name": "x"}, "inner": null}`, `{"inner":null}`},
		{"quoted", `{"junk": [` + many + `], "inner": "{\"id\": \"\\ud83d\\ude00\\\"\\n\", \"actor\": {\"id\": 1}}", "id": 2}`,
			`{"inner":{"id":"😀\"\n","actor":{"id":1}},"id":2}`},
		{"quoted surrogates", `{"junk": [` + many + `], "inner": "{\"id\": \"\ud83d\ude00 \ud83d \ude00 \ud83dx\"}"}`,
			"{\"inner\":{\"id\":\"😀 \uFFFD \uFFFD \uFFFDx\"}}"},
		{"last step", `{"junk": [` + many + `], "steps": [{"time": 1}, 2, {"time": 3}]}`, `{"steps":[{"time":3}]}`},
		{"one step", `{"junk": [` + many + `], "steps": {"time": 3}}`, `{"steps":[{"time":3}]}`},
		{"null for an object", `{"junk": [` + many + `], "actor": {"id": 1}, "actor": null, "id": {}}`, `{"actor":{"id":1}}`},
		{"deep", `{"junk": ` + strings.Repeat(`[{"a":`, 20_000) + "1" + strings.Repeat("}]", 20_000) + `, "id": 1}`, `{"id":1}`},
		{"brackets in strings", `{"junk": [` + many + `, "]}\"]}\\", {"]": "}"}], "id": "]"}`, `{"id":"]"}`},
		{"a long number", `{"junk": [` + many + `], "id": ` + strings.Repeat("7", 5000) + `}`,
			`{"id":"` + strings.Repeat("7", condensedText) + `"}`},
		{"a long text", `{"id": "` + strings.Repeat("é", 5000) + `"}`, `{"id":"` + strings.Repeat("é", condensedText/2) + `"}`},
		{"cut in an escape", `{"id": "` + strings.Repeat("x", condensedText-3) + `\u00e9y"}`,
			`{"id":"` + strings.Repeat("x", condensedText-3) + `"}`},
		{"cut in a pair", `{"id": "` + strings.Repeat("x", condensedText-6) + `\ud83d\ude00"}`,
			`{"id":"` + strings.Repeat("x", condensedText-6) + `"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			readers := []struct {
				how    string
				reader io.Reader
			}{{"at once", strings.NewReader(tc.text)}, {"byte by byte", iotest.OneByteReader(strings.NewReader(tc.text))}}
			for _, test := range readers {
				v, err := CondenseJSON(test.reader, testShape())
				require.NoError(t, err, test.how)
				assert.True(t, v.Cut, test.how)
				assert.Equal(t, tc.want, string(named(v, testShape()).AppendJSON(nil)), test.how)
			}
			if !strings.Contains(tc.name, "cut in") && !strings.Contains(tc.name, "long number") { // those cut what is written
				v, rest, err := CondenseJSONText(tc.text+" rest", testShape())
				require.NoError(t, err)
				assert.Equal(t, "rest", rest)
				assert.Equal(t, tc.want, string(named(v, testShape()).AppendJSON(nil)))
			}
		})
	}
}

func TestCondensePython(t *testing.T) {
	many := strings.Repeat("(0, <Obj it's>), ", 5000)
	for _, test := range []struct{ text, want string }{
		{`{'junk': [` + many + `], 'id': u'it\'s \xfc'} rest`, `{"id":"it's ü"}`},
		{`{'id': None, 'junk': {` + many + `}, 'actor': {'id': UUID('x')}} rest`, `{"id":null,"actor":{"id":"UUID('x')"}}`},
		{`{'junk': ` + strings.Repeat("[(", 20_000) + strings.Repeat(",)]", 20_000) + `, "id": -inf} rest`, `{"id":-Infinity}`},
	} {
		v, rest, err := CondensePython(test.text, testShape())
		require.NoError(t, err)
		assert.Equal(t, "rest", rest)
		assert.True(t, v.Cut)
		assert.Equal(t, test.want, string(named(v, testShape()).AppendJSON(nil)))
	}
}

// What is itself to be parsed is not cut.
func TestCondenseKeepsWholeTexts(t *testing.T) {
	line := strings.Repeat("x", 10<<10)
	v, _, err := CondenseJSONText(`{"junk": "`+line+`", "message": "`+line+`\n"}`, testShape())
	require.NoError(t, err)
	message, _ := v.Get("message")
	assert.Equal(t, line+"\n", message.Text)
	junk, _ := v.Get("junk")
	assert.Len(t, junk.Text, condensedText)
}

func TestCondenseRefuses(t *testing.T) {
	for _, text := range []string{
		``, `{`, `{"id"`, `{"id":`, `{"id": "a`, `{"id": "\x"}`, `{"id": "a" "name": 1}`, `{"id": x}`, `{"junk": [1`, `{"inner": "{"}`,
		`{"inner": "{\"id\": 1} x"}`, `{"inner": "{\"id\": 1}`, `{"inner": "\`, `{"inner": "{\"id\": \u12`, `{} x`, `{"id": }`, `{"steps": [{]}`,
	} {
		_, err := CondenseJSON(strings.NewReader(text), testShape())
		var syntax *SyntaxError
		require.ErrorAs(t, err, &syntax, text)
	}
	_, err := CondenseJSON(iotest.ErrReader(io.ErrUnexpectedEOF), testShape())
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	_, err = CondenseJSON(io.MultiReader(strings.NewReader(`{"inner": "{`), iotest.ErrReader(io.ErrNoProgress)), testShape())
	require.ErrorIs(t, err, io.ErrNoProgress)
}

// A text that was cut ends where it was cut, and says what it said until then.
func TestCondenseCutText(t *testing.T) {
	const text = `{"id": "a", "junk": [1, {"b": "c"}], "actor": {"id": "b\u00e9"}, "inner": "{\"id\": \"c\", \"actor\": {\"id\": 1}}", ` +
		`"steps": [{"time": 1}], "name": 5}`
	whole, _, err := ParseJSON(text)
	require.NoError(t, err)
	full := named(whole, testShape())
	for length := 1; length < len(text); length++ {
		v, err := CondenseJSON(io.MultiReader(strings.NewReader(text[:length]), iotest.ErrReader(ErrCut)), testShape())
		require.NoError(t, err, text[:length])
		require.True(t, v.Cut, text[:length])
		got, _ := v.Get("id")
		want, _ := full.Get("id")
		if length > len(`{"id": "a"`) {
			require.Equal(t, want.Text, got.Text)
		}
	}
}

// FuzzCondense holds that of a text which can be read whole the same is read in passing; and that what was cut is not cut again.
func FuzzCondense(f *testing.F) {
	for _, text := range append(captured(f, "notifications", ".jsonl"), captured(f, "loglines", "json.log")...) {
		f.Add(text)
	}
	f.Add(`{"id": 1, "actor": {"id": 2}, "actor": {"name": [1]}, "inner": "{\"id\": \"\\u00e9\"}", "steps": [{"time": 1}, {"time": 2}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		whole, rest, err := ParseJSON(text)
		if err != nil {
			return
		}
		v, behind, err := CondenseJSONText(text, testShape())
		require.NoError(t, err)
		require.Equal(t, rest, behind)
		if len(text) < condensedText {
			want := sortedText(named(whole, testShape()))
			require.Equal(t, want, sortedText(named(v, testShape())))
			if rest == "" {
				streamed, err := CondenseJSON(iotest.HalfReader(strings.NewReader(text)), testShape())
				if err == nil { // what is quoted may be no JSON
					require.Equal(t, want, sortedText(named(streamed, testShape())))
				}
			}
			python, _, err := CondensePython(string(appendPython(nil, whole)), testShape())
			require.NoError(t, err)
			require.Equal(t, want, sortedText(named(python, testShape())))
		}
		once := string(v.AppendJSON(nil))
		again, _, err := CondenseJSONText(once, testShape())
		require.NoError(t, err)
		require.Equal(t, sortedText(named(v, testShape())), sortedText(named(again, testShape())))
	})
}
