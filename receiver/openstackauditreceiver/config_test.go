package openstackauditreceiver

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/derive"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq"
)

func load(t *testing.T, conf *confmap.Conf) *Config {
	t.Helper()
	config := createDefaultConfig().(*Config)
	require.NoError(t, conf.Unmarshal(config))
	return config
}

func TestConfig(t *testing.T) {
	t.Parallel()
	all := createDefaultConfig().(*Config)
	section := all.RabbitMQ.GetOrInsertDefault()
	section.TransportURL = "rabbit://user:secret@host1:5672,user:secret@host2:5672//"

	for _, test := range []struct {
		name string
		want *Config
	}{
		{"openstack_audit", all},
		{"openstack_audit/least", all},
		{"openstack_audit/all", &Config{
			RabbitMQ: configoptional.Some(RabbitMQConfig{
				TransportURL: "rabbit://host:5671/openstack",
				Username:     "collector",
				Password:     "p@ss/word",
				TLS:          configoptional.Some(configtls.ClientConfig{Config: configtls.Config{CAFile: "/etc/ssl/rabbit-ca.pem"}}),
				Exchanges:    []string{"keystone", "nova"},
				Topics:       []string{"audit"},
				Priorities:   []string{"info"},
				Queue: QueueConfig{
					Name: "audit-collector", Mode: rabbitmq.QueueExisting, Type: rabbitmq.QueueClassic,
					Consumers: ConsumersShared, MaxLength: 5, MaxLengthMiB: 6,
				},
				Prefetch: 100, MaxBatchSize: 50, BatchesInFlight: 2, MaxInFlightMiB: 7, RebindInterval: 5 * time.Second,
				Reconnect: retryForever(2*time.Second, 4*time.Second),
			}),
			Listen:           configoptional.Default(newDefaultListenConfig()),
			RetryOnFailure:   retryForever(time.Second, 2*time.Second),
			OnPermanentError: PermanentErrorDrop,
			Records: auditlog.Config{
				OnDecodeError: auditlog.DecodeErrorReject, MaxBodySizeKiB: 64, OtherNotifications: auditlog.Keep,
				HTTPAuditPending: auditlog.Drop, Body: auditlog.BodyOriginal, IncludeOriginal: true,
				UnknownUserNames: derive.UnknownUserNamesHash, SeverityOfFailure: auditlog.FailureSeverityError,
				ObservedTime: auditlog.ObservedTimeNotification,
				Resource: auditlog.ResourceConfig{
					Region: "eu-de-1", ServiceNamespace: "cloud", ServiceNames: map[string]string{"identity.controller": "keystone"},
				},
			},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
			require.NoError(t, err)
			sub, err := file.Sub(test.name)
			require.NoError(t, err)
			config := load(t, sub)
			require.NoError(t, confmap.Validate(config))
			// An empty map and none mean the same.
			if len(config.Records.Resource.ServiceNames) == 0 {
				config.Records.Resource.ServiceNames = nil
			}
			assert.Equal(t, test.want, config)
		})
	}
}

func TestExchangesThatSomebodyNamedAreExpected(t *testing.T) {
	t.Parallel()
	section := newDefaultRabbitMQConfig()
	assert.False(t, section.namesExchanges())
	section.Exchanges = []string{"keystone", "openstack"}
	assert.True(t, section.namesExchanges())
}

// What is printed in the documents has every exchange of the default: the table of services, and the permissions of the README.
func TestDocumentsHaveAllExchanges(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, table, found := strings.Cut(string(text), "#### Exchanges\n")
	require.True(t, found)
	table, _, _ = strings.Cut(table, "\n##")
	text, err = os.ReadFile(filepath.Join("..", "..", "README.md"))
	require.NoError(t, err)
	permissions := regexp.MustCompile(`set_permissions -p / audit '[^']*' '[^']*' '([^']*)'`).FindSubmatch(text)
	require.NotNil(t, permissions)
	read := regexp.MustCompile(string(permissions[1]))
	for _, exchange := range serviceExchanges() {
		assert.Contains(t, table, "`"+exchange+"`")
		assert.True(t, read.MatchString(exchange), exchange)
	}
}

func TestConfigHidesSecrets(t *testing.T) {
	t.Parallel()
	config := createDefaultConfig().(*Config)
	section := config.RabbitMQ.GetOrInsertDefault()
	section.TransportURL, section.Password = "rabbit://u:first-secret@h//", "second-secret"
	marshaled := confmap.New()
	require.NoError(t, marshaled.Marshal(config))
	for _, text := range []string{
		fmt.Sprint(marshaled.ToStringMap()), fmt.Sprintf("%v", *section), fmt.Sprintf("%+v", *section), fmt.Sprintf("%#v", *section),
	} {
		assert.NotContains(t, text, "secret@")
		assert.NotContains(t, text, "first-secret")
		assert.NotContains(t, text, "second-secret")
	}
}

func TestConfigWithoutAWayIn(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, confmap.Validate(createDefaultConfig()), "add the section rabbitmq with its transport_url")
}

func TestInvalidConfig(t *testing.T) {
	t.Parallel()
	const url = "rabbit://user:hidden@host//"
	queue := func(key string, value any) map[string]any { return map[string]any{"queue": map[string]any{key: value}} }
	reconnect := func(key string, value any) map[string]any {
		return map[string]any{"reconnect": map[string]any{key: value}}
	}
	tls := func(key string, value any) map[string]any { return map[string]any{"tls": map[string]any{key: value}} }
	type section = map[string]any
	for _, test := range []struct {
		want string
		keys section
	}{
		{"rabbitmq::transport_url: contains a '#', which must", section{"transport_url": "rabbit://user:hidden#@host//"}},
		{"rabbitmq::transport_url: is required", section{"transport_url": ""}},
		{`rabbitmq::queue::name: a name of 1 to 246 bytes is needed`, queue("name", "")},
		{`rabbitmq::queue::name: "amq.q" cannot be declared`, queue("name", "amq.q")},
		{`rabbitmq::queue::mode: "x" is none of own, existing`, queue("mode", "x")},
		{`rabbitmq::queue::type: "x" is none of quorum, classic`, queue("type", "x")},
		{`rabbitmq::queue::consumers: "x" is none of single_active, shared`, queue("consumers", "x")},
		{"rabbitmq::queue::max_length: -1 is not between 0", queue("max_length", -1)},
		{"rabbitmq::queue::max_length_mib: -1 is not between 0", queue("max_length_mib", -1)},
		{"rabbitmq::prefetch: 0 is not between 1 and 65535 (messages)", section{"prefetch": 0}},
		{"rabbitmq::prefetch: 70000 is not between", section{"prefetch": 70000}},
		{"rabbitmq::prefetch: 100 is less than batches_in_flight 1 times max_batch_size 500", section{"prefetch": 100}},
		{"rabbitmq::prefetch: 1000 is less than batches_in_flight 4 times max_batch_size 500", section{"batches_in_flight": 4}},
		{"raise it to 2000 or more", section{"batches_in_flight": 4}},
		{"rabbitmq::batches_in_flight: 0 is not between", section{"batches_in_flight": 0}},
		{"rabbitmq::batches_in_flight: 65 is not between", section{"batches_in_flight": 65, "max_batch_size": 1}},
		{"rabbitmq::max_batch_size: 0 is not between", section{"max_batch_size": 0}},
		{"rabbitmq::max_in_flight_mib: 0 is not between", section{"max_in_flight_mib": 0}},
		{"rabbitmq::rebind_interval: 10ms is less than 1s", section{"rebind_interval": "10ms"}},
		{"rabbitmq::exchanges: at least one is needed", section{"exchanges": []any{}}},
		{"rabbitmq::topics: at least one is needed", section{"topics": []any{}}},
		{"rabbitmq::priorities[1]: a name of 1 to 127 bytes is needed", section{"priorities": []any{"info", ""}}},
		{"rabbitmq::reconnect::enabled: false is refused: the receiver reconnects", reconnect("enabled", false)},
		{"rabbitmq::reconnect::max_elapsed_time: 5m0s is refused, only 0", reconnect("max_elapsed_time", "5m")},
		{"rabbitmq::reconnect::initial_interval: 0s is not greater than 0", reconnect("initial_interval", "0s")},
		{"rabbitmq::reconnect::max_interval: 10ms is less than initial_interval 1s", reconnect("max_interval", "10ms")},
		{"rabbitmq::reconnect::multiplier: 0.5 is less than 1", reconnect("multiplier", 0.5)},
		{"rabbitmq::tls: TLS is configured twice and differently: transport_url turns it " +
			"on", section{"transport_url": url + "?ssl=1", "tls": section{"insecure": true}}},
		{"transport_url turns it off with ssl=false, and the section on", section{"transport_url": url + "?ssl=0", "tls": section{}}},
		{`transport_url has ssl_ca_file=/a.pem, and the section ca_file: "/b.pem"`,
			section{"transport_url": url + "?ssl=1&ssl_ca_file=/a.pem", "tls": section{"ca_file": "/b.pem"}}},
		{"transport_url has ssl_enforce_hostname_verification " +
			"off", section{"transport_url": url + "?ssl=1&ssl_enforce_hostname_verification=0", "tls": section{}}},
		{"provide either a CA file or the PEM-encoded string", section{"tls": section{"ca_file": "a", "ca_pem": "b"}}},
		{"unsupported TLS version", tls("min_version", "0.9")},
	} {
		t.Run(test.want, func(t *testing.T) {
			t.Parallel()
			rabbit := section{"transport_url": url}
			maps.Copy(rabbit, test.keys)
			assertInvalid(t, section{"rabbitmq": rabbit}, test.want)
		})
	}
	for _, test := range []struct {
		want string
		keys section
	}{
		{"retry_on_failure::enabled: false is refused: a batch", section{"retry_on_failure": section{"enabled": false}}},
		{"retry_on_failure::max_elapsed_time: 1h0m0s is refused", section{"retry_on_failure": section{"max_elapsed_time": "1h"}}},
		{`on_permanent_error: "hold" is none of reject, drop`, section{"on_permanent_error": "hold"}},
		{`on_decode_error: "x" is none of keep, reject, drop`, section{"on_decode_error": "x"}},
		{"max_body_size_kib: 0 is not between", section{"max_body_size_kib": 0}},
		{`resource::service_names: "": "keystone": neither side may be`, section{"resource": section{"service_names": section{"": "keystone"}}}},
	} {
		t.Run(test.want, func(t *testing.T) {
			t.Parallel()
			test.keys["rabbitmq"] = section{"transport_url": url}
			assertInvalid(t, test.keys, test.want)
		})
	}
}

func assertInvalid(t *testing.T, keys map[string]any, want string) {
	t.Helper()
	err := confmap.Validate(load(t, confmap.NewFromStringMap(keys)))
	require.ErrorContains(t, err, want)
	assert.NotContains(t, err.Error(), "hidden")
}

func TestUnknownKeysAreRefused(t *testing.T) {
	t.Parallel()
	for _, keys := range []map[string]any{
		{"rabbit": map[string]any{}},
		{"rabbitmq": map[string]any{"queues": []any{}}},
		{"rabbitmq": map[string]any{"queue": map[string]any{"durable": true}}},
	} {
		require.Error(t, confmap.NewFromStringMap(keys).Unmarshal(createDefaultConfig()))
	}
}

// TestTLSTwiceAndTheSame: a URL from keystone.conf may repeat what the section says.
func TestTLSTwiceAndTheSame(t *testing.T) {
	t.Parallel()
	config := load(t, confmap.NewFromStringMap(map[string]any{"rabbitmq": map[string]any{
		"transport_url": "rabbit://u:p@host//?ssl=1&ssl_ca_file=/ca.pem",
		"tls":           map[string]any{"ca_file": "/ca.pem", "server_name_override": "rabbit"},
	}}))
	require.NoError(t, confmap.Validate(config))
}

// TestREADMEShowsTheDefaults: the configuration in README.md has every key, at its default.
func TestREADMEShowsTheDefaults(t *testing.T) {
	t.Parallel()
	sub := readmeExample(t, "## Configuration")
	shown := load(t, sub)
	shown.RabbitMQ.Get().TransportURL = "" // the only key without a default
	want := createDefaultConfig().(*Config)
	want.RabbitMQ.GetOrInsertDefault()
	shown.Records.Resource.ServiceNames = nil // an empty map and none mean the same
	assert.Equal(t, want, shown)

	every := confmap.New()
	require.NoError(t, every.Marshal(want))
	optional := []string{"rabbitmq::tls", "rabbitmq::username", "rabbitmq::password", "listen"} // listen: TestREADMEShowsTheDefaultsOfListen
	for _, key := range every.AllKeys() {
		// What the Collector's own retry settings have beyond this is documented there.
		if !slices.Contains(optional, key) && !strings.Contains(key, "reconnect::") && !strings.Contains(key, "retry_on_failure::") {
			assert.True(t, sub.IsSet(key), "README.md does not show %s", key)
		}
	}
}

// readmeExample is the configuration of the receiver in the first example after a heading of README.md.
func readmeExample(t *testing.T, heading string) *confmap.Conf {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, section, _ := strings.Cut(string(readme), heading)
	_, section, _ = strings.Cut(section, "```yaml\n")
	example, _, found := strings.Cut(section, "```")
	require.True(t, found)
	retrieved, err := confmap.NewRetrievedFromYAML([]byte(example))
	require.NoError(t, err)
	conf, err := retrieved.AsConf()
	require.NoError(t, err)
	sub, err := conf.Sub("receivers::openstack_audit")
	require.NoError(t, err)
	return sub
}
