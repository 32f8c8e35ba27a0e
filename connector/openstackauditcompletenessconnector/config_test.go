package openstackauditcompletenessconnector

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/configtest"
)

func load(t *testing.T, name string) (*Config, error) {
	t.Helper()
	config := createDefaultConfig().(*Config)
	return config, configtest.Section(t, "openstack_audit_completeness/"+name, config)
}

func TestConfig(t *testing.T) {
	config, err := load(t, "all")
	require.NoError(t, err)
	storage := component.MustNewID("file_storage")
	require.Equal(t, &Config{
		FlushInterval:  time.Minute,
		Expect:         map[string]time.Duration{"keystone": time.Hour, "nova": 24 * time.Hour},
		ExpectFrom:     AnyOfService,
		ForgetAfter:    24 * time.Hour,
		ResponseWithin: time.Minute,
		SlowServices:   map[string]time.Duration{"glance": 12 * time.Hour, "swift": 6 * time.Hour},
		SequenceWithin: time.Minute,
		CanaryWithin:   time.Minute,
		MaxPublishers:  10,
		MaxRequests:    20,
		RepeatWindow:   30,
		Storage:        &storage,
	}, config)

	config, err = load(t, "defaults")
	require.NoError(t, err)
	require.Empty(t, config.Expect)
	config.Expect = nil
	require.Equal(t, createDefaultConfig(), config, "what the README shows are the defaults")
}

func TestConfigErrors(t *testing.T) {
	for name, want := range map[string]string{
		"flush":         "flush_interval: 1ms is less than 100ms",
		"expect":        "expect::nova: 10ms is less than 1s",
		"expect_longer": "expect::nova: 200h0m0s is more than forget_after, 168h0m0s",
		"expect_from":   `expect_from: "host" is none of publisher, service`,
		"forget":        "forget_after: 1m0s is less than 1h0m0s",
		"response":      "response_within: 0s is less than 1s",
		"slow":          "slow_services::swift: 1ms is less than 1s",
		"sequence":      "sequence_within: 0s is less than 1s",
		"canary":        "canary_within: 0s is less than 1s",
		"publishers":    "max_publishers: 0 is not between 1 and 100000 (publishers)",
		"requests":      "max_requests: 0 is not between 1 and 10000000 (requests)",
		"window":        "repeat_window: -1 is not between 0 and 10000000 (records)",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, name)
			require.EqualError(t, err, want)
		})
	}
}
