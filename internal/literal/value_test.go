package literal

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestGetReturnsTheLastMember(t *testing.T) {
	v, _, err := ParseJSON(`{"a": 1, "b": 2, "a": 3}`)
	require.NoError(t, err)
	require.Len(t, v.Items, 3, "a member that occurs twice stays twice")
	a, ok := v.Get("a")
	assert.True(t, ok)
	assert.Equal(t, "3", a.Text)
	_, ok = v.Get("c")
	assert.False(t, ok)
}

func TestGetKnowsObjectsOnly(t *testing.T) {
	v, _, err := ParseJSON(`["a", null]`)
	require.NoError(t, err)
	_, ok := v.Get("")
	assert.False(t, ok)
}

func TestString(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{`"plain"`, "plain"},
		{`null`, ""},
		{`true`, "true"},
		{`1.50`, "1.50"},
		{`{ "a" : [1, "ü"] }`, `{"a":[1,"ü"]}`},
		{`[]`, `[]`},
		{`{}`, `{}`},
	} {
		v, _, err := ParseJSON(test.text)
		require.NoError(t, err)
		assert.Equal(t, test.want, v.String(), test.text)
	}
}

func TestAppendQuotedIsJSON(t *testing.T) {
	for _, test := range []struct{ s, want string }{
		{"", ""},
		{"a\"b\\c\n\r\t", "a\"b\\c\n\r\t"},
		{"\x00\x01\x1f\x7f", "\x00\x01\x1f\x7f"},
		{"Jürgen 山田 🎉", "Jürgen 山田 🎉"},
		{"\xff\xc3", "\uFFFD\uFFFD"},
		{"\u2028\u2029</script>\u202e", "\u2028\u2029</script>\u202e"},
	} {
		var got string
		require.NoError(t, json.Unmarshal(AppendQuoted(nil, test.s), &got), "%q", test.s)
		assert.Equal(t, test.want, got)
	}
}
