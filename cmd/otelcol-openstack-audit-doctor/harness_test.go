package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/freeport"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// broker is a RabbitMQ node with the management API, shared among the tests; each has a virtual host of its own.
type broker struct {
	*rabbitmqtest.Node
	management string
}

// brokerUsed: there is one to stop.
var brokerUsed atomic.Bool

// theBroker starts with the first test that needs it.
var theBroker = sync.OnceValues(func() (b broker, err error) {
	ctx := context.Background() // it outlives the first test
	ports, err := freeport.Find(1)
	if err != nil {
		return b, err
	}
	b.management = fmt.Sprintf("http://127.0.0.1:%d", ports[0])
	// Statistics every 200 ms rather than every 5 s.
	b.Node, err = rabbitmqtest.StartNode(ctx, rabbitmqtest.Options{AdvancedConfig: fmt.Sprintf(
		`[{rabbit, [{collect_statistics_interval, 200}]}, {rabbitmq_management, [{tcp_config, [{port, %d}, {ip, "127.0.0.1"}]}]}].`, ports[0])})
	if err == nil {
		_, err = b.Tool(ctx, "rabbitmq-plugins", "enable", "rabbitmq_management")
	}
	return b, err
})

func newBroker(t *testing.T) broker {
	t.Helper()
	brokerUsed.Store(true)
	b, err := theBroker()
	require.NoError(t, err)
	return b
}

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) (exitCode int) {
	defer func() {
		if !brokerUsed.Load() {
			return
		}
		if b, err := theBroker(); err == nil && b.Stop() != nil {
			exitCode = 1
		}
	}()
	return m.Run()
}

// check runs the doctor over a configuration.
func check(t *testing.T, config string, change ...func(*options)) *report {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(path, []byte(config), 0o600))
	o := &options{
		configs: []string{path}, collector: collectortest.Binary(t), timeout: 5 * time.Second,
		featureGates: "+extension.healthcheck.useComponentStatus",
	}
	for _, f := range change {
		f(o)
	}
	return examine(t.Context(), o)
}

// one returns the only finding of a check.
func (r *report) one(t *testing.T, check string) finding {
	t.Helper()
	found := r.all(check)
	require.Len(t, found, 1, "%s in %+v", check, r.Findings)
	return found[0]
}

func (r *report) all(check string) (found []finding) {
	for _, f := range r.Findings {
		if f.Check == check {
			found = append(found, f)
		}
	}
	return found
}

// problems are the checks that are not ok, with their status, but for those of this host.
func (r *report) problems() []string {
	problems := []string{}
	for _, f := range r.Findings {
		if f.Status != statusOK && f.Component != "clock" && f.Component != "user" {
			problems = append(problems, fmt.Sprint(f.Check, " ", f.Status))
		}
	}
	return problems
}

// requireFinding asserts status and words of a finding. Whatever is not ok says what to do.
func requireFinding(t *testing.T, f finding, want status, words ...string) {
	t.Helper()
	require.Equal(t, want, f.Status, "%+v", f)
	for _, word := range words {
		require.Contains(t, f.Text+" -> "+f.Do, word)
	}
	if want == statusFailure || want == statusWarning {
		require.NotEmpty(t, f.Do, "%+v", f)
	}
}

// indent puts YAML under a key.
func indent(text string, by int) string {
	return strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+strings.Repeat(" ", by))
}
