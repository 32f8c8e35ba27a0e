package oslo

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBrokenEventsHaveAReason(t *testing.T) {
	logger := strings.TrimSpace(loggerName)
	for _, tc := range []struct {
		name   string
		line   string
		reason Reason
	}{
		{"cut in the event", createdLine[:len(createdLine)-100], ReasonTruncated},
		{"cut in an escape", createdLine[:strings.Index(createdLine, `\u00fc`)+4], ReasonTruncated},
		{"cut before the event", prefix + loggerName + "[None req-4de4", ReasonTruncated},
		{"cut use_json", jsonRecord(logger, created)[:300], ReasonTruncated},
		{"cut envelope", envelope(created)[:400], ReasonTruncated},
		{"cut native", nativeLine[:len(nativeLine)-3], ReasonTruncated},
		{"cut native in the context", nativeLine[:strings.Index(nativeLine, "roles")], ReasonTruncated},
		{"cut native before the payload", nativeLine[:strings.Index(nativeLine, "Payload: {'type")], ReasonTruncated},
		{"cut native in the label", prefix + "auditmiddleware [-] Event type: audit.http.requ", ReasonTruncated},
		{"cut message in a record", jsonRecord(logger, created[:300]), ReasonTruncated},
		{"no JSON", prefix + loggerName + `[-] {"event_type": <>, "payload": {}, "message_id": 1}`, ReasonJSON},
		{"no Python", strings.Replace(nativeLine, "'activity'", "'activity' 'x'", 1), ReasonPythonLiteral},
		{"no payload label", prefix + "auditmiddleware [-] Event type: audit.cadf, Context: {}, Body: {'typeURI': 'x'}", ReasonPythonLiteral},
		{"native without CADF", prefix + "auditmiddleware [-] Event type: audit.cadf, Context: {}, Payload: {'a': 1}", ReasonNotNotification},
		{"no notification", prefix + loggerName + `[-] {"event_type": "x"}`, ReasonNotNotification},
		{"another envelope", prefix + loggerName + `[-] {"oslo.version": "3.0", "oslo.message": "{\"event_type\": \"x\"}"}`,
			ReasonEnvelopeVersion},
		{"unsent, cut", prefix + "oslo_messaging.notify.messaging [-] Could not send notification to notifications. Payload={'message_id': " +
			"'m3', 'event", ReasonTruncated},
		{"deep, cut", prefix + loggerName + `[-] {"payload": ` + strings.Repeat("[", 20000), ReasonTruncated},
		{"deep Python, cut", prefix + "auditmiddleware [-] Event type: audit.cadf, Context: {}, Payload: " + strings.Repeat("{1:", 20000),
			ReasonTruncated},
		{"piece of CRI", "2026-03-04T23:09:52.738204871Z stdout P " + createdLine[:400], ReasonPartial},
		{"piece of CRI, use_json", "2026-03-04T23:09:52.738204871Z stderr P " + jsonRecord(logger, created)[:500], ReasonPartial},
		{"piece of docker", `{"log":` + quoted(createdLine[:400]) + `,"stream":"stdout"}`, ReasonPartial},
		{"journald, too long", `{"MESSAGE": null, "LOGGER_NAME": "` + logger + `"}`, ReasonTruncated},
		{"five wrappers", `{"log":{"log":{"log":{"log":{"log":` + jsonRecord(logger, created) + `}}}}}`, ReasonNoLogger},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n, err := LineReader{}.ReadText(tc.line)
			var decode *DecodeError
			require.ErrorAs(t, err, &decode)
			assert.Equal(t, tc.reason, decode.Reason)
			assert.Nil(t, n)
			assert.NotContains(t, err.Error(), "message_id")
		})
	}
}

// The work for a text is in proportion to its length, however it is made: each of
// these would take hours were it not.
func TestHostileTextsTakeBoundedWork(t *testing.T) {
	const size = 1 << 20
	for _, test := range []struct{ name, unit string }{
		{"native marker", nativeMarker},
		{"native, no payload", "Event type: a, Context: "},
		{"native, open string", `Event type: a, Context: ['`},
		{"native, lines", "Event type: a, Context: [\", \n"},
		{"driver", driverPrefix},
		{"driver, open object", driverPrefix + `{"a":`},
		{"driver, lines", driverPrefix + "{\"event_type\":[\n"},
		{"unsent", unsentMarker + "x. Payload="},
		{"objects", `{"event_type":`},
		{"whole objects", `{"event_type":{}}`},
		{"headers", prefix + "[\n" + driverPrefix},
		{"quoted", prefix + "x [-] y " + createdLine + "\n"},
		{"escapes", "\x1b[0;1"},
		{"wrappers", `{"log":`},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := strings.Repeat(test.unit, size/len(test.unit))
			_, _ = LineReader{}.ReadText(text)
			_, _ = LineReader{}.ReadText(createdLine[:len(createdLine)-5] + text)
			_, _ = LineReader{TrustUnnamed: true}.ReadText(prefix + text)
		})
	}
	big := strings.Replace(created, `"resource_info"`, `"content": `+quoted(strings.Repeat("ü\"\\", size/4))+`, "resource_info"`, 1)
	n, err := LineReader{}.ReadText(prefix + loggerName + context8 + big)
	require.NoError(t, err)
	assert.NotNil(t, n)
}
