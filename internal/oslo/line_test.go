package oslo

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo/hostiletest"
)

// Parts of which the lines of these tests are made.
const (
	prefix   = "2026-03-04 23:09:52.737 22876 INFO "
	context8 = "[None req-4de4a02c-e40d-4e7d-a73c-8f385cb8ebd9 906fbdac4e9b4d878493ad7f4158ef18 359bcc5cfc414ecab6d7156c51d6f676 - - " +
		"default default] "
	created = `{"message_id": "m1", "publisher_id": "identity.ctl01", "event_type": "identity.user.created", "priority": "INFO", ` +
		`"payload": {"typeURI": "http://schemas.dmtf.org/cloud/audit/1.0/event", "eventType": "activity", "id": "e1", ` +
		`"eventTime": "2026-03-04T23:09:52.737192+0000", "action": "created.user", "outcome": "success", "observer": {"id": "o", ` +
		`"typeURI": "service/security"}, "target": {"id": "t", "typeURI": "data/security/account/user", "name": "it's \"J\u00fcrgen\""}, ` +
		`"resource_info": "t"}, "timestamp": "2026-03-04 23:09:52.737397"}`
	deleted = `{"message_id": "m2", "publisher_id": "identity.ctl01", "event_type": "identity.project.deleted", "priority": "INFO", ` +
		`"payload": {"resource_info": "646c"}, "timestamp": "2026-03-04 23:09:52.736911"}`
	loggerName  = "oslo.messaging.notification.identity.user.created "
	createdLine = prefix + loggerName + context8 + created
	nativeEvent = `{'typeURI': 'http://schemas.dmtf.org/cloud/audit/1.0/event', 'eventType': 'activity', 'id': 'e2', 'action': 'create', ` +
		`'outcome': 'success', 'target': {'id': 't', 'typeURI': 'compute/server', 'name': "it's ü, Payload: {}"}}`
	nativeText = `Event type: audit.cadf, Context: {'user': ', Payload: {}', 'roles': ()}, Payload: ` + nativeEvent
	nativeLine = prefix + "auditmiddleware " + context8 + nativeText
)

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func envelope(s string) string {
	return `{"oslo.version": "2.0", "oslo.message": ` + quoted(s) + `}`
}

func jsonRecord(logger, message string) string {
	return `{"message": ` + quoted(message) + `, "asctime": "2026-03-04 23:09:52", "name": ` + quoted(logger) + `, "msg": ` + quoted(message) +
		`, "args": [], "levelname": "WARNING", "funcname": "notify", "hostname": "ctl01", "context": {"user": "u1", "user_domain": "ud1", ` +
		`"project_id": "p1", "domain": null, "request_id": "req-1", "global_request_id": null}}`
}

// idOf is the message id or, of a native event, its type and the event's id; "none" where there is no event.
func idOf(n *Notification) string {
	switch {
	case n == nil:
		return "none"
	case n.Native:
		return n.EventType + " " + n.Event.ID
	default:
		return n.MessageID
	}
}

// Each form in which a logger's event reaches the collector.
func TestReadTextForms(t *testing.T) {
	const (
		cri    = "2026-03-04T23:09:52.738204871Z stdout F "
		apache = "[Wed Mar 04 23:09:52.738 2026] [wsgi:error] "
		cadf   = `{"typeURI": "http://schemas.dmtf.org/cloud/audit/1.0/event", "eventType": "activity", "action": "create", "id": "e2"}`
		native = "audit.cadf e2"
	)
	logger := strings.TrimSpace(loggerName)
	for _, tc := range []struct{ name, line, want string }{
		{"default format", createdLine, "m1"},
		{"no context", prefix + "oslo.messaging.notification.identity.project.deleted [-] " + deleted, "m2"},
		{"logger with a space", prefix + "oslo.messaging.notification.identity.project tag.created [-] " + deleted, "m2"},
		{"instance", prefix + loggerName + context8 + "[instance: 5c5e] " + created, "m1"},
		{"format of its own", "INFO|" + loggerName + "|[ctx]|" + created, "m1"},
		{"format of its own, colons", "2026-03-04T23:09:52Z INFO " + logger + ": " + created, "m1"},
		{"format of its own, no context", "INFO " + loggerName + created, "m1"},
		{"blanks around", "  " + createdLine + " \r\n", "m1"},
		{"colours", "2026-03-04 23:09:52.737 22876 \x1b[00;36mINFO " + loggerName + "[\x1b[01;36m-\x1b[00;36m] \x1b[01;35m\x1b[00;36m" + created +
			"\x1b[00m", "m1"},
		{"colour behind", createdLine + "\x1b[00m", "m1"},
		{"error summary behind", createdLine + ": keystone.exception.UserNotFound: x", "m1"},
		{"byte order mark", "\ufeff" + createdLine, "m1"},
		{"use_json", jsonRecord(logger, created), "m1"},
		{"use_json, colour behind", jsonRecord(logger, created) + "\x1b[00m", "m1"},
		{"use_json, native", jsonRecord("auditmiddleware", nativeText), native},
		{"use_json, native, args", `{"message": "Event type: x", "name": "auditmiddleware", "funcname": "notify", ` +
			`"msg": "Event type: audit.cadf, Context: %(context)s, Payload: %(payload)s", "args": {"context": {}, "payload": ` + cadf + `}}`,
			native},
		{"use_json, native, type", `{"message": "?", "name": "keystonemiddleware.audit", "levelname": "INFO", ` +
			`"msg": "Event type: %(event_type)s, Context: %(context)s, Payload: %(payload)s", "args": {"event_type": "audit.http.request", ` +
			`"context": {}, "payload": ` + cadf + `}}`, "audit.http.request e2"},
		{"use_json, unsent", `{"message": "?", "name": "oslo_messaging.notify.messaging", "funcname": "notify", ` +
			`"msg": "Could not send notification to %(topic)s. Payload=%(message)s", "args": {"topic": "notifications", "message": ` + created +
			`}}`, "m1"},
		{"fluent", `{"message": ` + quoted(created) + `, "time": "2026-03-04 23:09:52", "name": "` + logger +
			`", "level": "INFO", "funcname": "notify"}`, "m1"},
		{"fluent, parsed by a shipper", `{"message": ` + created + `, "name": "` + logger + `", "level": "INFO", "funcname": "notify"}`, "m1"},
		{"journald", `{"LOGGER_NAME": "` + logger + `", "MESSAGE": ` + quoted(createdLine) + `}`, "m1"},
		{"journald, standard error", `{"_SYSTEMD_UNIT": "keystone.service", "MESSAGE": ` + quoted(createdLine) + `}`, "m1"},
		{"journald, bytes", `{"MESSAGE": ` + strings.ReplaceAll(fmt.Sprint([]byte(createdLine+"\x1b[00m")), " ", ",") + `}`, "m1"},
		{"Kolla", `{"Hostname": "ctl01", "log_level": "INFO", "python_module": "` + logger + `", "Payload": ` + quoted(created) + `}`, "m1"},
		{"Kolla, native", `{"python_module": "keystonemiddleware.audit", "Payload": ` + quoted(nativeText) + `}`, native},
		{"logger's field", `{"logger": "` + logger + `", "message": ` + quoted(created) + `}`, "m1"},
		{"logger's field of the Elastic Common Schema", `{"log.logger": "auditmiddleware", "message": ` + quoted(nativeText) + `}`, native},
		{"docker", `{"log":` + quoted(createdLine+"\n") + `,"stream":"stdout","time":"2026-03-04T23:09:52.738204871Z"}`, "m1"},
		{"docker, use_json", `{"log":` + quoted(jsonRecord(logger, created)+"\n") + `,"stream":"stdout"}`, "m1"},
		{"fluent-bit, docker, use_json", `{"log": ` + quoted(`{"log":`+quoted(jsonRecord(logger, created)+"\n")+`}`) +
			`, "kubernetes": {"pod_name": "keystone-api"}}`, "m1"},
		{"fluent-bit with a logger of its own", `{"log": ` + quoted(jsonRecord(logger, created)) + `, "logger": "fluent-bit"}`, "m1"},
		{"parsed by a shipper", `{"message": {"log": ` + jsonRecord(logger, created) + `}}`, "m1"},
		{"OpenShift", `{"@timestamp": "2026-03-04T23:09:52Z", "message": ` + quoted(createdLine) +
			`, "level": "info", "hostname": "n1", "kubernetes": {"container_name": "keystone"}}`, "m1"},
		{"OpenShift, parsed", `{"@timestamp": "2026-03-04T23:09:52Z", "structured": ` + jsonRecord(logger, created) + `, "hostname": "n1"}`,
			"m1"},
		{"CRI", cri + createdLine, "m1"},
		{"CRI, use_json", cri + jsonRecord(logger, created), "m1"},
		{"CRI, native", cri + nativeLine, native},
		{"docker logs --timestamps, use_json", "2026-03-04T23:09:52.738204871Z " + jsonRecord(logger, created), "m1"},
		{"syslog", "<14>Mar  4 23:09:52 ctl01 keystone-wsgi-public: " + createdLine, "m1"},
		{"syslog of libc", "<14>Mar  4 23:09:52 keystone-wsgi-public[21]: " + createdLine, "m1"},
		{"syslog, use_json", "<14>1 2026-03-04T23:09:52Z ctl01 keystone 12 - - " + jsonRecord(logger, created), "m1"},
		{"syslog, structured data", `<14>1 2026-03-04T23:09:52Z ctl01 keystone 12 - [a@1 b="c]\""][d] ` + "\ufeff" + createdLine, "m1"},
		{"rsyslog's file", "Mar  4 23:09:52 ctl01 keystone-wsgi-public: " + createdLine, "m1"},
		{"rsyslog's file, ISO", "2026-03-04T23:09:52.737192+00:00 ctl01 keystone-wsgi-public[21]: " + createdLine, "m1"},
		{"Apache", apache[:len(apache)-1] + " [pid 21:tid 1401] [remote 10.0.0.5:4211] " + hostiletest.ApacheEscaped(createdLine), "m1"},
		{"Apache with a referer", apache + "[client 10.0.0.5:4211] " + hostiletest.ApacheEscaped(createdLine) + ", referer: http://dashboard/",
			"m1"},
		{"Apache in a container", cri + apache + hostiletest.ApacheEscaped(createdLine), "m1"},
		{"Apache, format of Keystone's sample", "2026-03-04 23:09:52.737334 " + hostiletest.ApacheEscaped(createdLine), "m1"},
		{"Apache, format of Keystone's sample, use_json", "2026-03-04 23:09:52.737334 " + hostiletest.ApacheEscaped(jsonRecord(logger, created)),
			"m1"},
		{"a client named as Apache", strings.Replace(createdLine, "it's", "[wsgi:", 1), "m1"},
		{"Apache, native", apache + "[pid 21:tid 1401] " + hostiletest.ApacheEscaped(nativeLine), native},
		{"Canonical", "2025-06-12T09:45:55.775Z [wsgi-nova-api] 2025-06-12 09:45:55.775335 " + hostiletest.ApacheEscaped(createdLine), "m1"},
		{"format of its own with microseconds", strings.Replace(createdLine, ".737 ", ".737334 ", 1), "m1"},
		{"Pebble, use_json", "2025-06-12T09:45:55.775Z [wsgi-nova-api] " + jsonRecord(logger, created), "m1"},
		{"native", nativeLine, native},
		{"native of a module within", strings.Replace(nativeLine, "auditmiddleware", "keystonemiddleware.audit._notifier", 1), native},
		{"native without a type", prefix + "auditmiddleware [-] Event type: , Context: {}, Payload: " + nativeEvent, native},
		{"unsent", "2026-03-04 23:09:52.737 22876 ERROR oslo_messaging.notify.messaging [-] Could not send notification to notifications. " +
			"Payload={'message_id': 'm3', 'event_type': 'identity.user.deleted', 'payload': {'resource_info': 'x'}}: amqp.AccessRefused\nTraceback",
			"m3"},
		{"traceback behind", createdLine + "\nTraceback (most recent call last):", "m1"},

		{"ordinary", prefix + "nova.compute [-] Event type: node_added", "none"},
		{"logger named in prose", prefix + "nova.compute [-] set oslo.messaging.notification. to ERROR", "none"},
		{"another program's JSON", `{"eventType": "click", "action": "buy", "event_type": "web"}`, "none"},
		{"method call", `{"method": "x", "args": {}, "event_type": 1}`, "none"},
		{"record with an eventType", `{"message": "x", "levelname": "INFO", "event_type": "y"}`, "none"},
		{"unsent without a payload", prefix + "oslo_messaging.notify.messaging [-] Could not send notification to notifications", "none"},
		{"empty", "", "none"},
		{"brace", `{`, "none"},
		{"journald, another logger", `{"MESSAGE": null, "LOGGER_NAME": "nova"}`, "none"},
		{"JSON that is no object", `["event_type", "typeURI", {}]`, "none"},
		{"event type of another kind", prefix + `nova [-] {"event_type": "network-vif-plugged"}`, "none"},
		{"text of an event type's end", `{"x_type": "y"}`, "none"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n, err := LineReader{}.ReadText(tc.line)
			require.NoError(t, err)
			assert.Equal(t, tc.want, idOf(n))
		})
	}
}

// What the operator says of his own logs.
func TestReadTextAsConfigured(t *testing.T) {
	own := strings.Replace(nativeLine, "auditmiddleware", "audit.nova", 1)
	for _, tc := range []struct {
		name, line string
		reader     LineReader
		want       string
	}{
		{"a logger of one's own", own, LineReader{Loggers: []string{"audit.nova"}}, "audit.cadf e2"},
		{"loggers of one's own", own, LineReader{Loggers: []string{"keystone", "audit.*"}}, "audit.cadf e2"},
		{"format without a logger", "23:09:52 INFO: " + created, LineReader{TrustUnnamed: true}, "m1"},
		{"format without a logger, context", "23:09:52 INFO [req-1 u p] " + created, LineReader{TrustUnnamed: true}, "m1"},
		{"format without a logger, native", "INFO: " + nativeText, LineReader{TrustUnnamed: true}, "audit.cadf e2"},
		{"message alone", created, LineReader{TrustUnnamed: true}, "m1"},
		{"bare CADF", `{"typeURI": "http://schemas.dmtf.org/cloud/audit/1.0/event", "eventType": "activity", "action": "read", "id": "e3"}`,
			LineReader{TrustUnnamed: true}, ""},
		{"v2 envelope", envelope(created), LineReader{TrustUnnamed: true}, "m1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n, err := tc.reader.ReadText(tc.line)
			require.NoError(t, err)
			assert.Equal(t, tc.want, idOf(n))
			n, err = LineReader{}.ReadText(tc.line)
			require.Error(t, err)
			assert.Nil(t, n, "by default")
		})
	}
}

func TestReadTextKeepsTheEventWhole(t *testing.T) {
	want, err := decodePlain(envelope(created))
	require.NoError(t, err)
	for _, line := range []string{
		createdLine,
		jsonRecord(strings.TrimSpace(loggerName), created),
		"[Wed Mar 04 23:09:52.738 2026] [wsgi:error] " + hostiletest.ApacheEscaped(createdLine),
	} {
		n, err := LineReader{}.ReadText(line)
		require.NoError(t, err)
		n.Line = nil
		assert.Equal(t, want, *n)
	}
	assert.Equal(t, `it's "Jürgen"`, want.Event.Target.Name)
}

func TestNativeLine(t *testing.T) {
	for _, line := range []string{nativeLine, "[Wed Mar 04 23:09:52.738 2026] [wsgi:error] " + hostiletest.ApacheEscaped(nativeLine)} {
		n, err := LineReader{}.ReadText(line)
		require.NoError(t, err)
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
		PlainText: true, Level: "INFO", UserID: "906fbdac4e9b4d878493ad7f4158ef18", ProjectID: "359bcc5cfc414ecab6d7156c51d6f676",
		UserDomainID: "default", RequestID: "req-4de4a02c-e40d-4e7d-a73c-8f385cb8ebd9",
	}
	for _, tc := range []struct {
		name string
		line string
		want *Line
	}{
		{"8 words", createdLine, &full},
		{"global request and domain", prefix + loggerName + "[req-g req-r u - d all ud -] " + created,
			&Line{PlainText: true, Level: "INFO", GlobalRequestID: "req-g", RequestID: "req-r", UserID: "u", DomainID: "d", UserDomainID: "ud"}},
		{"6 words", prefix + loggerName + "[req-r u p d ud pd] " + created,
			&Line{PlainText: true, Level: "INFO", RequestID: "req-r", UserID: "u", ProjectID: "p", DomainID: "d", UserDomainID: "ud"}},
		{"before the instance", prefix + loggerName + "[req-r u p - ud pd] [instance: req-5 a b c d e] " + created,
			&Line{PlainText: true, Level: "INFO", RequestID: "req-r", UserID: "u", ProjectID: "p", UserDomainID: "ud"}},
		{"no request", prefix + loggerName + "[-] " + created, &Line{PlainText: true, Level: "INFO"}},
		{"words of its own", prefix + loggerName + "[req-r u=u p=p d=d] " + created, &Line{PlainText: true, Level: "INFO"}},
		{"7 words", prefix + loggerName + "[None req-r u p d ud pd] " + created, &Line{PlainText: true, Level: "INFO"}},
		{"no request's id", prefix + loggerName + "[None r u p - - ud pd] " + created, &Line{PlainText: true, Level: "INFO"}},
		{"format of its own", "INFO|" + loggerName + "|" + created, &Line{PlainText: true, Level: "INFO"}},
		{"JSON", jsonRecord(strings.TrimSpace(loggerName), created),
			&Line{Level: "WARNING", Hostname: "ctl01", UserID: "u1", UserDomainID: "ud1", ProjectID: "p1", RequestID: "req-1"}},
		{"journald", `{"_HOSTNAME": "ctl02", "LOGGER_LEVEL": "ERROR", "MESSAGE": ` + quoted(createdLine) + `}`,
			func() *Line { l := full; l.Hostname = "ctl02"; return &l }()},
		{"Kolla", `{"Hostname": "ctl03", "log_level": "WARNING", "python_module": "oslo.messaging.notification.x", "Payload": ` +
			quoted(created) + `}`, &Line{PlainText: true, Level: "WARNING", Hostname: "ctl03"}},
		{"use_journal", `{"_HOSTNAME": "ctl02", "LOGGER_NAME": "oslo.messaging.notification.identity.user.created", "MESSAGE": ` +
			quoted(createdLine) + `}`,
			func() *Line { l := full; l.Hostname, l.PlainText = "ctl02", false; return &l }()},
		{"native", nativeLine, &full},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n, err := LineReader{}.ReadText(tc.line)
			require.NoError(t, err)
			assert.Equal(t, tc.want, n.Line)
		})
	}
}

func TestReadFields(t *testing.T) {
	record, _, err := literal.ParseJSON(jsonRecord("oslo.messaging.notification.identity.user.created", created))
	require.NoError(t, err)
	n, err := LineReader{}.ReadFields(record, "")
	require.NoError(t, err)
	assert.Equal(t, "m1", idOf(n))

	message := literal.Value{Kind: literal.Object, Items: []literal.Value{{Kind: literal.String, Key: "message", Text: created}}}
	n, err = LineReader{}.ReadFields(message, "oslo.messaging.notification.identity.user.created")
	require.NoError(t, err)
	assert.Equal(t, "m1", idOf(n), "the logger is named beside the fields")

	for _, text := range []string{`"text"`, `[]`, `{}`, `null`, `{"message": null, "log": [], "msg": [300]}`} {
		record, _, err := literal.ParseJSON(text)
		require.NoError(t, err)
		n, err := LineReader{}.ReadFields(record, "")
		require.NoError(t, err)
		assert.Nil(t, n)
	}
}
