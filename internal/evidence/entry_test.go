package evidence_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
)

var hash = sha256.Sum256([]byte("a record"))

const hashText = "m3AM6CmNvwdQsdg/NrBzNCTW/M6V+GvFpFa16wKWaX4="

func TestEntry(t *testing.T) {
	for _, test := range []struct {
		name  string
		entry evidence.Entry
		text  string
	}{
		{
			"a record",
			evidence.Entry{EventName: "openstack.audit.event", Hash: hash, Service: "keystone", Time: 1795287600123456789, UID: "a7d2e3f0"},
			`{"e":"openstack.audit.event","h":"HASH","s":"keystone","t":"1795287600123456789","u":"a7d2e3f0"}`,
		},
		{
			"a record that says nothing of itself",
			evidence.Entry{Hash: hash},
			`{"e":"","h":"HASH","s":"","t":"0","u":""}`,
		},
		{
			"texts that RFC 8785 escapes, and some that it does not",
			evidence.Entry{Hash: hash, EventName: "\b\t\n\f\r\x00\x1f\x7f", Service: `"\/<>&`, UID: "é€\u2028😀"},
			`{"e":"\b\t\n\f\r\u0000\u001f` + "\x7f" + `","h":"HASH","s":"\"\\/<>&","t":"0","u":"é€` + "\u2028" + `😀"}`,
		},
		{
			"a record that was refused",
			evidence.Entry{Kind: evidence.KindRefused, EventName: "e", Hash: hash, Service: "s", Time: 7, UID: "u"},
			`{"e":"e","h":"HASH","k":"refused","s":"s","t":"7","u":"u"}`,
		},
		{
			"a gap",
			evidence.Entry{Kind: evidence.KindGap, Count: 12, Time: 7, Until: 9},
			`{"k":"gap","n":"12","t":"7","z":"9"}`,
		},
		{
			"a shard",
			evidence.Entry{Kind: evidence.KindShard, Month: "2026-11", Count: 300, Previous: 4, Root: hash, Time: 7},
			`{"k":"shard","m":"2026-11","n":"300","p":"4","r":"HASH","t":"7"}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := strings.ReplaceAll(test.text, "HASH", hashText)
			assert.Equal(t, text, string(test.entry.Append(nil)))
			parsed, err := evidence.ParseEntry([]byte(text))
			require.NoError(t, err)
			assert.Equal(t, test.entry, parsed)
		})
	}
}

func TestEntryOfUnknownKind(t *testing.T) {
	parsed, err := evidence.ParseEntry([]byte(`{"k":"later","x":"1"}`))
	require.NoError(t, err)
	assert.Equal(t, evidence.Entry{Kind: "later"}, parsed)
}

func TestEntriesThatAreNone(t *testing.T) {
	for _, test := range []struct{ name, text, message string }{
		{"nothing", ``, "no JSON object"},
		{"zeros", "\x00\x00", "no JSON object"},
		{"a number", `{"e":1}`, "no JSON object of strings"},
		{"no hash", `{"e":"","s":"","t":"0","u":""}`, `"h"`},
		{"a short hash", `{"e":"","h":"AAAA","s":"","t":"0","u":""}`, `"h"`},
		{"another order", `{"h":"HASH","e":"","s":"","t":"0","u":""}`, "RFC 8785"},
		{"a space", `{"e":"","h":"HASH","s":"","t":"0", "u":""}`, "RFC 8785"},
		{"a member too many", `{"e":"","h":"HASH","n":"1","s":"","t":"0","u":""}`, "RFC 8785"},
		{"a member twice", `{"e":"","e":"","h":"HASH","s":"","t":"0","u":""}`, "RFC 8785"},
		{"a zero in front", `{"e":"","h":"HASH","s":"","t":"07","u":""}`, "RFC 8785"},
		{"an escape that is not needed", `{"e":"\u0061","h":"HASH","s":"","t":"0","u":""}`, "RFC 8785"},
		{"too long", `{"k":"` + strings.Repeat("x", evidence.MaxEntrySize) + `"}`, "longer than 65535"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := evidence.ParseEntry([]byte(strings.ReplaceAll(test.text, "HASH", hashText)))
			assert.ErrorContains(t, err, test.message)
		})
	}
}

func TestLongTextsAreCut(t *testing.T) {
	long := strings.Repeat("x", 2047) + "é" + strings.Repeat("\x01", 70000)
	entry := evidence.Entry{EventName: long, Service: strings.Repeat("\x01", 70000), UID: long, Hash: hash}
	data := entry.Append(nil)
	assert.LessOrEqual(t, len(data), evidence.MaxEntrySize)
	parsed, err := evidence.ParseEntry(data)
	require.NoError(t, err)
	assert.Equal(t, strings.Repeat("x", 2047), parsed.UID)
}

func TestTextsThatAreNotUTF8(t *testing.T) {
	entry := evidence.Entry{UID: "a\xff\ufffdb", Hash: hash}
	parsed, err := evidence.ParseEntry(entry.Append(nil))
	require.NoError(t, err)
	assert.Equal(t, "a  b", parsed.UID)
}

// The hashes of RFC 6962's leaves in the tests of certificate-transparency-go.
func TestLeafHash(t *testing.T) {
	for text, want := range map[string]string{
		"":     "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"\x00": "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
	} {
		leaf := evidence.LeafHash([]byte(text))
		assert.Equal(t, want, hex.EncodeToString(leaf[:]))
	}
}

func FuzzParseEntry(f *testing.F) {
	f.Add([]byte(`{"e":"a","h":"` + hashText + `","s":"b","t":"1","u":"c"}`))
	f.Add([]byte(`{"k":"gap","n":"12","t":"7","z":"9"}`))
	f.Add([]byte(`{"k":"shard","m":"2026-11","n":"300","p":"4","r":"` + hashText + `","t":"7"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		entry, err := evidence.ParseEntry(data)
		if err != nil {
			return
		}
		switch entry.Kind {
		case evidence.KindRecord, evidence.KindRefused, evidence.KindGap, evidence.KindShard:
			assert.Equal(t, string(data), string(entry.Append(nil)))
		default:
		}
	})
}
