package config_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

// Each is valid as it stands, with none of its variables set.
func TestConfigurationsAreValid(t *testing.T) {
	configurations, err := filepath.Glob("*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, configurations)
	for _, configuration := range configurations {
		t.Run(configuration, func(t *testing.T) {
			run(t, collectortest.Binary(t), "validate", "--config", configuration, featureGate)
		})
	}
}

func TestLogfile(t *testing.T) {
	folder := t.TempDir()
	output := filepath.Join(folder, "out", "audit.jsonl")
	environment := []string{
		"AUDIT_LOG_FILES=" + filepath.Join(folder, "*.log"),
		"AUDIT_OUTPUT=" + output,
		"AUDIT_STATE=" + filepath.Join(folder, "state"),
	}
	write(t, filepath.Join(folder, "keystone_access.log"), fixtures.Text(t, "loglines/keystone-log-driver.log")) // not read
	write(t, filepath.Join(folder, "keystone.log"), fixtures.Text(t, "loglines/keystone-log-driver.log"))
	write(t, filepath.Join(folder, "nova.log"), fixtures.Text(t, "loglines/audit-middleware-native-sapcc.log"))

	c := start(t, "logfile.yaml", environment...)
	c.Eventually(t, func() bool { return collectortest.ReadExported(t, output).LogRecordCount() >= 146+44 }, "not all records are written")
	c.Stop(t)
	require.Equal(t, 146+44, collectortest.ReadExported(t, output).LogRecordCount())
	assert.Contains(t, c.Stdout.String(), "login of admin from 127.0.0.1: success")
	assert.Contains(t, c.Stdout.String(), "alice rebooted server")

	// What was written while nobody read is read once.
	write(t, filepath.Join(folder, "nova.log"), fixtures.Text(t, "loglines/audit-middleware-log-driver-sapcc.log"))
	c = start(t, "logfile.yaml", environment...)
	c.Eventually(t, func() bool { return collectortest.ReadExported(t, output).LogRecordCount() >= 146+44+44 }, "not all records are written")
	c.Stop(t)
	require.Equal(t, 146+44+44, collectortest.ReadExported(t, output).LogRecordCount())
}

func TestKubernetes(t *testing.T) {
	folder := t.TempDir()
	const uid = "c2f1b0de-52cc-4a4f-9f62-1f3d0d1b1b5c"
	pod := func(name, container string) string {
		return filepath.Join(folder, "openstack_"+name+"_"+uid, container, "0.log")
	}
	// containerd cuts lines at 16 KiB; here at 700 bytes, so that every event of use_json is cut.
	var cri strings.Builder
	for _, line := range fixtures.Lines(t, "loglines/keystone-log-json.log") {
		for len(line) > 700 {
			fmt.Fprintf(&cri, "2026-11-20T23:23:04.177204871Z stdout P %s\n", line[:700])
			line = line[700:]
		}
		fmt.Fprintf(&cri, "2026-11-20T23:23:04.177204871Z stdout F %s\n", line)
	}
	write(t, pod("keystone-api-0", "keystone-api"), cri.String())
	var docker strings.Builder
	for _, line := range fixtures.Lines(t, "loglines/audit-middleware-native-sapcc.log") {
		text, err := json.Marshal(map[string]string{"log": line + "\n", "stream": "stderr", "time": "2026-11-20T23:23:04.177204871Z"})
		require.NoError(t, err)
		docker.Write(append(text, '\n'))
	}
	write(t, pod("nova-api-0", "nova-api"), docker.String())

	b := newBackend(t)
	c := start(t, "kubernetes.yaml",
		"AUDIT_POD_LOGS="+filepath.Join(folder, "openstack_*", "*", "*.log"),
		"AUDIT_OTLP_ENDPOINT="+b.URL,
		"AUDIT_STATE="+filepath.Join(folder, "state"))
	logs := b.take(t, c, 146+44)

	pods := map[string]int{}
	for _, rl := range logs.ResourceLogs().All() {
		name, _ := rl.Resource().Attributes().Get("k8s.pod.name")
		service, _ := rl.Resource().Attributes().Get("service.name")
		for _, sl := range rl.ScopeLogs().All() {
			pods[name.Str()+" "+service.Str()] += sl.LogRecords().Len()
		}
	}
	assert.Equal(t, map[string]int{"keystone-api-0 keystone": 146, "nova-api-0 nova": 44}, pods)
}

func TestJournald(t *testing.T) {
	journal := collectortest.Journal{Folder: t.TempDir()}
	lines := fixtures.Lines(t, "loglines/keystone-log-driver.log")
	journal.Write(t, "keystone.service", lines...)
	// What a local user writes with logger(1), and what another service writes, whoever it says it is.
	forged := strings.Split(strings.ReplaceAll(strings.Join(lines, "\n"), `"message_id": "`, `"message_id": "forged-`), "\n")
	journal.Write(t, "session-3.scope", forged...)
	journal.Write(t, "nginx.service", forged...)
	long := fixtures.Lines(t, "loglines/audit-middleware-native-sapcc.log")
	for i, line := range long {
		long[i] = strings.Replace(line, "'eventType'", "'measurements': '"+strings.Repeat("x", 8000)+"', 'eventType'", 1) + "\x1b[00m"
	}
	journal.Write(t, "nova-api.service", long...)

	b := newBackend(t)
	c := start(t, "journald.yaml",
		"AUDIT_JOURNAL="+journal.Folder,
		"AUDIT_OTLP_ENDPOINT="+b.URL)
	logs := b.take(t, c, 146+44)
	for log := range audit.Records(logs) {
		uid, _ := log.Attributes().Get(audit.AttrRecordUID)
		assert.NotContains(t, uid.Str(), "forged")
	}
	hosts := map[string]int{}
	for _, rl := range logs.ResourceLogs().All() {
		host, _ := rl.Resource().Attributes().Get("host.name")
		for _, sl := range rl.ScopeLogs().All() {
			hosts[host.Str()] += sl.LogRecords().Len()
		}
	}
	assert.Equal(t, map[string]int{"vm": 146, "ctl01": 44}, hosts, "the publisher's host, or for native lines the journal's")
}

func TestKafka(t *testing.T) {
	broker, produce := collectortest.Kafka(t)
	require.NoError(t, produce(fixtures.Bodies(t, fixtures.KeystoneMessagingV2)...))

	b := newBackend(t)
	c := start(t, "kafka.yaml",
		"AUDIT_KAFKA_BROKER="+broker,
		"AUDIT_OTLP_ENDPOINT="+b.URL)
	b.take(t, c, 158)
}

func TestGateway(t *testing.T) {
	b := newBackend(t)
	endpoint := collectortest.FreeAddress(t)
	environment := append(collectortest.GatewayEnvironment(t, endpoint, collectortest.FreeAddress(t)),
		"AUDIT_OTLP_ENDPOINT="+b.URL)
	c := start(t, "gateway.yaml", environment...)

	logs := plog.NewLogs()
	rl := logs.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("host.name", "node7")
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for _, name := range []string{"keystone-log-basic.log", "audit-middleware-native.log"} {
		for _, line := range fixtures.Lines(t, "loglines/"+name) {
			records.AppendEmpty().Body().SetStr(line)
		}
	}
	post := func(token string) int {
		status, err := collectortest.PostLogs(t.Context(), "http://"+endpoint, token, logs)
		if err != nil { // it is not up yet
			return 0
		}
		return status
	}
	c.Eventually(t, func() bool { return post("") == http.StatusUnauthorized }, "it takes what has no token")
	require.Equal(t, http.StatusUnauthorized, post("another"))
	require.Equal(t, http.StatusOK, post(collectortest.GatewayToken))
	got := b.take(t, c, 146+90)
	host, _ := got.ResourceLogs().At(0).Resource().Attributes().Get("host.name")
	assert.Equal(t, "vm", host.Str())
}
