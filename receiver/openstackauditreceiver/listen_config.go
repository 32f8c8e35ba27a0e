package openstackauditreceiver

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/amqpserver"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/configcheck"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// ListenConfig says where services may publish to, and who may.
type ListenConfig struct {
	// Endpoint is host:port (default localhost:5679).
	Endpoint string `mapstructure:"endpoint"`
	// TLS is required unless Endpoint is of the loopback interface (default off).
	TLS configoptional.Optional[configtls.ServerConfig] `mapstructure:"tls"`
	// InsecurePlaintext allows passwords and events to cross the network in the clear (default false).
	InsecurePlaintext bool             `mapstructure:"insecure_plaintext"`
	Auth              ListenAuthConfig `mapstructure:"auth"`
	// Exchanges and Topics are those whose messages become records (default any).
	Exchanges []string `mapstructure:"exchanges"`
	Topics    []string `mapstructure:"topics"`
	// MaxConnections bounds the connections, one channel each (default 1024).
	MaxConnections int `mapstructure:"max_connections"`
	// MaxMessageSizeMiB bounds a body that is kept until its record is accepted (default 16). A larger one is condensed as it comes.
	MaxMessageSizeMiB int `mapstructure:"max_message_size_mib"`
	// MaxInFlightMiB bounds what the pipeline has not accepted yet: bodies, and what compressed ones inflate to (default 64).
	MaxInFlightMiB int `mapstructure:"max_in_flight_mib"`
	// MaxHold is how long a service waits for its confirmation before it is told to connect and send again (default 30s).
	MaxHold time.Duration `mapstructure:"max_hold"`

	_ struct{}
}

// ListenAuthConfig says how services authenticate.
type ListenAuthConfig struct {
	// Mechanisms are those offered (default AMQPLAIN and PLAIN, which take the user name and the password). EXTERNAL takes a certificate that
	// tls::client_ca_file verifies.
	Mechanisms []amqpserver.Mechanism `mapstructure:"mechanisms"`
	// Username and Password are those of the services, in their transport_url.
	Username string              `mapstructure:"username"`
	Password configopaque.String `mapstructure:"password"`
	// CertificateNames are those of which a certificate must have one for EXTERNAL: as its subject, its common name or a subject alternative
	// name.
	CertificateNames []string `mapstructure:"certificate_names"`

	_ struct{}
}

func newDefaultListenConfig() ListenConfig {
	return ListenConfig{
		Endpoint:          "localhost:5679", // not 5672: a small cloud runs its RabbitMQ there
		Auth:              ListenAuthConfig{Mechanisms: []amqpserver.Mechanism{amqpserver.MechanismAMQPlain, amqpserver.MechanismPlain}},
		MaxConnections:    1024,
		MaxMessageSizeMiB: 16, // RabbitMQ's max_message_size
		MaxInFlightMiB:    64,
		MaxHold:           30 * time.Second,
	}
}

// check is not called Validate, for the reason that RabbitMQConfig's is not.
func (c *ListenConfig) check(path string) error {
	return errors.Join(
		c.checkEndpoint(path),
		c.Auth.check(path+"::auth", c.TLS.HasValue() && c.TLS.Get().ClientCAFile != ""),
		configcheck.Between(path+"::max_connections", c.MaxConnections, 1, 1<<20, "connections"),
		configcheck.Between(path+"::max_message_size_mib", c.MaxMessageSizeMiB, 1, 1024, "MiB"),
		configcheck.Between(path+"::max_in_flight_mib", c.MaxInFlightMiB, 1, 1<<20, "MiB"),
		configcheck.That(c.MaxInFlightMiB > c.MaxMessageSizeMiB,
			"%s::max_in_flight_mib: %d is not more than max_message_size_mib %d: the largest message needs some room beside its body",
			path, c.MaxInFlightMiB, c.MaxMessageSizeMiB),
		configcheck.AtLeast(path+"::max_hold", c.MaxHold, time.Second),
		configcheck.Each(path+"::exchanges", c.Exchanges, checkName),
		configcheck.Each(path+"::topics", c.Topics, checkName),
	)
}

func (c *ListenConfig) checkEndpoint(path string) error {
	host, port, err := net.SplitHostPort(c.Endpoint)
	if err != nil || port == "" {
		return fmt.Errorf("%s::endpoint: %q is not of the form host:port, such as localhost:5679", path, c.Endpoint)
	}
	return configcheck.That(c.TLS.HasValue() || c.InsecurePlaintext || isLoopback(host),
		"%s::endpoint: %s may be reached from other hosts, and passwords and events would cross the network in the clear: "+
			"add the section tls, listen on localhost, or set insecure_plaintext: true", path, c.Endpoint)
}

// isLoopback does not ask a resolver: a name may be another tomorrow.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}

func (c *ListenAuthConfig) check(path string, verifiesCertificates bool) error {
	if len(c.Mechanisms) == 0 {
		return fmt.Errorf("%s::mechanisms: at least one of AMQPLAIN, PLAIN, EXTERNAL is needed", path)
	}
	external := slices.Contains(c.Mechanisms, amqpserver.MechanismExternal)
	password := slices.ContainsFunc(c.Mechanisms, func(m amqpserver.Mechanism) bool { return m != amqpserver.MechanismExternal })
	const required = "%s: is required: anyone who reaches the endpoint could forge audit events"
	return errors.Join(
		configcheck.Each(path+"::mechanisms", c.Mechanisms, func(path string, mechanism amqpserver.Mechanism) error {
			return configcheck.OneOf(path, mechanism, amqpserver.MechanismAMQPlain, amqpserver.MechanismPlain, amqpserver.MechanismExternal)
		}),
		configcheck.That(!external || verifiesCertificates,
			"%s::mechanisms: EXTERNAL needs listen::tls::client_ca_file, which says whose certificates are good", path),
		configcheck.That(!external || len(c.CertificateNames) > 0,
			"%s::certificate_names: is required with EXTERNAL: every certificate of the authority could forge audit events", path),
		configcheck.That(external || len(c.CertificateNames) == 0,
			"%s::certificate_names: is for EXTERNAL, which %s::mechanisms does not have", path, path),
		configcheck.Each(path+"::certificate_names", c.CertificateNames, func(path, name string) error {
			return configcheck.That(name != "" && strings.TrimSpace(name) == name,
				"%s: %q is no name of a certificate, such as nova.example.org", path, name)
		}),
		configcheck.That(!password || c.Username != "", required, path+"::username"),
		configcheck.That(!password || c.Password != "", required, path+"::password"),
	)
}

func (c *ListenConfig) serverConfig(build component.BuildInfo) amqpserver.Config {
	return amqpserver.Config{
		Product:          build.Command,
		Version:          build.Version,
		Mechanisms:       c.Auth.Mechanisms,
		Username:         c.Auth.Username,
		Password:         string(c.Auth.Password),
		CertificateNames: c.Auth.CertificateNames,
		Exchanges:        c.Exchanges,
		Topics:           c.Topics,
		MaxConnections:   c.MaxConnections,
		MaxMessageBytes:  int64(c.MaxMessageSizeMiB) << 20,
		Condense:         oslo.Condense,
		MaxInFlightBytes: int64(c.MaxInFlightMiB) << 20,
		ConfirmTimeout:   c.MaxHold,
	}
}
