//go:build keystone

package keystone

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/debiantest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo/hostiletest"
)

// Somebody who is not logged in attacks the log of Debian's Keystone, in which uWSGI's lines are as well, with all that can be typed: as
// the name of a failed login, and as path, User-Agent and Referer of requests. config/logfile.yaml finds the failed logins and nothing
// else.
func TestNothingTypedBecomesAnEvent(t *testing.T) {
	for _, test := range []struct {
		name, config string
		lineBreaks   bool
	}{
		{"use_json", "[DEFAULT]\nuse_json = true", true},
		{"default format", "", false}, // it cannot tell a whole line that somebody typed behind a line break
	} {
		t.Run(test.name, func(t *testing.T) {
			keystone := debiantest.Start(t, debiantest.Options{UWSGI: true, Config: test.config})
			output := collectLog(t, keystone)
			failures := 0
			for i, typed := range hostiletest.Texts(t) {
				if i%2 == 0 && (test.lineBreaks || !strings.Contains(typed.Text, "\n")) {
					failures += attack(t, keystone, typed.Text)
				}
			}
			keystone.Create("user", "/users", map[string]any{"name": "last", "domain_id": "default"})

			var records []plog.LogRecord
			require.Eventually(t, func() bool {
				records = nil
				for record := range audit.Records(collectortest.ReadExported(t, output)) {
					records = append(records, record)
				}
				return len(records) > 0 && texts(records[len(records)-1])[audit.AttrNotificationEventType] == "identity.user.created"
			}, patience, 10*poll, "the event that comes last does not arrive")
			logins, refused := 0, map[string]int{}
			for _, record := range records {
				attributes := texts(record)
				if reason, raw := attributes[audit.AttrNotificationDecodeError]; raw {
					assert.NotContains(t, attributes, audit.AttrAuditAction)
					refused[reason]++
					continue
				}
				assert.NotEqual(t, "forged", attributes[audit.AttrRecordUID])
				assert.NotEqual(t, "forged", attributes[audit.AttrEventID])
				if attributes[audit.AttrAuditAction] == "authenticate" && attributes[audit.AttrAuditOutcome] == "failure" {
					logins++
				}
			}
			assert.Equal(t, failures, logins, "each failed login has its event")
			assert.Positive(t, refused["access_line"])
			assert.Positive(t, refused["other_logger"])
			t.Logf("%d failed logins, %d records, refused: %v", failures, len(records), refused)
		})
	}
}

// attack types a text wherever that is possible, and returns how many logins failed.
func attack(t *testing.T, keystone *debiantest.Keystone, typed string) (failures int) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"auth": map[string]any{"identity": map[string]any{
		"methods":  []string{"password"},
		"password": map[string]any{"user": map[string]any{"name": typed, "domain": map[string]any{"id": "default"}, "password": "x"}},
	}}})
	require.NoError(t, err)
	api, err := url.Parse(keystone.URL)
	require.NoError(t, err)
	header := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, typed)
	if header = header[:min(len(header), 8000)]; send(t, api.Host, "POST /v3/auth/tokens", header, body) == http.StatusUnauthorized {
		failures++
	}
	send(t, api.Host, "GET /v3/users/"+strings.ReplaceAll(header, " ", ""), header, nil)
	send(t, api.Host, "GET /"+strings.ReplaceAll(header, " ", "\t"), header, nil)
	return failures
}

// send sends a request as it is, which net/http would refuse to. The status is 0 where the server closes the connection.
func send(t *testing.T, address, request, header string, body []byte) (status int) {
	t.Helper()
	connection, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer connection.Close()
	require.NoError(t, connection.SetDeadline(time.Now().Add(patience)))
	_, err = fmt.Fprintf(connection, "%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Type: application/json\r\nUser-Agent: "+
		"%s\r\nReferer: %s\r\nContent-Length: %d\r\n\r\n%s",
		request, address, header, header, len(body), body)
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

// collectLog runs config/logfile.yaml on Keystone's log, and returns the path of what it writes.
func collectLog(t *testing.T, keystone *debiantest.Keystone) string {
	t.Helper()
	folder := t.TempDir()
	output := filepath.Join(folder, "audit.jsonl")
	collectortest.Run(t, collectortest.Options{Config: "logfile.yaml", Environment: []string{
		"AUDIT_LOG_FILES=" + keystone.Log, "AUDIT_OUTPUT=" + output, "AUDIT_STATE=" + folder,
	}})
	return output
}

// texts are the attributes of a record that are text.
func texts(record plog.LogRecord) map[string]string {
	attributes := map[string]string{}
	for key, value := range record.Attributes().All() {
		attributes[key] = value.AsString()
	}
	return attributes
}
