package oslo

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

// capturedBodies are the bodies of the messages of all captures.
func capturedBodies(t testing.TB) (bodies []string) {
	t.Helper()
	for _, capture := range fixtures.Names(t, "notifications", ".jsonl") {
		for _, body := range fixtures.Bodies(t, capture) {
			bodies = append(bodies, string(body))
		}
	}
	return bodies
}

// checkFast compares the paths, and reports whether the fast one answered.
func checkFast(t *testing.T, text string) bool {
	t.Helper()
	var fast Notification
	if !decodeFast(text, &fast) {
		return false
	}
	plain, err := decodePlain(text)
	require.NoError(t, err)
	require.Equal(t, plain.payload, fast.Payload())
	fast.unparsed, plain.payload = "", fast.payload
	require.Equal(t, plain, fast)
	return true
}

func TestFastPath(t *testing.T) {
	for _, test := range []struct {
		capture string
		most    bool
	}{
		{"amqp-keystone-messagingv2", true},
		{"amqp-keystone-durable", true},
		{"amqp-audit-middleware", true},
		{"amqp-audit-middleware-sapcc", true},
		{"amqp-keystone-basic", false},
		{"amqp-keystone-messaging-v1", false},
	} {
		t.Run(test.capture, func(t *testing.T) {
			bodies := fixtures.Bodies(t, test.capture)
			fast := 0
			for _, body := range bodies {
				if checkFast(t, string(body)) {
					fast++
				}
			}
			require.Equal(t, test.most, 2*fast > len(bodies), "%d of %d", fast, len(bodies))
		})
	}
}

// unusual are payloads about which the paths might differ, each a member of an event.
var unusual = []string{
	`"id": "a", "id": "b"`, `"id": "a", "id": "a"`, `"id": "", "id": "b"`, `"id": null, "id": "b"`, `"id": "a", "id": null`,
	`"id": 12`, `"id": -1.5`, `"id": 1e5`, `"id": true`, `"id": NaN`, `"id": -Infinity`, `"id": {}`, `"id": []`, `"id": 01`, `"id": 1.`,
	`"name": "a\"b"`, `"name": "\u00e9"`, `"name": "\ud83d\ude00"`, `"name": "\ud83d"`, `"name": "\ude00\ud83d"`, `"name": "\ud83dx"`,
	`"name": "\u+123"`, `"name": "\u00"`, `"name": "\ufffd\u0000\n\t\/"`, `"name": "a\\"`, `"name": "\x"`, `"name": "é"`,
	`"unknown": null`, `"unknown": 1`, `"n\u0061me": "x"`, `"initiator": null`, `"initiator": {}`, `"initiator": 1`, `"initiator": []`,
	`"initiator": {"id": "a"}, "initiator": {"name": "b"}`, `"initiatorId": "x"`, `"initiatorId": null`, `"initiator": {"geolocation": {}}`,
	`"initiator": {"credential": {"token": {"a": [1, {"b": "c\"d"}]}, "groups": null}}`, `"initiator": {"host": null}`,
	`"initiator": {"credential": {"groups": ["a"]}}`, `"targetId": "x"`, `"target": {"id": "y"}, "targetId": "x"`, `"target": null`,
	`"tags": ["a", "", null, 1, true]`, `"tags": ["a", {}]`, `"tags": "a"`, `"tags": null`, `"tags": []`, `"tags": ["a"], "tags": ["b"]`,
	`"tags": ["a",]`,
	`"target": {"addresses": [{"url": "a"}, {}, {"name": "b"}, {"name": null}]}`, `"target": {"addresses": [null]}`,
	`"target": {"addresses": {"url": "x"}}`,
	`"attachments": [{"content": "a"}, {"name": "b", "content": "{\"a\": \"b\"}"}]`, `"attachments": [{"content": null, "content": 1}]`,
	`"attachments": [{"content": {"a": 1}}]`, `"attachments": [{"content": 1.5, "typeURI": "x", "contentType": "x"}]`,
	`"reporterchain": [{"role": "a", "reporter": {"id": "x"}, "reporterTime": "t"}]`,
	`"reporterchain": [{"reporter": {"id": "x"}, "reporterId": "y"}]`,
	`"reporterchain": [{"reporter": null}]`, `"measurements": null`, `"measurements": [{}]`, `"reason": {"reasonCode": 404}`,
	`"reason": {"x": 1}`,
	`"id": "a",`, `"id" "a"`, `"id": nullx`, `"id": tru`, "\"id\": \"a\tb\"", "\"id\":\n\"a\"", `"id":"a","name":"b"`, `  "id"  :  "a"  `,
	"\"name\": \"\xff\"", `"name": "`,
}

func inEnvelope(t testing.TB, message string) string {
	t.Helper()
	return envelopeStart + escape(message) + envelopeEnd
}

// escape writes quotes and backslashes as JSON does, and leaves all else alone.
func escape(s string) string {
	var out []byte
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			out = append(out, '\\')
		}
		out = append(out, s[i])
	}
	return string(out)
}

func unusualBodies(t testing.TB) (bodies []string) {
	t.Helper()
	const uri = `"typeURI": "http://schemas.dmtf.org/cloud/audit/1.0/event"`
	for _, members := range unusual {
		bodies = append(bodies,
			inEnvelope(t, `{"event_type": "identity.x", "payload": {`+uri+`, `+members+`}}`),
			inEnvelope(t, `{"payload": {`+members+`, `+uri+`}, "timestamp": "t"}`),
			inEnvelope(t, `{`+members+`, "payload": {`+uri+`}}`))
	}
	for _, message := range []string{
		`{"payload": null, "payload": {` + uri + `}}`, `{"payload": {` + uri + `}, "payload": null}`,
		`{"payload": {` + uri + `}, "payload": {` + uri + `}}`,
		`{"payload": {` + uri + `}} `, ` {"payload": {` + uri + `}}`, `{"payload": {` + uri + `}}}`,
		`{"payload": {"eventType": "a", "action": "b"}}`,
		`{"payload": {` + uri + `, "typeURI": ""}}`, `{"payload": {"typeURI": "", ` + uri + `}}`,
		`{"_context_x": {"a": [[[[]]]]}, "payload": {` + uri + `}}`,
		`{"oslo.version": "2.0", "oslo.message": "x", "payload": {` + uri + `}}`, `{}`, `[]`, ``, `"`,
	} {
		bodies = append(bodies, inEnvelope(t, message))
	}
	whole := inEnvelope(t, `{"payload": {`+uri+`, "name": "a\"b\\c"}}`)
	for i := range whole {
		bodies = append(bodies, whole[:i], whole[:i]+whole[i+1:], whole[:i]+`"`+whole[i:], whole[:i]+`\`+whole[i:], whole[:i]+" "+whole[i:])
	}
	return bodies
}

func TestFastPathUnusual(t *testing.T) {
	fast := 0
	for _, body := range unusualBodies(t) {
		if checkFast(t, body) {
			fast++
		}
	}
	require.Greater(t, fast, 50, "the fast path must have answered some, or nothing was compared")
}

// FuzzFastPath holds the paths equal: for the text as it is, and for the text as the message within an envelope.
func FuzzFastPath(f *testing.F) {
	for i, body := range capturedBodies(f) {
		if i%7 == 0 {
			f.Add(body)
		}
	}
	for i, body := range unusualBodies(f) {
		if i%3 == 0 {
			f.Add(body)
		}
	}
	for _, members := range unusual {
		f.Add(`{"event_type": "audit.http.request", "payload": {"typeURI": "x/event", ` + members + `}}`)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkFast(t, text)
		checkFast(t, inEnvelope(t, text))
	})
}

// What the fast path had read before it gave up is gone.
func TestDecodeIntoLeavesNothingBehind(t *testing.T) {
	var n Notification
	require.Error(t, DecodeInto(&n, []byte(inEnvelope(t, `{"message_id": "x", "payload": {"initiator": {"id": "y"}}`))))
	require.Equal(t, Notification{}, n)
	require.NoError(t, DecodeInto(&n, []byte(inEnvelope(t, `{"priority": "INFO", "event_type": "a.b", "payload": {"id": "y"}}`))))
	require.Equal(t, KindOther, n.Kind)
	require.Empty(t, n.Event)
}
