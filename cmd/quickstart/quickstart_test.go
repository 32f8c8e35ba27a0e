package main

import (
	"bytes"
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// The first of the README's two commands, and the same through RabbitMQ: a
// sentence for each notification, and nothing left behind once it is interrupted.
func TestQuickstartShowsASentenceForEachNotification(t *testing.T) {
	t.Chdir("../..")
	t.Setenv("AUDIT_TRANSPORT_URL", "")
	bodies, err := samples(notifications)
	require.NoError(t, err)
	require.Greater(t, len(bodies), 50)
	for _, test := range []struct {
		name        string
		viaRabbitMQ bool
	}{{"direct", false}, {"rabbitmq", true}} {
		t.Run(test.name, func(t *testing.T) {
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			var out collectortest.Output
			ended := make(chan error, 1)
			go func() { ended <- run(ctx, &out, test.viaRabbitMQ) }()
			require.Eventually(t, func() bool {
				return strings.Count("\n"+out.String(), "\n2026-11-20 ") == len(bodies)
			}, 5*time.Minute, 100*time.Millisecond, "one sentence for each of %d notifications", len(bodies))
			require.Contains(t, out.String(), "keystone  login of alice (corp) from 198.51.100.23: failure (invalid_credentials)\n")
			interrupt()
			require.NoError(t, <-ended)
		})
	}
}

// make run | head: what reads the sentences goes away, and the collector must go too. Its folder is removed once it ended.
func TestQuickstartEndsWithItsReader(t *testing.T) {
	t.Chdir("../..")
	program := filepath.Join(t.TempDir(), "quickstart")
	require.NoError(t, exec.CommandContext(t.Context(), "go", "build", "-o", program, "./cmd/quickstart").Run())
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	quickstart := exec.CommandContext(t.Context(), program)
	output, err := quickstart.StdoutPipe()
	require.NoError(t, err)
	var said bytes.Buffer
	quickstart.Stderr = &said
	require.NoError(t, quickstart.Start())
	require.NoError(t, output.Close()) // before there is a sentence: after the last one nothing would be written any more

	if err := quickstart.Wait(); err != nil { // it may say that its console is gone
		require.Contains(t, said.String(), "broken pipe", err)
	}
	logs, err := filepath.Glob(filepath.Join(folder, "*", "collector.log"))
	require.NoError(t, err)
	require.Empty(t, logs)
}
