//go:build !race

// With the race detector these take ten times as long, and they have one goroutine: make test runs them apart.

package oslo

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo/oslotest"
)

// What identifies an event is there wherever it stands, whatever stands beside it.
func TestFactsOfLargeMessages(t *testing.T) {
	plain, err := Decode([]byte(oslotest.Message("m1", "", 0, "")))
	want := factsOf(t, plain, err)
	require.Equal(t, KindCADF, want.Kind)
	require.Equal(t, "alice", want.Event.Initiator.Name)
	for _, j := range oslotest.Junks() {
		t.Run(j.Name, func(t *testing.T) {
			junk := j.Member(maxWhole + 1)
			for part, members := range oslotest.Parts() {
				for _, position := range []int{0, members / 2, members} {
					message := oslotest.Message("m1", part, position, junk)
					bodies := map[string][]byte{"v1": []byte(message), "v2": []byte(oslotest.Enveloped(message))}
					if part == "event" && position > 0 {
						bodies["object"] = []byte(`{"oslo.version": "2.0", "oslo.message": ` + message + `}`)
						bodies["gzip"] = compressed(t, toGzip, string(bodies["v2"]))
						bodies["zlib"] = compressed(t, toZlib, message)
					}
					for wrapping, body := range bodies {
						n, err := Decode(body)
						require.Equal(t, want, factsOf(t, n, err), "%s, %s, %d", wrapping, part, position)
						require.Equal(t, j.Name != "blanks", n.Cut)
					}
				}
			}
		})
	}
}

// What identifies an event is there wherever it stands in a log line, whatever stands beside it.
func TestFactsOfLargeLines(t *testing.T) {
	const header = "2026-11-20 23:08:19.123 42 INFO "
	plain, err := Decode([]byte(oslotest.Message("m1", "", 0, "")))
	want := factsOf(t, plain, err)
	for _, j := range oslotest.Junks() {
		t.Run(j.Name, func(t *testing.T) {
			for _, part := range []string{"message", "event"} {
				for _, position := range []int{0, oslotest.Parts()[part]} {
					message := oslotest.Message("m1", part, position, j.Member(100_000))
					payload := message[strings.Index(message, `"payload": `)+len(`"payload": `):]
					payload = payload[:strings.LastIndex(payload, `, "timestamp"`)]
					record := `"name": "oslo.messaging.notification.identity", "funcname": "f", "levelname": "INFO", "context": {"user": "u9"}`
					quoted := quotedJSON(message)
					junk := j.Member(100_000)
					lines := []struct{ form, line string }{
						{"plain", header + "oslo.messaging.notification.identity.user.created [-] " + message},
						{"use_json", `{` + record + `, "message": ` + quoted + `}`},
						{"use_json, junk", `{` + junk + `, "message": ` + quoted + `, ` + record + `}`},
						{"parsed", `{"message": ` + message + `, ` + record + `}`},
						{"docker", `{"log": ` + quotedJSON(`{"message": `+quoted+`, `+record+`}`+"\n") + `, "stream": "stdout"}`},
						{"journald", `{"MESSAGE": ` + quoted + `, "LOGGER_NAME": "oslo.messaging.notification.x", ` + junk + `}`},
						{"journald, octets", `{"MESSAGE": ` + octets(message) + `, "LOGGER_NAME": "oslo.messaging.notification.x"}`},
						{"unsent", header + "oslo_messaging.notify.messaging [-] Could not send notification to notifications. Payload=" +
							pythonText(message)},
						{"unsent, arguments", `{"name": "oslo_messaging.notify.messaging", "funcname": "f", ` + junk +
							`, "msg": "Could not send notification to %(topic)s. Payload=%(message)s", "args": {"topic": "x", "message": ` + message + `}}`},
					}
					for _, test := range lines {
						n, err := LineReader{}.ReadText(test.line)
						require.NoError(t, err, "%s, %s, %d", test.form, part, position)
						require.NotNil(t, n, test.form)
						n.Line = nil
						require.Equal(t, want, factsOf(t, *n, nil), "%s, %s, %d", test.form, part, position)
					}
					if part == "message" {
						continue
					}
					native := "Event type: identity.user.created, Context: {" + junk + "}, Payload: " + payload
					for _, test := range []struct{ form, line string }{
						{"native", header + "keystonemiddleware.audit._notifier [-] " + pythonText(native)},
						{"native, arguments", `{"name": "auditmiddleware", "funcname": "f", "msg": "Event type: %(event_type)s", ` + junk +
							`, "args": {"event_type": "identity.user.created", "payload": ` + payload + `}}`},
					} {
						n, err := LineReader{}.ReadText(test.line)
						require.NoError(t, err, "%s, %d", test.form, position)
						require.NotNil(t, n, test.form)
						require.Equal(t, want.Event, factsOf(t, *n, nil).Event, "%s, %d", test.form, position)
						require.Equal(t, "identity.user.created", n.EventType)
					}
				}
			}
		})
	}
}

// A body that inflates without end is cut there, and tells what was known by then.
func TestBodyThatInflatesTooFar(t *testing.T) {
	message := oslotest.Message("m1", "message", oslotest.Parts()["message"], `"junk": "`)
	body := compressedFrom(t, io.MultiReader(strings.NewReader(message[:len(message)-1]), io.LimitReader(zeros{}, 2*maxInflated)))
	require.Less(t, len(body), 1<<20)
	n, err := Decode(body)
	require.Equal(t, "alice", factsOf(t, n, err).Event.Initiator.Name)
	require.True(t, n.Cut)
}
