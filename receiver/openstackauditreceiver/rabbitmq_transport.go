package openstackauditreceiver

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v7"
	"go.opentelemetry.io/collector/config/configtls"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/transporturl"
)

// checkTransport checks what can be checked without reading a file. Its errors never show the URL.
func (c *RabbitMQConfig) checkTransport(path string) error {
	if c.TransportURL == "" {
		return fmt.Errorf("%s::transport_url: is required: the services' own, from [oslo_messaging_notifications] or [DEFAULT], "+
			"such as rabbit://user:password@host:5672//", path)
	}
	transport, err := transporturl.Parse(string(c.TransportURL))
	if err != nil {
		return fmt.Errorf("%s::transport_url: %w", path, err)
	}
	if c.TLS.HasValue() {
		if err := sameTLS(c.TLS.Get(), transport.TLS); err != nil {
			return fmt.Errorf("%s::tls: TLS is configured twice and differently: %w", path, err)
		}
	}
	return nil
}

// sameTLS compares the section with what the URL says, as far as the URL says anything.
func sameTLS(section *configtls.ClientConfig, url transporturl.TLS) error {
	var errs []error
	if url.Enabled && section.Insecure {
		errs = append(errs, errors.New("transport_url turns it on, and insecure: true off"))
	}
	if url.Off && !section.Insecure {
		errs = append(errs, errors.New("transport_url turns it off with ssl=false, and the section on"))
	}
	if url.Enabled && !url.VerifyHostname && !section.InsecureSkipVerify {
		errs = append(errs, errors.New("transport_url has ssl_enforce_hostname_verification off, and the section verifies the name"))
	}
	for _, file := range []struct{ query, url, key, section string }{
		{"ssl_ca_file", url.CAFile, "ca_file", section.CAFile},
		{"ssl_cert_file", url.CertFile, "cert_file", section.CertFile},
		{"ssl_key_file", url.KeyFile, "key_file", section.KeyFile},
	} {
		if file.url != "" && file.url != file.section {
			errs = append(errs, fmt.Errorf("transport_url has %s=%s, and the section %s: %q", file.query, file.url, file.key, file.section))
		}
	}
	return errors.Join(errs...)
}

// ClientConfig translates the section. It fails when a certificate cannot be read. The warnings concern parts of
// transport_url that have no effect.
func (c *RabbitMQConfig) ClientConfig(ctx context.Context, name string) (config rabbitmq.Config, warnings []string, err error) {
	transport, err := transporturl.Parse(string(c.TransportURL))
	if err != nil {
		return rabbitmq.Config{}, nil, fmt.Errorf("rabbitmq::transport_url: %w", err)
	}
	tlsConfig, err := c.loadTLS(ctx, transport.TLS)
	if err != nil {
		return rabbitmq.Config{}, nil, err
	}
	var heartbeat time.Duration
	if transport.Heartbeat != nil {
		heartbeat = *transport.Heartbeat
	}
	return rabbitmq.Config{
		Hosts:           c.hosts(transport),
		VirtualHost:     transport.VirtualHost,
		TLS:             tlsConfig,
		Mechanism:       rabbitmq.Mechanism(transport.LoginMethod),
		Heartbeat:       heartbeat,
		ConnectionName:  name,
		Exchanges:       c.Exchanges,
		ExpectExchanges: c.namesExchanges(),
		Topics:          c.Topics,
		Priorities:      c.Priorities,
		Queue: rabbitmq.QueueConfig{
			Name:           c.Queue.Name,
			Mode:           c.Queue.Mode,
			Type:           c.Queue.Type,
			SingleActive:   c.Queue.Consumers == ConsumersSingleActive,
			MaxLength:      c.Queue.MaxLength,
			MaxLengthBytes: c.Queue.MaxLengthMiB << 20,
			DeadLetter:     c.Queue.DeadLetter,
		},
		Prefetch:         c.Prefetch,
		MaxInFlightBytes: int64(c.MaxInFlightMiB) << 20,
		RebindInterval:   c.RebindInterval,
		Backoff: backoff.ExponentialBackOff{
			InitialInterval:     c.Reconnect.InitialInterval,
			RandomizationFactor: c.Reconnect.RandomizationFactor,
			Multiplier:          c.Reconnect.Multiplier,
			MaxInterval:         c.Reconnect.MaxInterval,
		},
	}, c.transportWarnings(transport), nil
}

// transportWarnings are about what is in transport_url and has no effect here.
func (c *RabbitMQConfig) transportWarnings(transport transporturl.URL) []string {
	var warnings []string
	if len(transport.UnknownKeys) > 0 {
		warnings = append(warnings, "these query keys are not known and have no effect: "+strings.Join(transport.UnknownKeys, ", "))
	}
	if without := transport.HostsWithoutCredentials(); c.Username == "" && len(without) > 0 {
		warnings = append(warnings, "these hosts have no credentials, and take none from the others: "+strings.Join(without, ", "))
	}
	if url := transport.TLS; !url.Enabled && !c.TLS.HasValue() && url.CAFile+url.CertFile+url.KeyFile != "" {
		warnings = append(warnings, "ssl_ca_file, ssl_cert_file and ssl_key_file have no effect without ssl=true")
	}
	if transport.TLS.Version != "" {
		warnings = append(warnings, "ssl_version has no effect: TLS 1.2 or newer is negotiated, rabbitmq::tls::min_version and "+
			"max_version can narrow it")
	}
	if transport.Heartbeat != nil && *transport.Heartbeat == 0 {
		warnings = append(warnings, "heartbeat_timeout_threshold=0 has no effect: without heartbeats a dead connection goes unnoticed")
	}
	return warnings
}

func (c *RabbitMQConfig) hosts(transport transporturl.URL) []rabbitmq.Host {
	hosts := make([]rabbitmq.Host, len(transport.Hosts))
	for i, from := range transport.Hosts {
		host := rabbitmq.Host{
			Address:  from.Address(),
			Username: cmp.Or(c.Username, from.Username),
			Password: cmp.Or(string(c.Password), from.Password),
		}
		if host.Username == "" && transport.LoginMethod != string(rabbitmq.MechanismExternal) { // as kombu does
			host.Username, host.Password = "guest", cmp.Or(host.Password, "guest")
		}
		hosts[i] = host
	}
	return hosts
}

func (c *RabbitMQConfig) loadTLS(ctx context.Context, url transporturl.TLS) (*tls.Config, error) {
	if c.TLS.HasValue() {
		config, err := c.TLS.Get().LoadTLSConfig(ctx)
		if err != nil {
			return nil, fmt.Errorf("rabbitmq::tls: %w", err)
		}
		return config, nil
	}
	if !url.Enabled {
		return nil, nil //nolint:nilnil // no TLS is what is configured
	}
	section := configtls.NewDefaultClientConfig()
	section.CAFile, section.CertFile, section.KeyFile = url.CAFile, url.CertFile, url.KeyFile
	if section.KeyFile == "" { // Python's ssl then looks for the key in the certificate's file
		section.KeyFile = section.CertFile
	}
	config, err := section.LoadTLSConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("rabbitmq::transport_url: ssl_ca_file, ssl_cert_file, ssl_key_file: %w", err)
	}
	if !url.VerifyHostname {
		verifyChainOnly(config)
	}
	return config, nil
}

// verifyChainOnly accepts a certificate for any name, as long as a trusted authority issued it.
func verifyChainOnly(config *tls.Config) {
	config.InsecureSkipVerify = true // of crypto/tls's own verification, which cannot leave out the name alone
	roots := config.RootCAs
	config.VerifyConnection = func(state tls.ConnectionState) error {
		intermediates := x509.NewCertPool()
		for _, certificate := range state.PeerCertificates[1:] {
			intermediates.AddCert(certificate)
		}
		_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates})
		if err != nil {
			return &tls.CertificateVerificationError{UnverifiedCertificates: state.PeerCertificates, Err: err}
		}
		return nil
	}
}
