package auditlog_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog/auditlogtest"
)

// event is a CADF event with the members that each has, and more.
func event(members string) string {
	return `{"typeURI":"http://schemas.dmtf.org/cloud/audit/1.0/event","eventType":"activity",` +
		`"id":"a82028e8-8eda-5d04-83a3-c9a4fdc8e958","eventTime":"2026-11-20T23:08:19.862679+0000",` + members + `}`
}

// notification puts a payload into a notification of Keystone's, or of an audit middleware's under uWSGI.
func notification(eventType, payload string) string {
	publisher := "uwsgi"
	if len(eventType) > 8 && eventType[:8] == "identity" {
		publisher = "identity.ctl01"
	}
	return fmt.Sprintf(`{"message_id":"c7d7f5a5-9d5b-4a31-a72e-000000000001","publisher_id":%q,"event_type":%q,`+
		`"priority":"INFO","timestamp":"2026-11-20 23:08:19.903441","payload":%s}`, publisher, eventType, payload)
}

// v2 puts a notification into the envelope of messagingv2.
func v2(notification string) string {
	inner, err := json.Marshal(notification)
	if err != nil {
		panic(err)
	}
	return `{"oslo.version": "2.0", "oslo.message": ` + string(inner) + `}`
}

// one maps a message that gives one record.
func one(t testing.TB, config auditlog.Config, body string) auditlogtest.Line {
	t.Helper()
	lines := mapAll(t, config, []auditlog.Message{{Body: []byte(body), Received: received}})
	require.Len(t, lines, 1)
	return lines[0]
}

// byDefault maps a message with the default configuration.
func byDefault(t testing.TB, body string) auditlogtest.Line {
	t.Helper()
	return one(t, auditlog.NewDefaultConfig(), body)
}

// lines are the records of logs.
func lines(logs plog.Logs) []auditlogtest.Line { return auditlogtest.Lines(logs) }

// configured returns the default configuration with a change.
func configured(change func(c *auditlog.Config)) auditlog.Config {
	c := auditlog.NewDefaultConfig()
	change(&c)
	return c
}

// want is attributes that a record must have; nil: must not have.
type want map[string]any

func (w want) check(t testing.TB, line auditlogtest.Line) {
	t.Helper()
	for key, value := range w {
		if value == nil {
			require.NotContains(t, line.Attributes, key)
		} else {
			require.Equal(t, value, line.Attributes[key], key)
		}
	}
}

// everything is the whole of a record as text.
func everything(t testing.TB, line auditlogtest.Line) string {
	t.Helper()
	return string(auditlogtest.JSON(t, []auditlogtest.Line{line}))
}

func sha256Hex(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) }
