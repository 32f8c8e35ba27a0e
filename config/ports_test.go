package config_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// forge is what a local user tries: to send a record of his own into each port, with the header that he thinks of. It prints the status.
const forge = `
import sys, urllib.error, urllib.request
url, header = sys.argv[1:]
body = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"forged"}}]}]}]}'
headers = {'Content-Type': 'application/json', **({'Authorization': header} if header else {})}
request = urllib.request.Request(url + '/v1/logs', body, headers)
try:
    print(urllib.request.urlopen(request).status)
except urllib.error.HTTPError as e:
    print(e.code)
`

// asNobody runs a command as another user than the collector's, if this one may.
func asNobody(t *testing.T, name string, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, arguments...)
	command.Dir = "/"
	if os.Geteuid() == 0 {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
	return strings.TrimSpace(string(output))
}

// The port between the two pipelines of listen.yaml is for the collector alone: another user of the host is refused, with any
// header, and the collector's own records pass.
func TestNobodyElseSendsToNames(t *testing.T) {
	b := newBackend(t)
	endpoint, names := collectortest.FreeAddress(t), collectortest.FreeAddress(t)
	c := start(t, "listen.yaml", "AUDIT_LISTEN_ENDPOINT="+endpoint, "AUDIT_LISTEN_PASSWORD=listen-only", "AUDIT_NAMES_ENDPOINT="+names,
		"AUDIT_KEYSTONE_URL=", "AUDIT_OTLP_ENDPOINT="+b.URL)
	c.AwaitReady(t)
	for _, header := range []string{"", "Bearer", "Bearer ", "Bearer listen-only", "Basic a2V5c3RvbmU6bGlzdGVuLW9ubHk="} {
		require.Equal(t, fmt.Sprint(http.StatusUnauthorized), asNobody(t, "/usr/bin/python3", "-c", forge, "http://"+names, header), header)
	}
	publishOne(t, endpoint)
	logs := b.take(t, c, 1)
	for record := range audit.Records(logs) {
		require.NotContains(t, record.Body().AsString(), "forged")
	}
}

// Of the password that the shipped configuration has, everybody knows.
func TestTheExamplesPasswordOpensNothing(t *testing.T) {
	command := exec.CommandContext(t.Context(), collectortest.Binary(t), "--config", "listen.yaml", featureGate)
	command.Env = append(os.Environ(), "AUDIT_STATE="+t.TempDir())
	output, err := command.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(output), `listen::auth::password: is "change-me", the example's`)
}

// Without its token the gateway does not start: an open port would be a way in.
func TestGatewayNeedsItsToken(t *testing.T) {
	command := exec.CommandContext(t.Context(), collectortest.Binary(t), "--config", "gateway.yaml", featureGate)
	command.Env = append(os.Environ(), "AUDIT_GATEWAY_TOKEN_FILE="+t.TempDir()+"/none", "AUDIT_STATE="+t.TempDir())
	output, err := command.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(output), "none: no such file or directory")
}
