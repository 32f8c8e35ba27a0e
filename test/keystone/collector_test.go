//go:build keystone

package keystone

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
)

const (
	listenPassword = "listen-only"
	// patience is how long something may take that takes a moment.
	patience = collectortest.Patience
	poll     = 20 * time.Millisecond
)

func newBackend(t *testing.T) *collectortest.Backend { return collectortest.NewBackend(t, "/v1/logs") }

// collector runs one of the shipped configurations. It can be started again at the same address.
type collector struct {
	*collectortest.Collector
	t       *testing.T
	options collectortest.Options
	address string
}

// newCollector is for a Keystone at keystonePort. It runs config/listen.yaml with changes, a configuration that is merged over it.
func newCollector(t *testing.T, b *collectortest.Backend, keystonePort int, changes string) *collector {
	t.Helper()
	address := collectortest.FreeAddress(t)
	return &collector{t: t, address: address, options: collectortest.Options{
		Config: "listen.yaml", Changes: []string{changes}, Environment: []string{
			"AUDIT_LISTEN_ENDPOINT=" + address,
			"AUDIT_LISTEN_PASSWORD=" + listenPassword,
			fmt.Sprintf("AUDIT_KEYSTONE_URL=http://127.0.0.1:%d/v3", keystonePort),
			"AUDIT_KEYSTONE_USER=" + keystonetest.Username,
			"AUDIT_KEYSTONE_PASSWORD=" + keystonetest.Password,
			"AUDIT_OTLP_ENDPOINT=" + b.URL,
		},
	}}
}

// start starts it with the state of a folder and waits until it runs.
func (c *collector) start(state string) {
	c.t.Helper()
	options := c.options
	options.Environment = append(slices.Clip(options.Environment), "AUDIT_STATE="+state)
	c.Collector = collectortest.Run(c.t, options)
	c.AwaitReady(c.t)
}

func (c *collector) stop() { c.Stop(c.t) }

func (c *collector) kill() { c.Kill() }
