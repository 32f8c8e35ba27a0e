package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

func TestReportOfACommand(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "config.yaml")
	away := collectortest.FreeAddress(t)
	require.NoError(t, os.WriteFile(path, []byte(receiver("rabbit://u:"+password+"@"+away+"/", queueAudit)), 0o600))
	command := func(arguments ...string) (int, string, string) {
		var stdout, stderr bytes.Buffer
		status := run(t.Context(), append(arguments, "--collector", collectortest.Binary(t)), &stdout, &stderr)
		return status, stdout.String(), stderr.String()
	}

	status, stdout, stderr := command("--config", path)
	require.Equal(t, exitFailures, status)
	require.Empty(t, stderr)
	require.Contains(t, stdout, "receivers::openstack_audit::rabbitmq\n  failure      No connection to "+away)
	require.Contains(t, stdout, "-> Start the server")
	require.Regexp(t, `(?m)^\d+ ok, \d+ warnings, 1 failures, \d+ not checked, in \d+\.\d s$`, stdout)

	_, stdout, _ = command("--config", path, "--json")
	var r report
	require.NoError(t, json.Unmarshal([]byte(stdout), &r))
	require.Equal(t, 1, r.Failures)
	requireFinding(t, r.one(t, "broker.tcp"), statusFailure, away)

	// More files, a URI and --set are merged as the collector merges them.
	status, stdout, _ = command("--config", path, "--config", "yaml:receivers::openstack_audit::rabbitmq::exchanges: []")
	require.Equal(t, exitFailures, status)
	require.Contains(t, stdout, "exchanges: at least one is needed")
	_, stdout, _ = command("--config", path, "--set", "receivers.openstack_audit.rabbitmq.prefetch=0")
	require.Contains(t, stdout, "prefetch: 0 is not between 1 and 65535")

	status, _, stderr = command()
	require.Equal(t, exitUsage, status)
	require.Contains(t, stderr, `required flag(s) "config" not set`)
	status, stdout, _ = command("--config", path+".none")
	require.Equal(t, exitFailures, status)
	require.Contains(t, stdout, "no such file")
}

func TestReportHasNoSecretsAndNoControlCharacters(t *testing.T) {
	t.Parallel()
	s := &section{secrets: &secrets{}}
	s.secrets.add("hunter22", "")
	s.fail("x", "try hunter22", "the server said: \x1b[31mhunter22\r\nis wrong %s", strings.Repeat("é", 1000))
	require.NotContains(t, s.findings[0].Text+s.findings[0].Do, "hunter22")
	require.True(t, strings.HasPrefix(s.findings[0].Text, "the server said: ?[31m[REDACTED] is wrong éé"), s.findings[0].Text)
	require.Less(t, len(s.findings[0].Text), maxText+10)
}

func TestEnvironmentOfTheService(t *testing.T) {
	away := collectortest.FreeAddress(t)
	folder := t.TempDir()
	config, environment := filepath.Join(folder, "config.yaml"), filepath.Join(folder, "environment")
	require.NoError(t, os.WriteFile(config, []byte(receiver("${env:DOCTOR_TEST_URL}", queueAudit)), 0o600))
	require.NoError(t, os.WriteFile(environment, []byte("# the broker\n\nDOCTOR_TEST_URL=\"rabbit://u:"+password+"@"+away+"/\"\n"), 0o600))
	t.Setenv("DOCTOR_TEST_URL", "") // put back what it was
	var stdout, stderr bytes.Buffer
	status := run(t.Context(), []string{"--config", config, "--environment-file", environment, "--collector", collectortest.Binary(t)},
		&stdout, &stderr)
	require.Equal(t, exitFailures, status, "%s", &stderr)
	require.Contains(t, stdout.String(), "No connection to "+away)
	require.NotContains(t, stdout.String(), password)
	require.Equal(t, exitUsage, run(t.Context(), []string{"--config", config, "--environment-file", environment + ".none"}, &stdout, &stderr))
}
