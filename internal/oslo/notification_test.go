package oslo

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	wireEvent = `{"typeURI":"http://schemas.dmtf.org/cloud/audit/1.0/event","eventType":"activity","id":"e1","action":"created.user",` +
		`"outcome":"success"}`
	wireV1 = `{"message_id":"m1","publisher_id":"identity.h","event_type":"identity.user.created","priority":"INFO","timestamp":"2026-11-20 ` +
		`23:08:19","_unique_id":"x","payload":` + wireEvent + `}`
)

func enveloped(t testing.TB, version, message string) string {
	t.Helper()
	inner, err := json.Marshal(message)
	require.NoError(t, err)
	return `{"oslo.version":` + version + `,"oslo.message":` + string(inner) + `}`
}

func compressed(t testing.TB, to func(io.Writer) io.WriteCloser, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := to(&b)
	_, err := io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func toGzip(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }
func toZlib(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }

// bzip2Body is wireV1 as Python's bz2 compresses it; Go has no writer.
const bzip2Body = "QlpoOTFBWSZTWUEKSnAAAJQfgFAH+XABIZYAv+f/ajAA2rBECNGgMjQxAAABokYyp+plPUYQAABkDTSU81Tag0DRkHqAPU09JoZ8s5UnSUOG6b" +
	"dvjXFxJENYKEElMFAUqv7aEF2gJjR6oJAouy2NaM6eZX3PDS5EIDOYQgrtuLhiRuOa1MGCwS/i6x4sroPrZGtjMVXgKtTgXxGZl5P0iI94JIVi" +
	"qjClgRaTisB8IxER8YynW8sezLfg7CjV3QISSOg6ltk6wjD0JBmwO2Z3TCIS21GIPiJQaAOV6gXwm02yhpFeclVgEycP3k3/xdyRThQkEEKSnA" +
	"A="

// The same notification, whatever it came in.
func TestDecodeWireShapes(t *testing.T) {
	packed, err := base64.StdEncoding.DecodeString(bzip2Body)
	require.NoError(t, err)
	v2 := enveloped(t, `"2.0"`, wireV1)
	want, err := Decode([]byte(wireV1))
	require.NoError(t, err)
	require.Equal(t, KindCADF, want.Kind)
	require.Equal(t, "m1", want.MessageID)
	require.Empty(t, want.Extras)
	for _, test := range []struct {
		name string
		body []byte
	}{
		{"v2", []byte(v2)},
		{"v2, minor version", []byte(enveloped(t, `"2.7"`, wireV1))},
		{"v2, version a number", []byte(enveloped(t, `2`, wireV1))},
		{"v2, message no text", []byte(`{"oslo.version":"2.0","oslo.message":` + wireV1 + `}`)},
		{"byte order mark", []byte("\ufeff" + v2)},
		{"white space", []byte(" \r\n\t" + v2 + "\n")},
		{"gzip", compressed(t, toGzip, v2)},
		{"zlib", compressed(t, toZlib, v2)},
		{"bzip2", packed},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Decode(test.body)
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
}

func TestDecodeBareEvent(t *testing.T) {
	n, err := Decode([]byte(wireEvent))
	require.NoError(t, err)
	require.Equal(t, KindCADF, n.Kind)
	require.Equal(t, NativeEventType, n.EventType)
	require.Equal(t, "e1", n.Event.ID)
	require.False(t, n.Native)

	n, err = Decode([]byte(`{"message_id":"m","payload":` + wireEvent + `}`))
	require.NoError(t, err)
	require.Equal(t, NativeEventType, n.EventType)
}

func TestDecodeKinds(t *testing.T) {
	for _, test := range []struct {
		name, body string
		kind       Kind
	}{
		{"basic", `{"event_type":"identity.user.created","payload":{"resource_info":"x"}}`, KindBasic},
		{"basic without anything", `{"event_type":"identity.user.created","payload":null}`, KindBasic},
		{"CADF in spite of the format", `{"event_type":"identity.authenticate","payload":{"eventType":"activity","action":"authenticate"}}`,
			KindCADF},
		{"what has an outcome is not basic", `{"event_type":"identity.authenticate","payload":{"outcome":"failure"}}`, KindCADF},
		{"audit of an unknown shape", `{"event_type":"audit.http.request","payload":{"x":1}}`, KindCADF},
		{"audit that is no object", `{"event_type":"audit.http.request","payload":"x"}`, KindCADF},
		{"other service", `{"event_type":"compute.instance.create.end","payload":{"x":1}}`, KindOther},
		{"Watcher's audits", `{"event_type":"audit.create","payload":{"watcher_object.name":"AuditCreatePayload",` +
			`"watcher_object.data":{"state":"PENDING"}}}`, KindOther},
		{"remote procedure call", `{"method":"ping","args":{}}`, KindRPC},
		{"remote procedure call in an envelope", `{"oslo.version":"2.0","oslo.message":"{\"method\":\"ping\",\"args\":{},` +
			`\"_context_auth_token\":\"t\"}"}`, KindRPC},
	} {
		t.Run(test.name, func(t *testing.T) {
			n, err := Decode([]byte(test.body))
			require.NoError(t, err)
			require.Equal(t, test.kind, n.Kind)
		})
	}
}

func TestDecodeErrors(t *testing.T) {
	gzipped := compressed(t, toGzip, wireV1)
	zlibbed := compressed(t, toZlib, wireV1)
	for _, test := range []struct {
		name   string
		body   []byte
		reason Reason
	}{
		{"empty", nil, ReasonJSON},
		{"text", []byte("hello"), ReasonJSON},
		{"cut", []byte(wireV1[:100]), ReasonJSON},
		{"text behind", []byte(wireV1 + " x"), ReasonJSON},
		{"text behind the inner message", []byte(enveloped(t, `"2.0"`, wireV1+"x")), ReasonJSON},
		{"inner message cut", []byte(enveloped(t, `"2.0"`, wireV1[:50])), ReasonJSON},
		{"nested too deep", []byte(strings.Repeat("[", 20_000)), ReasonJSON},
		{"envelope version", []byte(enveloped(t, `"3.0"`, wireV1)), ReasonEnvelopeVersion},
		{"envelope version like 2", []byte(enveloped(t, `"20.0"`, wireV1)), ReasonEnvelopeVersion},
		{"envelope version null", []byte(enveloped(t, `null`, wireV1)), ReasonEnvelopeVersion},
		{"array", []byte(`[1]`), ReasonNotNotification},
		{"null", []byte(`null`), ReasonNotNotification},
		{"message null", []byte(`{"oslo.version":"2.0","oslo.message":null}`), ReasonNotNotification},
		{"some object", []byte(`{"a":1}`), ReasonNotNotification},
		{"half an envelope", []byte(`{"oslo.message":"{}"}`), ReasonNotNotification},
		{"payload without event type", []byte(`{"payload":{"x":1}}`), ReasonNotNotification},
		{"gzip cut", gzipped[:len(gzipped)-12], ReasonCompression},
		{"gzip header alone", gzipped[:3], ReasonCompression},
		{"zlib cut", zlibbed[:20], ReasonCompression},
		{"bzip2 broken", []byte("BZh9 no"), ReasonCompression},
		{"blanks alone, inflated", compressed(t, toGzip, strings.Repeat(" ", 16<<20)), ReasonJSON},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Decode(test.body)
			var decodeError *DecodeError
			require.ErrorAs(t, err, &decodeError)
			require.Equal(t, test.reason, decodeError.Reason)
			require.ErrorIs(t, err, errors.Unwrap(err))
			require.True(t, strings.HasPrefix(err.Error(), string(test.reason)+": "))
			require.NotContains(t, err.Error(), "identity", "no bytes of the message")
		})
	}
}

func TestDecodeExtras(t *testing.T) {
	for _, test := range []struct {
		name, body string
		want       map[string]string
	}{
		{"context is the publisher's own", `{"event_type":"identity.x","payload":{},"_context_auth_token":"t","_context":{"a":1},` +
			`"_unique_id":"u"}`, map[string]string{}},
		{"unknown", `{"event_type":"identity.x","payload":{},"colour":"red","list":[1]}`, map[string]string{"colour": "red", "list": "[1]"}},
		{"beside the message in the envelope", `{"oslo.version":"2.0","oslo.message":"{\"event_type\":\"identity.x\",\"payload\":{}}","more":1,` +
			`"none":null}`, map[string]string{"more": "1"}},
		{"twice", `{"event_type":"identity.x","event_type":"identity.y","payload":{"a":1},"payload":{}}`,
			map[string]string{"event_type": "identity.x", "payload": `{"a":1}`}},
		{"object for text", `{"event_type":"identity.x","payload":{},"message_id":{"a":1}}`, map[string]string{"message_id": `{"a":1}`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			n, err := Decode([]byte(test.body))
			require.NoError(t, err)
			got := map[string]string{}
			for _, x := range n.Extras {
				got[x.Path] = x.Value.String()
			}
			require.Equal(t, test.want, got)
		})
	}
}

func TestDecodeBasic(t *testing.T) {
	n, err := Decode([]byte(`{"event_type":"identity.group.updated","payload":{"resource_info":"g","request_id":"r","global_request_id":"gr",
		"actor_id":"u","actor_type":"user","actor_operation":"added","x":[1]}}`))
	require.NoError(t, err)
	require.Len(t, n.Basic.Extras, 1)
	n.Basic.Extras = nil
	require.Equal(t, Basic{ResourceInfo: "g", RequestID: "r", GlobalRequestID: "gr", ActorID: "u", ActorType: "user", ActorOperation: "added"},
		n.Basic)

	n, err = Decode([]byte(`{"event_type":"identity.group.updated","payload":"g"}`))
	require.NoError(t, err)
	require.Equal(t, "payload", n.Basic.Extras[0].Path)
}

func TestDecodeLargeAndDeep(t *testing.T) {
	n, err := Decode([]byte(`{"event_type":"identity.x","payload":{"resource_info":"` + strings.Repeat("x", 10<<20) + `"}}`))
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("x", 4<<10), n.Basic.ResourceInfo)
	require.True(t, n.Cut)
	n, err = Decode([]byte(`{"event_type":"identity.x","payload":` + strings.Repeat(`{"a":[`, 500) + strings.Repeat("]}", 500) + `}`))
	require.NoError(t, err)
	require.Len(t, n.Basic.Extras, 1)
}

func TestDecodeTextThatIsNoUTF8(t *testing.T) {
	n, err := Decode([]byte("{\"event_type\":\"identity.\xff\",\"payload\":{\"resource_info\":\"a\\ud800b\"}}"))
	require.NoError(t, err)
	require.Equal(t, "identity.\ufffd", n.EventType)
	require.Equal(t, "a\ufffdb", n.Basic.ResourceInfo)
}

// FuzzDecode holds that any bytes give a notification or a DecodeError of a known reason.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{wireV1, wireEvent, enveloped(f, `"2.0"`, wireV1), `{"method":"x","args":{}}`, "\x1f\x8b", "BZh9", "x\x9c",
		"\ufeff[]"} {
		f.Add([]byte(seed))
	}
	f.Add(compressed(f, toGzip, wireV1))
	f.Add(compressed(f, toZlib, wireV1))
	f.Fuzz(func(t *testing.T, body []byte) {
		n, err := Decode(body)
		if err == nil {
			if n.Kind != KindRPC && n.EventType == "" {
				t.Fatal("a notification without an event type")
			}
			return
		}
		var decodeError *DecodeError
		if !errors.As(err, &decodeError) {
			t.Fatalf("%T is no DecodeError", err)
		}
		switch decodeError.Reason {
		case ReasonCompression, ReasonJSON, ReasonEnvelopeVersion, ReasonNotNotification:
		default:
			t.Fatalf("unknown reason %q", decodeError.Reason)
		}
	})
}
