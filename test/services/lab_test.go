//go:build services

package services

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/debiantest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
)

// services are those that are asked; SERVICES="glance barbican" names some of them.
func services() []string {
	if some := strings.Fields(os.Getenv("SERVICES")); len(some) > 0 {
		return some
	}
	return []string{"nova", "neutron", "cinder", "glance", "barbican", "heat", "designate", "octavia", "ironic", "manila", "magnum"}
}

// lab is the services, which publish to a broker and write to their logs.
type lab struct {
	folder   string
	keystone string
	ports    map[string]int
}

// bootTime is how long all services may take to make their databases and to answer.
const bootTime = 20 * time.Minute

func startLab(t *testing.T, transportURL string) *lab {
	t.Helper()
	// The services' own users are admins of a project, as most clouds still have them.
	keystone := debiantest.Start(t, debiantest.Options{Config: "[cache]\nenabled = true\nbackend = oslo_cache.dict\n" +
		"[oslo_policy]\nenforce_new_defaults = false\nenforce_scope = false\n"})
	l := &lab{folder: t.TempDir(), keystone: keystone.URL, ports: map[string]int{}}
	var ports []string
	for _, service := range services() {
		l.ports[service] = collectortest.FreePort(t)
		ports = append(ports, service+"="+strconv.Itoa(l.ports[service]))
	}
	var log collectortest.Output
	command := exec.CommandContext(t.Context(), "/usr/bin/python3", "lab.py",
		l.folder, keystone.URL, keystonetest.Password, transportURL, strings.Join(ports, ","))
	command.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	command.Stdout, command.Stderr = &log, &log
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	_, err := command.StdinPipe() // it ends its services when its input ends
	require.NoError(t, err)
	require.NoError(t, command.Start())
	exited := make(chan struct{})
	go func() {
		_ = command.Wait()
		close(exited)
	}()
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		<-exited
	})
	require.Eventually(t, func() bool {
		select {
		case <-exited:
			return true
		default:
			return strings.Contains(log.String(), "ready\n")
		}
	}, bootTime, 200*time.Millisecond, "the services do not start\n%s", &log)
	require.Contains(t, log.String(), "ready\n", "the services do not start\n%s", &log)
	t.Cleanup(func() {
		if t.Failed() {
			l.showLogs(t)
		}
	})
	return l
}

// showLogs shows the end of each service's log.
func (l *lab) showLogs(t *testing.T) {
	logs, err := filepath.Glob(filepath.Join(l.folder, "*", "*.log"))
	require.NoError(t, err)
	for _, file := range logs {
		text, err := os.ReadFile(filepath.Clean(file))
		require.NoError(t, err)
		t.Logf("%s:\n%s", filepath.Base(file), text[max(0, len(text)-1500):])
	}
}

// activateOctavia does what its workers would: what was built is ready.
func (l *lab) activateOctavia(t *testing.T) {
	t.Helper()
	const program = `import sqlite3, sys
with sqlite3.connect(sys.argv[1], timeout=60) as database:
    for table in ("load_balancer", "listener", "pool", "l7policy", "l7rule", "member", "health_monitor"):
        database.execute(f"update {table} set provisioning_status = 'ACTIVE'")`
	database := filepath.Join(l.folder, "octavia", "octavia.db")
	output, err := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", program, database).CombinedOutput()
	require.NoError(t, err, "%s", output)
}
