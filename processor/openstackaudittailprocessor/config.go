package openstackaudittailprocessor

import (
	"go.opentelemetry.io/collector/component"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/configcheck"
)

// Config is the configuration of the processor.
type Config struct {
	// Socket is the path of the Unix socket that audit-tail connects to. Only the collector's user and root can.
	Socket string `mapstructure:"socket"`

	_ struct{}
}

func createDefaultConfig() component.Config {
	return &Config{Socket: "/var/lib/otelcol-openstack-audit/tail.sock"}
}

// Validate names each key whose value is not allowed.
func (c *Config) Validate() error {
	return configcheck.That(c.Socket != "", "socket: is empty; name the path of a socket, such as /var/lib/otelcol-openstack-audit/tail.sock")
}
