package config_test

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// Keystone waits for our confirmation: nothing in a pipeline that takes its notifications may wait for Keystone, or refuse while
// it is away. Names are added with wait: 0s, or in a pipeline behind a queue.
func TestNothingBehindListenWaitsForKeystone(t *testing.T) {
	configurations, err := filepath.Glob("*.yaml")
	require.NoError(t, err)
	listening := 0
	for _, configuration := range configurations {
		text, err := os.ReadFile(filepath.Clean(configuration))
		require.NoError(t, err)
		var c struct {
			Receivers  map[string]map[string]any
			Processors map[string]struct {
				Wait          *time.Duration
				OnUnavailable string `yaml:"on_unavailable"`
			}
			Service struct {
				Pipelines map[string]struct{ Receivers, Processors []string }
			}
		}
		require.NoError(t, yaml.Unmarshal(text, &c), configuration)
		if _, listens := c.Receivers["openstack_audit"]["listen"]; !listens {
			continue
		}
		listening++
		for _, pipeline := range c.Service.Pipelines {
			if !slices.Contains(pipeline.Receivers, "openstack_audit") || !slices.Contains(pipeline.Processors, "keystone_attributes") {
				continue
			}
			names := c.Processors["keystone_attributes"]
			require.NotNil(t, names.Wait, configuration)
			require.Zero(t, *names.Wait, configuration)
			require.NotEqual(t, "refuse", names.OnUnavailable, configuration)
		}
	}
	require.Equal(t, 2, listening)
}

// A service that publishes straight to the collector is confirmed at once, while Keystone does not answer and the backend
// is away; and all arrives once the backend is there.
func TestListen(t *testing.T) {
	ctx := context.Background()
	answer := make(chan struct{})
	keystone := keystonetest.NewServer()
	keystone.Fail(keystonetest.Failures{Delay: answer})
	api := httptest.NewServer(keystone)
	t.Cleanup(api.Close)
	t.Cleanup(func() { close(answer) })
	b := newBackend(t)
	endpoint := collectortest.FreeAddress(t)
	c := start(t, "listen.yaml",
		"AUDIT_LISTEN_ENDPOINT="+endpoint,
		"AUDIT_LISTEN_PASSWORD=listen-only",
		"AUDIT_KEYSTONE_URL="+api.URL+"/v3",
		"AUDIT_KEYSTONE_USER="+keystonetest.Username,
		"AUDIT_KEYSTONE_PASSWORD="+keystonetest.Password,
		"AUDIT_OTLP_ENDPOINT="+b.URL)
	c.AwaitReady(t)

	publisher, err := rabbitmqtest.NewPublisher("amqp://keystone:listen-only@"+endpoint+"/", "keystone", false)
	require.NoError(t, err, "%s", &c.Log)
	bodies := fixtures.Bodies(t, fixtures.KeystoneMessagingV2)
	for _, body := range bodies {
		require.NoError(t, publisher.Publish(ctx, "notifications.info", body))
	}
	require.NoError(t, publisher.Close())
	b.take(t, c, len(bodies))
}

// publishOne publishes the first notification of a capture as a service does.
func publishOne(t *testing.T, endpoint string) {
	t.Helper()
	collectortest.Publish(t, "amqp://keystone:listen-only@"+endpoint+"/", "keystone", fixtures.Bodies(t, fixtures.KeystoneMessagingV2)[0])
}
