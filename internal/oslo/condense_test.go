package oslo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo/oslotest"
)

// factsOf is what a message says beside what it was cut of.
func factsOf(t testing.TB, n Notification, err error) Notification {
	t.Helper()
	require.NoError(t, err)
	n.payload, n.unparsed, n.Extras, n.Event.Extras, n.Cut = literal.Value{}, "", nil, nil, false
	return n
}

// A small message may hold more values, or nest deeper, than is read whole.
func TestFactsOfSmallMessagesThatAreMuch(t *testing.T) {
	plain, err := Decode([]byte(oslotest.Message("m1", "", 0, "")))
	want := factsOf(t, plain, err)
	for _, j := range oslotest.Junks() {
		for part := range oslotest.Parts() {
			message := oslotest.Message("m1", part, 1, j.Member(20_000))
			for _, body := range []string{message, enveloped(t, `"2.0"`, message), oslotest.Enveloped(message)} {
				n, err := Decode([]byte(body))
				require.Equal(t, want, factsOf(t, n, err), "%s, %s", j.Name, part)
			}
		}
	}
}

// What is said twice counts as it does in a small message: the last payload, the last text, both halves of an initiator.
func TestLargeMessagesThatSayTwice(t *testing.T) {
	const uri = `"typeURI": "http://schemas.dmtf.org/cloud/audit/1.0/event"`
	for _, members := range []string{
		`"payload": {` + uri + `, "id": "a", "action": "x"}, "payload": {` + uri + `, "id": "b"}`,
		`"payload": {` + uri + `}, "payload": 5`,
		`"payload": 5, "payload": {` + uri + `, "id": "b"}`,
		`"payload": {` + uri + `, "initiator": {"id": "a"}, "initiator": {"name": "b"}}`,
		`"payload": {` + uri + `, "initiator": {"id": "a"}, "initiator": null}`,
		`"payload": {` + uri + `, "initiator": {"id": "a"}, "initiator": "x"}`,
		`"payload": {` + uri + `, "initiatorId": "a"}`,
		`"payload": {` + uri + `, "id": "a", "id": null}`,
		`"payload": {` + uri + `, "id": 12, "outcome": true}`,
		`"payload": {"eventType": "activity", "action": "x"}`,
		`"payload": "a text"`, `"payload": [1, 2]`, `"payload": {"resource_info": "r", "actor_id": "a"}`,
		`"method": "m", "args": {}`, `"method": "m", "args": null`,
		uri + `, "id": "a", "payload": null`,
	} {
		small := `{"event_type": "identity.x.y", ` + members + `}`
		want, wantErr := Decode([]byte(small))
		large := small[:len(small)-1] + `, ` + oslotest.Junks()[0].Member(maxWhole) + `}`
		got, err := Decode([]byte(large))
		if wantErr != nil {
			require.Equal(t, wantErr, err, members)
			continue
		}
		require.Equal(t, basicFacts(factsOf(t, want, wantErr)), basicFacts(factsOf(t, got, err)), members)
	}
}

func basicFacts(n Notification) Notification {
	n.Basic.Extras = nil
	return n
}

// The last reporter says when a response was sent.
func TestLastReporterOfALargeMessage(t *testing.T) {
	chain := `[` + strings.Repeat(`{"role": "observer", "reporterTime": "x"}, `, 50_000) +
		`{"role": "modifier", "reporterTime": "2026-11-20T23:08:20+0000"}]`
	n, err := Decode([]byte(`{"payload": {"typeURI": "/event", "reporterchain": ` + chain +
		`, "id": "e1"}, "event_type": "audit.http.response"}`))
	require.NoError(t, err)
	last := n.Event.ReporterChain[len(n.Event.ReporterChain)-1]
	require.Equal(t, "2026-11-20T23:08:20+0000", last.Time)
	require.Equal(t, "e1", n.Event.ID)
}

// pythonText turns JSON text into what repr writes, as far as these messages need it.
func pythonText(text string) string {
	return strings.NewReplacer("null", "None", "true", "True").Replace(text)
}

// octets is a text as journald writes it where it is no UTF-8.
func octets(text string) string {
	numbers := make([]string, len(text))
	for i := range len(text) {
		numbers[i] = strconv.Itoa(int(text[i]))
	}
	return "[" + strings.Join(numbers, ", ") + "]"
}

func quotedJSON(text string) string {
	return strings.TrimSuffix(strings.TrimPrefix(oslotest.Enveloped(text), `{"oslo.version": "2.0", "oslo.message": `), "}")
}

// What is condensed as it comes is a body of the same facts; condensed again it is the same.
func TestCondenseBody(t *testing.T) {
	plain, err := Decode([]byte(oslotest.Message("m1", "", 0, "")))
	want := factsOf(t, plain, err)
	for _, j := range oslotest.Junks() {
		message := oslotest.Message("m1", "event", 4, j.Member(300_000))
		for _, test := range []struct {
			wrapping string
			body     []byte
		}{
			{"v1", []byte(message)}, {"v2", []byte(oslotest.Enveloped(message))}, {"zlib", compressed(t, toZlib, oslotest.Enveloped(message))},
			{"gzip", compressed(t, toGzip, message)},
		} {
			small := Condense(bytes.NewReader(test.body))
			require.Less(t, len(small), 200_000, "%s, %s", j.Name, test.wrapping)
			n, err := Decode(small)
			require.Equal(t, want, factsOf(t, n, err), "%s, %s", j.Name, test.wrapping)
			n, err = Decode(Condense(bytes.NewReader(small)))
			require.Equal(t, want, factsOf(t, n, err), "%s, %s", j.Name, test.wrapping)
		}
	}
	for _, body := range []string{"", "x", "BZh9", "\x1f\x8b", "x\x9cx", "[1]", "null", `{"a": x}`, strings.Repeat("x", 1<<20)} {
		require.Equal(t, body[:min(len(body), maxBeginning)], string(Condense(strings.NewReader(body))))
	}
}

// zeros are digits without end.
type zeros struct{}

func (zeros) Read(to []byte) (int, error) {
	for i := range to {
		to[i] = '0'
	}
	return len(to), nil
}

func compressedFrom(t testing.TB, text io.Reader) []byte {
	t.Helper()
	var b strings.Builder
	w := toZlib(&b)
	_, err := io.Copy(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return []byte(b.String())
}

// FuzzCondense holds the two ways of reading a message against each other: what a message says that can be read whole is what is
// read of it in passing.
func FuzzCondense(f *testing.F) {
	for _, body := range append(capturedBodies(f), unusualBodies(f)...) {
		f.Add(body)
	}
	f.Add(oslotest.Message("m1", "event", 3, oslotest.Junks()[0].Member(3000)))
	f.Add(`{"payload": {"typeURI": "/event", "name": "\ud83d\ude00\ud83d"}, "event_type": "x"}`)
	f.Add(`{"oslo.version": "2.0", "oslo.message": "{\"payload\": {\"typeURI\": \"/event\", \"name\": \"\\ud83d\\ude00\\\"\"}}"}`)
	f.Fuzz(func(t *testing.T, text string) {
		whole, err := decodePlain(text)
		if err != nil {
			return
		}
		condensed, err := condense(strings.NewReader(text))
		got, want := basicFacts(factsOf(t, condensed, err)), basicFacts(factsOf(t, whole, nil))
		dropLists(&got)
		dropLists(&want)
		cutTexts(t, &want)
		cutTexts(t, &got)
		require.Equal(t, want, got)
	})
}

// dropLists leaves out what is not read of every message: lists but for their last reporter, whatever it says.
func dropLists(n *Notification) {
	e := &n.Event
	e.Tags, e.Attachments, e.Measurements, e.Initiator.Geolocation = nil, nil, nil, literal.Value{}
	e.Target.Addresses, e.Target.Attachments, e.Initiator.Credential.Groups, e.ReporterChain = nil, nil, nil, nil
}

// cutTexts cuts each text where a condensed one may have been cut, but for the characters around.
func cutTexts(t *testing.T, n *Notification) {
	t.Helper()
	text, err := json.Marshal(n)
	require.NoError(t, err)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(text, &fields))
	for name, value := range fields {
		if s, ok := value.(string); ok && len(s) > 2048 {
			fields[name] = fmt.Sprintf("%.2048s", s)
		}
	}
	text, err = json.Marshal(fields)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, n))
}
