package httpdeliveryextension

import (
	"errors"
	"time"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/configcheck"
)

// Config is the configuration of the extension.
type Config struct {
	// Timeout bounds one attempt, from the first byte sent to the last one received (default 30s).
	Timeout time.Duration `mapstructure:"timeout"`
	// OpenSearch has the Elasticsearch exporter accept OpenSearch, which answers as Elasticsearch does but for one header (default false).
	OpenSearch bool `mapstructure:"opensearch"`
	// DeadLetters is where the requests are kept that a backend rejects.
	DeadLetters DeadLettersConfig `mapstructure:"dead_letters"`

	_ struct{}
}

// DeadLettersConfig is a folder and its bound.
type DeadLettersConfig struct {
	// Enabled keeps what a backend rejects (default true). Without a sending queue the exporter tells the receiver of the rejection, which
	// has the messages in the broker's dead-letter queue.
	Enabled bool `mapstructure:"enabled"`
	// Directory is required where it is enabled. It is created when the first request is rejected.
	Directory string `mapstructure:"directory"`
	// MaxSizeMiB bounds the folder (default 1024). What does not fit is dropped, counted and logged.
	MaxSizeMiB int64 `mapstructure:"max_size_mib"`

	_ struct{}
}

func newDefaultConfig() *Config {
	return &Config{Timeout: 30 * time.Second, DeadLetters: DeadLettersConfig{Enabled: true, MaxSizeMiB: 1024}}
}

// Validate names each key whose value is not allowed.
func (c *Config) Validate() error {
	return configcheck.That(c.Timeout > 0, "timeout: %v is not more than 0", c.Timeout)
}

// Validate names each key whose value is not allowed.
func (c *DeadLettersConfig) Validate() error {
	return errors.Join(
		configcheck.That(c.Directory != "" || !c.Enabled, "directory: is required"),
		configcheck.That(c.MaxSizeMiB >= 1, "max_size_mib: %d is less than 1", c.MaxSizeMiB),
	)
}
