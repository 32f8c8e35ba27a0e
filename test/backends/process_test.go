package backends

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

const (
	// root is the top folder of the repository.
	root = "../.."
	// patience is how long a server may take for what it does in a moment.
	patience = collectortest.Patience
	poll     = 50 * time.Millisecond
)

// node is the broker of all tests of this package; each has a virtual host of its own.
var node *rabbitmqtest.Node

func TestMain(m *testing.M) { os.Exit(rabbitmqtest.Main(m, &node)) }

// process is a running server.
type process = collectortest.Process

// eventually polls until the condition gives no error, while the processes run.
func eventually(t testing.TB, condition func() error, processes ...*process) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		err := condition()
		if err == nil {
			return
		}
		for _, p := range processes {
			select {
			case <-p.Exited:
				require.Fail(t, "a process ended", "%v: %v\n%s", err, p.Err, &p.Log)
			default:
			}
		}
		select {
		case <-deadline.C:
			for _, p := range processes {
				t.Logf("%s:\n%s", p.Name, &p.Log)
			}
			require.NoError(t, err)
		case <-ticker.C:
		}
	}
}

// binary returns the built collector.
func binary(t testing.TB) string {
	t.Helper()
	return collectortest.Binary(t, root)
}

// queues finds each receiver of a configuration that has a queue at the broker.
var queues = regexp.MustCompile(`(?m)^  openstack_audit(/\w+)?:`)

// collector runs a configuration of config/. Further arguments change it.
func collector(t testing.TB, configuration string, environment []string, arguments ...string) *process {
	t.Helper()
	path := filepath.Join(root, "config", configuration)
	text, err := os.ReadFile(filepath.Clean(path))
	require.NoError(t, err)
	consumers := len(queues.FindAll(text, -1))
	p := collectortest.Start(t, environment, binary(t),
		append([]string{"--config", path, "--feature-gates=+extension.healthcheck.useComponentStatus"}, arguments...)...)
	// What is published before is in no queue. Other receivers may start later.
	eventually(t, func() error {
		if log := p.Log.String(); strings.Count(log, "Consuming") < consumers || !strings.Contains(log, "Everything is ready") {
			return fmt.Errorf("%s does not consume", configuration)
		}
		return nil
	}, p)
	return p
}

// lookPath finds a program, or fails with the package that brings it.
func lookPath(t testing.TB, name, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	require.NoError(t, err, "install the Debian package %s", debianPackage)
	return path
}

func portOf(t testing.TB, address string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	return port
}

// get fetches a URL.
func get(ctx context.Context, address string, query url.Values) (string, error) {
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	if response.StatusCode >= 300 {
		return string(body), fmt.Errorf("%s: %s: %s", address, response.Status, strings.TrimSpace(string(body)))
	}
	return string(body), nil
}
