//go:build release

package release

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

const user = 10001

// The image of this architecture, run by runc as an engine would: as its user, with nothing to write to but its volume.
func TestImageRuns(t *testing.T) {
	bundle := unpack(t)
	backend := collectortest.NewBackend(t, "/v1/logs")
	addresses := collectortest.FreeAddresses(t, 4)
	_, metricsPort, _ := strings.Cut(addresses[1], ":")
	environment := []string{
		"AUDIT_LISTEN_ENDPOINT=" + addresses[0], "AUDIT_LISTEN_PASSWORD=notifications",
		"AUDIT_METRICS_PORT=" + metricsPort, "AUDIT_HEALTH_ENDPOINT=" + addresses[2],
		"AUDIT_NAMES_ENDPOINT=" + addresses[3], "AUDIT_OTLP_ENDPOINT=" + backend.URL, "AUDIT_KEYSTONE_URL=",
		"AUDIT_TRANSPORT_URL=rabbit://audit:change-me@" + addresses[0] + "/",
	}

	t.Run("its own configuration is valid", func(t *testing.T) {
		configure(t, bundle, environment, func(arguments []string) []string { return slices.Insert(arguments, 1, "validate") }, "")
		run(t, "runc", "--root", t.TempDir(), "run", "--bundle", bundle, "audit-validate")
	})

	t.Run("an event through listen", func(t *testing.T) {
		configure(t, bundle, environment, func(arguments []string) []string { return arguments },
			filepath.Join(fixtures.Root(t), "config", "listen.yaml"))
		state := t.TempDir()
		container := collectortest.Start(t, nil, "runc", "--root", state, "run", "--bundle", bundle, "audit-run")
		t.Cleanup(func() {
			// runc's own process may end before what it runs does; the test's context is over by then.
			_ = exec.Command("runc", "--root", state, "delete", "--force", "audit-run").Run()
		})
		var connection *amqp.Connection
		collectortest.Await(t, func() (err error) {
			connection, err = amqp.Dial("amqp://keystone:notifications@" + addresses[0] + "/")
			return err
		}, container)
		channel, err := connection.Channel()
		require.NoError(t, err)
		require.NoError(t, channel.Confirm(false))
		notification := amqp.Publishing{ContentType: "application/json", Body: fixtures.Bodies(t, fixtures.KeystoneMessagingV2)[0]}
		confirmation, err := channel.PublishWithDeferredConfirmWithContext(t.Context(), "keystone", "notifications.info", false, false,
			notification)
		require.NoError(t, err)
		acknowledged, err := confirmation.WaitContext(t.Context())
		require.NoError(t, err)
		assert.True(t, acknowledged)
		container.Eventually(t, func() bool { return backend.Count() == 1 }, "the backend has no record")
		require.NoError(t, connection.Close())

		// What it runs as, by the kernel's word.
		var pid struct{ Pid int }
		require.NoError(t, json.Unmarshal([]byte(run(t, "runc", "--root", state, "state", "audit-run")), &pid))
		status := run(t, "cat", "/proc/"+jsonText(t, pid.Pid)+"/status")
		assert.Contains(t, status, "Uid:\t10001\t10001\t10001\t10001")
		assert.Contains(t, status, "CapEff:\t0000000000000000")
		run(t, "runc", "--root", state, "kill", "audit-run", "TERM")
	})
}

// unpack makes a bundle for runc of the image for this machine.
func unpack(t *testing.T) string {
	t.Helper()
	require.Zero(t, os.Geteuid(), "runc and umoci need root here")
	work := t.TempDir()
	version := strings.TrimSpace(run(t, filepath.Join(fixtures.Root(t), "scripts/version")))
	run(t, "skopeo", "--override-os", "linux", "copy", "--quiet",
		"oci-archive:"+one(t, "*_oci.tar")+":"+version, "oci:"+filepath.Join(work, "image")+":one")
	run(t, "umoci", "unpack", "--image", filepath.Join(work, "image")+":one", filepath.Join(work, "bundle"))
	return filepath.Join(work, "bundle")
}

// configure writes the bundle's config.json anew: the image's own user, arguments and environment, the host's network, a root that is
// read only, no terminal, and a folder for the state.
func configure(t *testing.T, bundle string, environment []string, arguments func([]string) []string, configuration string) {
	t.Helper()
	path := filepath.Join(bundle, "config.json")
	if _, err := os.Stat(path + ".unpacked"); err != nil { // the first call keeps what umoci wrote
		require.NoError(t, os.Rename(path, path+".unpacked"))
	}
	content, err := os.ReadFile(path + ".unpacked")
	require.NoError(t, err)
	var spec map[string]any
	require.NoError(t, json.Unmarshal(content, &spec))

	process := object(t, spec["process"])
	assert.Equal(t, map[string]any{"uid": float64(user), "gid": float64(user)}, only(object(t, process["user"]), "uid", "gid"))
	process["terminal"] = false
	process["noNewPrivileges"] = true
	process["capabilities"] = map[string]any{}
	var command []string
	for _, argument := range list(t, process["args"]) {
		command = append(command, argument.(string))
	}
	process["args"] = arguments(command)
	process["env"] = append(list(t, process["env"]), asAny(environment)...)
	object(t, spec["root"])["readonly"] = true

	state := filepath.Join(t.TempDir(), "state")
	require.NoError(t, os.Mkdir(state, 0o750))
	require.NoError(t, os.Chown(state, user, user))
	mounts := slices.DeleteFunc(list(t, spec["mounts"]), func(mount any) bool {
		return slices.Contains([]any{"/sys", "/sys/fs/cgroup", "/var/lib/" + name, "/etc/resolv.conf"}, mount.(map[string]any)["destination"])
	})
	bind := func(destination, source string, options ...string) {
		mounts = append(mounts, map[string]any{
			"destination": destination, "type": "bind", "source": source, "options": append([]string{"bind"}, options...),
		})
	}
	bind("/var/lib/"+name, state, "rw")
	if configuration != "" {
		bind("/etc/"+name+"/config.yaml", configuration, "ro")
	}
	spec["mounts"] = mounts
	linux := object(t, spec["linux"])
	var namespaces []any // but the network's
	for _, kind := range []string{"pid", "mount", "ipc", "uts"} {
		namespaces = append(namespaces, map[string]any{"type": kind})
	}
	linux["namespaces"] = namespaces
	delete(linux, "resources")
	content, err = json.Marshal(spec)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, content, 0o600))
}

func object(t *testing.T, value any) map[string]any {
	t.Helper()
	require.IsType(t, map[string]any{}, value)
	return value.(map[string]any)
}

func list(t *testing.T, value any) []any {
	t.Helper()
	require.IsType(t, []any{}, value)
	return value.([]any)
}

func only(from map[string]any, keys ...string) map[string]any {
	some := map[string]any{}
	for _, key := range keys {
		some[key] = from[key]
	}
	return some
}

func asAny(texts []string) (values []any) {
	for _, text := range texts {
		values = append(values, text)
	}
	return values
}

func jsonText(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}
