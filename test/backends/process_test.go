package backends

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

const (
	// root is the top folder of the repository.
	root = "../.."
)

// node is the broker of all tests of this package; each has a virtual host of its own.
var node *rabbitmqtest.Node

func TestMain(m *testing.M) { os.Exit(rabbitmqtest.Main(m, &node)) }

// process is a running server.
type process = collectortest.Process

// eventually polls until the condition gives no error, while the processes run.
func eventually(t testing.TB, condition func() error, processes ...*process) {
	t.Helper()
	collectortest.Await(t, condition, processes...)
}

// collector runs a configuration of config/, and waits until it consumes. Further arguments change it.
func collector(t testing.TB, configuration string, environment []string, arguments ...string) *process {
	t.Helper()
	return consuming(t, configuration, environment, arguments...).Process
}

// consuming is collector, with its addresses.
func consuming(t testing.TB, configuration string, environment []string, arguments ...string) *collectortest.Collector {
	t.Helper()
	c := collectortest.Run(t, collectortest.Options{Config: configuration, Environment: environment, Arguments: arguments})
	c.AwaitConsuming(t)
	return c
}

// lookPath finds a program, or fails with the package that brings it.
func lookPath(t testing.TB, name, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	require.NoError(t, err, "install the Debian package %s", debianPackage)
	return path
}

// backendBinary is the path of a server that scripts/build-backends built.
func backendBinary(t testing.TB, name string) string {
	t.Helper()
	binary, err := filepath.Abs(filepath.Join(root, "build", "cache", name))
	require.NoError(t, err)
	require.FileExists(t, binary, "%s is not built: run scripts/build-backends", name)
	return binary
}
