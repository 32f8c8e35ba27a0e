package oslo

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
)

// Parts of which the lines of these tests are made.
const (
	prefix      = "2026-03-04 23:09:52.737 22876 INFO "
	context8    = "[None req-4de4a02c-e40d-4e7d-a73c-8f385cb8ebd9 906fbdac4e9b4d878493ad7f4158ef18 359bcc5cfc414ecab6d7156c51d6f676 - - default default] "
	created     = `{"message_id": "m1", "publisher_id": "identity.ctl01", "event_type": "identity.user.created", "priority": "INFO", "payload": {"typeURI": "http://schemas.dmtf.org/cloud/audit/1.0/event", "eventType": "activity", "id": "e1", "eventTime": "2026-03-04T23:09:52.737192+0000", "action": "created.user", "outcome": "success", "observer": {"id": "o", "typeURI": "service/security"}, "target": {"id": "t", "typeURI": "data/security/account/user", "name": "it's \"J\u00fcrgen\""}, "resource_info": "t"}, "timestamp": "2026-03-04 23:09:52.737397"}`
	deleted     = `{"message_id": "m2", "publisher_id": "identity.ctl01", "event_type": "identity.project.deleted", "priority": "INFO", "payload": {"resource_info": "646c"}, "timestamp": "2026-03-04 23:09:52.736911"}`
	loggerName  = "oslo.messaging.notification.identity.user.created "
	createdLine = prefix + loggerName + context8 + created
	nativeEvent = `{'typeURI': 'http://schemas.dmtf.org/cloud/audit/1.0/event', 'eventType': 'activity', 'id': 'e2', 'action': 'create', 'outcome': 'success', 'target': {'id': 't', 'typeURI': 'compute/server', 'name': "it's ü, Payload: {}"}}`
	nativeText  = `Event type: audit.cadf, Context: {'user': ', Payload: {}', 'roles': ()}, Payload: ` + nativeEvent
	nativeLine  = prefix + "auditmiddleware " + context8 + nativeText
)

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// apacheEscaped is what ap_escape_errorlog_item makes of a text.
func apacheEscaped(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\\':
			b.WriteString(`\\`)
		case c == '\n':
			b.WriteString(`\n`)
		case c >= 0x7f || c < 0x20:
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func envelope(s string) string {
	return `{"oslo.version": "2.0", "oslo.message": ` + quoted(s) + `}`
}

func jsonRecord(logger, message string) string {
	return `{"message": ` + quoted(message) + `, "asctime": "2026-03-04 23:09:52", "name": ` + quoted(logger) + `, "msg": ` + quoted(message) +
		`, "args": [], "levelname": "WARNING", "funcname": "notify", "hostname": "ctl01", "context": {"user": "u1", "user_domain": "ud1", "project_id": "p1", "domain": null, "request_id": "req-1", "global_request_id": null}}`
}

// ids are the message ids or, of native events, the events' ids.
func ids(found []Notification) (ids []string) {
	for _, n := range found {
		if n.Native {
			ids = append(ids, n.EventType+" "+n.Event.ID)
		} else {
			ids = append(ids, n.MessageID)
		}
	}
	return ids
}

func TestParseLineForms(t *testing.T) {
	const cri = "2026-03-04T23:09:52.738204871Z stdout F "
	logger := strings.TrimSpace(loggerName)
	native := "audit.cadf e2"
	for name, tc := range map[string]struct {
		line string
		want []string
	}{
		"default format":               {createdLine, []string{"m1"}},
		"no context":                   {prefix + "oslo.messaging.notification.identity.project.deleted [-] " + deleted, []string{"m2"}},
		"logger with a space":          {prefix + "oslo.messaging.notification.identity.project tag.created [-] " + deleted, []string{"m2"}},
		"instance":                     {prefix + loggerName + context8 + "[instance: 5c5e] " + created, []string{"m1"}},
		"format of its own":            {"INFO|" + loggerName + "|{ctx}|" + created, []string{"m1"}},
		"format without a logger":      {"23:09:52 INFO: " + created, []string{"m1"}},
		"message alone":                {created, []string{"m1"}},
		"spaces around":                {"\r\n " + created + " \r\n", []string{"m1"}},
		"colours":                      {"2026-03-04 23:09:52.737 22876 \x1b[00;36mINFO " + loggerName + "[\x1b[01;36m-\x1b[00;36m] \x1b[01;35m\x1b[00;36m" + created + "\x1b[00m", []string{"m1"}},
		"colour behind":                {createdLine + "\x1b[00m", []string{"m1"}},
		"text behind":                  {createdLine + " {not json", []string{"m1"}},
		"use_json":                     {jsonRecord(logger, created), []string{"m1"}},
		"use_json, native":             {jsonRecord("auditmiddleware", nativeText), []string{native}},
		"use_json, native, args":       {`{"message": "Event type: x", "name": "auditmiddleware", "funcname": "notify", "msg": "Event type: audit.cadf, Context: %(context)s, Payload: %(payload)s", "args": {"context": {}, "payload": {"typeURI": "http://schemas.dmtf.org/cloud/audit/1.0/event", "eventType": "activity", "action": "create", "id": "e2"}}}`, []string{native}},
		"use_json, native, type":       {`{"message": "?", "msg": "Event type: %(event_type)s, Context: %(context)s, Payload: %(payload)s", "args": {"event_type": "audit.http.request", "context": {}, "payload": {"typeURI": "http://schemas.dmtf.org/cloud/audit/1.0/event", "eventType": "activity", "action": "create", "id": "e2"}}}`, []string{"audit.http.request e2"}},
		"use_json, unsent":             {`{"message": "?", "msg": "Could not send notification to %(topic)s. Payload=%(message)s", "args": {"topic": "notifications", "message": ` + created + `}}`, []string{"m1"}},
		"fluent":                       {`{"message": ` + quoted(created) + `, "time": "2026-03-04 23:09:52", "name": "` + logger + `", "level": "INFO", "funcname": "notify"}`, []string{"m1"}},
		"journald":                     {`{"LOGGER_NAME": "` + logger + `", "MESSAGE": ` + quoted(createdLine) + `}`, []string{"m1"}},
		"journald, bytes":              {`{"MESSAGE": ` + strings.ReplaceAll(fmt.Sprint([]byte(createdLine+"\x1b[00m")), " ", ",") + `}`, []string{"m1"}},
		"Kolla":                        {`{"Hostname": "ctl01", "log_level": "INFO", "python_module": "` + logger + `", "Payload": ` + quoted(created) + `}`, []string{"m1"}},
		"Kolla, native":                {`{"python_module": "keystonemiddleware.audit", "Payload": ` + quoted(nativeText) + `}`, []string{native}},
		"docker":                       {`{"log":` + quoted(createdLine+"\n") + `,"stream":"stdout","time":"2026-03-04T23:09:52.738204871Z"}`, []string{"m1"}},
		"docker, use_json":             {`{"log":` + quoted(jsonRecord(logger, created)+"\n") + `,"stream":"stdout"}`, []string{"m1"}},
		"fluent-bit, docker, use_json": {`{"log": ` + quoted(`{"log":`+quoted(jsonRecord(logger, created)+"\n")+`}`) + `, "kubernetes": {"pod_name": "keystone-api"}}`, []string{"m1"}},
		"parsed by a shipper":          {`{"message": {"log": ` + jsonRecord(logger, created) + `}}`, []string{"m1"}},
		"CRI":                          {cri + createdLine, []string{"m1"}},
		"CRI, use_json":                {cri + jsonRecord(logger, created), []string{"m1"}},
		"CRI, native":                  {cri + nativeLine, []string{native}},
		"syslog":                       {"<14>Mar  4 23:09:52 ctl01 keystone-wsgi-public: " + createdLine, []string{"m1"}},
		"syslog, use_json":             {"<14>1 2026-03-04T23:09:52Z ctl01 keystone 12 - - " + jsonRecord(logger, created), []string{"m1"}},
		"Apache":                       {"[Wed Mar 04 23:09:52.738 2026] [wsgi:error] [pid 21:tid 1401] [remote 10.0.0.5:4211] " + apacheEscaped(createdLine), []string{"m1"}},
		"Apache, two lines":            {"[Wed Mar 04 23:09:52.738 2026] [wsgi:error] " + apacheEscaped(createdLine) + "\n[Wed Mar 04 23:09:52.738 2026] [wsgi:error] " + apacheEscaped(strings.Replace(createdLine, "m1", "m2", 1)), []string{"m1", "m2"}},
		"Apache in a container":        {cri + "[Wed Mar 04 23:09:52.738 2026] [wsgi:error] " + apacheEscaped(createdLine), []string{"m1"}},
		"a client named as Apache":     {strings.Replace(createdLine, "it's", "[wsgi:", 1), []string{"m1"}},
		"Apache, native":               {"[Wed Mar 04 23:09:52.738 2026] [wsgi:error] [pid 21:tid 1401] " + apacheEscaped(nativeLine), []string{native}},
		"Canonical":                    {"2025-06-12T09:45:55.775Z [wsgi-nova-api] 2025-06-12 09:45:55.775335 " + createdLine, []string{"m1"}},
		"native":                       {nativeLine, []string{native}},
		"native without a type":        {prefix + "auditmiddleware [-] Event type: , Context: {}, Payload: " + nativeEvent, []string{native}},
		"native, format of its own":    {"INFO: " + nativeText, []string{native}},
		"unsent":                       {"2026-03-04 23:09:52.737 22876 ERROR oslo_messaging.notify.messaging [-] Could not send notification to notifications. Payload={'message_id': 'm3', 'event_type': 'identity.user.deleted', 'payload': {'resource_info': 'x'}}: amqp.AccessRefused", []string{"m3"}},
		"two on a line":                {createdLine + prefix + loggerName + "[-] " + deleted, []string{"m1", "m2"}},
		"two of use_json on a line":    {jsonRecord(logger, created) + jsonRecord(logger, deleted), []string{"m1", "m2"}},
		"native behind JSON":           {createdLine + " " + nativeLine, []string{"m1", native}},
		"three lines in a text":        {prefix + "nova.x [-] started\n" + createdLine + "\nTraceback\n" + nativeLine, []string{"m1", native}},
		"v2 envelope":                  {envelope(created), []string{"m1"}},
		"bare CADF":                    {`{"typeURI": "http://schemas.dmtf.org/cloud/audit/1.0/event", "eventType": "activity", "action": "read", "id": "e3"}`, []string{""}},
		"byte order mark":              {"\ufeff" + created, []string{"m1"}},

		"ordinary":                    {prefix + "nova.compute [-] Event type: node_added", nil},
		"logger named in prose":       {prefix + "nova.compute [-] set oslo.messaging.notification. to ERROR", nil},
		"another program's JSON":      {`{"eventType": "click", "action": "buy", "event_type": "web"}`, nil},
		"method call":                 {`{"method": "x", "args": {}, "event_type": 1}`, nil},
		"record with an eventType":    {`{"message": "x", "levelname": "INFO", "event_type": "y"}`, nil},
		"unsent without a payload":    {prefix + "oslo_messaging.notify.messaging [-] Could not send notification to notifications", nil},
		"empty":                       {"", nil},
		"brace":                       {`{`, nil},
		"journald, another logger":    {`{"MESSAGE": null, "LOGGER_NAME": "nova"}`, nil},
		"JSON that is no object":      {`["event_type", "typeURI", {}]`, nil},
		"event type of another kind":  {prefix + `nova [-] {"event_type": "network-vif-plugged"}`, nil},
		"text of an event type's end": {`{"x_type": "y"}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := ParseLine(tc.line)
			require.NoError(t, err)
			assert.Equal(t, tc.want, ids(found))
		})
	}
}

func TestParseLineKeepsTheEventWhole(t *testing.T) {
	want, err := decodePlain(envelope(created))
	require.NoError(t, err)
	for _, line := range []string{
		createdLine,
		jsonRecord(strings.TrimSpace(loggerName), created),
		"[Wed Mar 04 23:09:52.738 2026] [wsgi:error] " + apacheEscaped(createdLine),
	} {
		found, err := ParseLine(line)
		require.NoError(t, err)
		require.Len(t, found, 1)
		found[0].Line = nil
		assert.Equal(t, want, found[0])
	}
	assert.Equal(t, `it's "Jürgen"`, want.Event.Target.Name)
}

func TestNativeLine(t *testing.T) {
	for _, line := range []string{nativeLine, "[Wed Mar 04 2026] [wsgi:error] " + apacheEscaped(nativeLine)} {
		found, err := ParseLine(line)
		require.NoError(t, err)
		require.Len(t, found, 1)
		n := found[0]
		assert.True(t, n.Native)
		assert.Equal(t, KindCADF, n.Kind)
		assert.Equal(t, "audit.cadf", n.EventType)
		assert.Equal(t, "it's ü, Payload: {}", n.Event.Target.Name)
		assert.Empty(t, n.MessageID)
		assert.Equal(t, "INFO", n.Line.Level)
	}
}

func TestLineKnowsTheActor(t *testing.T) {
	full := Line{
		Level: "INFO", UserID: "906fbdac4e9b4d878493ad7f4158ef18", ProjectID: "359bcc5cfc414ecab6d7156c51d6f676",
		UserDomainID: "default", RequestID: "req-4de4a02c-e40d-4e7d-a73c-8f385cb8ebd9",
	}
	for name, tc := range map[string]struct {
		line string
		want *Line
	}{
		"8 words": {createdLine, &full},
		"global request and domain": {prefix + loggerName + "[req-g req-r u - d all ud -] " + created,
			&Line{Level: "INFO", GlobalRequestID: "req-g", RequestID: "req-r", UserID: "u", DomainID: "d", UserDomainID: "ud"}},
		"6 words": {prefix + loggerName + "[req-r u p d ud pd] " + created,
			&Line{Level: "INFO", RequestID: "req-r", UserID: "u", ProjectID: "p", DomainID: "d", UserDomainID: "ud"}},
		"before the instance": {prefix + loggerName + "[req-r u p - ud pd] [instance: req-5 a b c d e] " + created,
			&Line{Level: "INFO", RequestID: "req-r", UserID: "u", ProjectID: "p", UserDomainID: "ud"}},
		"no request":        {prefix + loggerName + "[-] " + created, &Line{Level: "INFO"}},
		"words of its own":  {prefix + loggerName + "[req-r u=u p=p d=d] " + created, &Line{Level: "INFO"}},
		"7 words":           {prefix + loggerName + "[None req-r u p d ud pd] " + created, &Line{Level: "INFO"}},
		"no request's id":   {prefix + loggerName + "[None r u p - - ud pd] " + created, &Line{Level: "INFO"}},
		"format of its own": {"INFO " + loggerName + created, nil},
		"off the wire":      {envelope(created), nil},
		"JSON": {jsonRecord(strings.TrimSpace(loggerName), created),
			&Line{Level: "WARNING", Hostname: "ctl01", UserID: "u1", UserDomainID: "ud1", ProjectID: "p1", RequestID: "req-1"}},
		"journald": {`{"_HOSTNAME": "ctl02", "LOGGER_LEVEL": "ERROR", "MESSAGE": ` + quoted(createdLine) + `}`,
			func() *Line { l := full; l.Hostname = "ctl02"; return &l }()},
		"Kolla":  {`{"Hostname": "ctl03", "log_level": "WARNING", "Payload": ` + quoted(created) + `}`, &Line{Level: "WARNING", Hostname: "ctl03"}},
		"native": {nativeLine, &full},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := ParseLine(tc.line)
			require.NoError(t, err)
			require.Len(t, found, 1)
			assert.Equal(t, tc.want, found[0].Line)
		})
	}
}

func TestParseFields(t *testing.T) {
	record, _, err := literal.ParseJSON(jsonRecord("oslo.messaging.notification.identity.user.created", created))
	require.NoError(t, err)
	found, err := ParseFields(record)
	require.NoError(t, err)
	assert.Equal(t, []string{"m1"}, ids(found))

	for _, text := range []string{`"text"`, `[]`, `{}`, `null`, `{"message": null, "log": [], "msg": [300]}`} {
		record, _, err := literal.ParseJSON(text)
		require.NoError(t, err)
		found, err := ParseFields(record)
		require.NoError(t, err)
		assert.Empty(t, found)
	}
}
