package oslo

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBrokenEventsHaveAReason(t *testing.T) {
	logger := strings.TrimSpace(loggerName)
	for name, tc := range map[string]struct {
		line   string
		reason Reason
		found  []string
	}{
		"cut in the event":              {createdLine[:len(createdLine)-100], ReasonTruncated, nil},
		"cut in an escape":              {createdLine[:strings.Index(createdLine, `\u00fc`)+4], ReasonTruncated, nil},
		"cut before the event":          {prefix + loggerName + "[None req-4de4", ReasonTruncated, nil},
		"cut use_json":                  {jsonRecord(logger, created)[:300], ReasonTruncated, nil},
		"cut envelope":                  {envelope(created)[:400], ReasonTruncated, nil},
		"cut native":                    {nativeLine[:len(nativeLine)-3], ReasonTruncated, nil},
		"cut native in the context":     {nativeLine[:strings.Index(nativeLine, "roles")], ReasonTruncated, nil},
		"cut native before the payload": {nativeLine[:strings.Index(nativeLine, "Payload: {'type")], ReasonTruncated, nil},
		"cut native in the label":       {prefix + "auditmiddleware [-] Event type: audit.http.requ", ReasonTruncated, nil},
		"cut message in a record":       {jsonRecord(logger, created[:300]), ReasonTruncated, nil},
		"no JSON":                       {prefix + loggerName + `[-] {"event_type": <>, "payload": {}, "message_id": 1}`, ReasonJSON, nil},
		"no Python":                     {strings.Replace(nativeLine, "'activity'", "'activity' 'x'", 1), ReasonPythonLiteral, nil},
		"no payload label":              {prefix + "auditmiddleware [-] Event type: audit.cadf, Context: {}, Body: {'typeURI': 'x'}", ReasonPythonLiteral, nil},
		"native without CADF":           {prefix + "auditmiddleware [-] Event type: audit.cadf, Context: {}, Payload: {'a': 1}", ReasonNotNotification, nil},
		"no notification":               {prefix + loggerName + `[-] {"event_type": "x"}`, ReasonNotNotification, nil},
		"another envelope":              {`{"oslo.version": "3.0", "oslo.message": "{\"event_type\": \"x\"}"}`, ReasonEnvelopeVersion, nil},
		"unsent, cut":                   {prefix + "oslo_messaging.notify.messaging [-] Could not send notification to notifications. Payload={'message_id': 'm3', 'event", ReasonTruncated, nil},
		"too deep":                      {prefix + loggerName + `[-] {"payload": ` + strings.Repeat("[", 20000), ReasonJSON, nil},
		"deep Python":                   {prefix + "a [-] Event type: audit.cadf, Context: {}, Payload: " + strings.Repeat("{1:", 20000), ReasonPythonLiteral, nil},
		"piece of CRI":                  {"2026-03-04T23:09:52.738204871Z stdout P " + createdLine[:400], ReasonPartial, nil},
		"piece of CRI, use_json":        {"2026-03-04T23:09:52.738204871Z stderr P " + jsonRecord(logger, created)[:500], ReasonPartial, nil},
		"piece of docker":               {`{"log":` + quoted(createdLine[:400]) + `,"stream":"stdout"}`, ReasonPartial, nil},
		"journald, too long":            {`{"MESSAGE": null, "LOGGER_NAME": "` + logger + `"}`, ReasonTruncated, nil},
		"first whole, second cut":       {createdLine + createdLine[:300], ReasonTruncated, []string{"m1"}},
		"five wrappers":                 {`{"log":{"log":{"log":{"log":{"log":` + jsonRecord(logger, created) + `}}}}}`, ReasonNotNotification, nil},
		"form that is not known":        {`event=http://schemas.dmtf.org/cloud/audit/1.0/event {"typeURI": 1}`, ReasonNotNotification, nil},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := ParseLine(tc.line)
			var decode *DecodeError
			require.ErrorAs(t, err, &decode)
			assert.Equal(t, tc.reason, decode.Reason)
			assert.Equal(t, tc.found, ids(found))
			assert.NotContains(t, err.Error(), "message_id")
		})
	}
}

// A name that somebody types at a login stands in Keystone's own lines. It must not become an event.
func TestQuotedEventsAreNoEvents(t *testing.T) {
	for name, line := range map[string]string{
		"a whole line":            prefix + "keystone.server.flask.application [None req-1 - - - - - -] Could not find user: " + createdLine + ".",
		"twice":                   prefix + "keystone.server.flask.application [None req-1 - - - - - -] Could not find user: " + loggerName + createdLine + createdLine,
		"bracket first":           prefix + "keystone.server.flask.application [None req-1 - - - - - -] Could not find user: x] " + createdLine,
		"native in brackets":      prefix + "keystone [-] [typed] " + nativeText,
		"native":                  prefix + "keystone.server.flask.application [None req-1 - - - - - -] Could not find user: " + nativeText,
		"object":                  prefix + "keystone.server.flask.application [None req-1 - - - - - -] Could not find user: " + created,
		"envelope":                prefix + "keystone.server.flask.application [None req-1 - - - - - -] Could not find user: " + envelope(created),
		"unsent":                  prefix + "keystone [-] Could not find user: Could not send notification to x. Payload=" + created,
		"use_json":                jsonRecord("keystone.server.flask.application", "Could not find user: "+createdLine),
		"use_json, object":        jsonRecord("keystone.server.flask.application", "Could not find user: "+created),
		"use_json, native":        jsonRecord("keystone.server.flask.application", "Could not find user: "+nativeText),
		"CRI":                     "2026-03-04T23:09:52.738204871Z stdout F " + prefix + "keystone [-] Could not find user: " + createdLine,
		"Kolla":                   `{"python_module": "keystone.server.flask.application", "Payload": ` + quoted("Could not find user: "+created) + `}`,
		"CRI, use_json":           "2026-03-04T23:09:52.738204871Z stdout F " + jsonRecord("keystone", "Could not find user: "+createdLine),
		"after a truncated event": createdLine[:strings.Index(createdLine, "success")] + nativeText,
	} {
		t.Run(name, func(t *testing.T) {
			found, err := ParseLine(line)
			assert.Empty(t, ids(found))
			var decode *DecodeError
			require.ErrorAs(t, err, &decode, "it is kept as it is")
			if name != "after a truncated event" {
				assert.Equal(t, ReasonQuoted, decode.Reason)
			}
		})
	}
}

// The work for a text is in proportion to its length, however it is made: each of
// these would take hours were it not.
func TestHostileTextsTakeBoundedWork(t *testing.T) {
	const size = 1 << 20
	for name, unit := range map[string]string{
		"native marker":       nativeMarker,
		"native, no payload":  "Event type: a, Context: ",
		"native, open string": `Event type: a, Context: ['`,
		"native, lines":       "Event type: a, Context: [\", \n",
		"logger marker":       loggerMarker,
		"logger, open object": loggerMarker + `{"a":`,
		"logger, lines":       loggerMarker + "{\"event_type\":[\n",
		"unsent":              unsentMarker + "x. Payload=",
		"objects":             `{"event_type":`,
		"whole objects":       `{"event_type":{}}`,
		"headers":             prefix + "[\n" + loggerMarker,
		"quoted":              prefix + "x [-] y " + createdLine + "\n",
		"escapes":             "\x1b[0;1",
		"wrappers":            `{"log":`,
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Repeat(unit, size/len(unit))
			_, _ = ParseLine(text)
			_, _ = ParseLine(createdLine[:len(createdLine)-5] + text)
		})
	}
	big := strings.Replace(created, `"resource_info"`, `"content": `+quoted(strings.Repeat("ü\"\\", size/4))+`, "resource_info"`, 1)
	found, err := ParseLine(prefix + loggerName + context8 + big)
	require.NoError(t, err)
	assert.Len(t, found, 1)
}
