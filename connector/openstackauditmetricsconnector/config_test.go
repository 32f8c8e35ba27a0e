package openstackauditmetricsconnector

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/configtest"
)

func load(t *testing.T, name string) (*Config, error) {
	t.Helper()
	config := createDefaultConfig().(*Config)
	return config, configtest.Section(t, "openstack_audit_metrics/"+name, config)
}

func TestConfig(t *testing.T) {
	config, err := load(t, "all")
	require.NoError(t, err)
	require.Equal(t, &Config{
		FlushInterval: time.Minute,
		Dimensions: DimensionsConfig{Authentications: []string{"user.id", "client.address"},
			Events: []string{"openstack.target.type", "host.name"}},
		MaxSeries:   500,
		DedupWindow: 1000,
		Keystone:    KeystoneConfig{ServiceName: "identity", ServiceNamespace: "cloud", Region: "RegionOne"},
	}, config)

	config, err = load(t, "defaults")
	require.NoError(t, err)
	require.Equal(t, createDefaultConfig(), config, "what the README shows are the defaults")
}

func TestConfigErrors(t *testing.T) {
	for _, test := range []struct{ name, want string }{
		{"flush", "flush_interval: 1ms is less than 100ms"},
		{"series", "max_series: 1 is not between 50 and 1000000 (series of each metric)"},
		{"window", "dedup_window: -1 is not between 0 and 10000000 (records)"},
		{"dimension_own", "dimensions::events[0]: the metric has openstack.audit.action already"},
		{"dimension_twice", "dimensions::authentications[1]: user.id is there twice"},
		{"dimension_empty", "dimensions::events[0]: the name of an attribute is needed"},
		{"dimension_resource", "dimensions::events[0]: cloud.region is an attribute of the metric's resource already"},
		{"dimension_overflow", "dimensions::events[0]: otel.metric.overflow marks the overflow series"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := load(t, test.name)
			require.EqualError(t, err, test.want)
		})
	}
}
