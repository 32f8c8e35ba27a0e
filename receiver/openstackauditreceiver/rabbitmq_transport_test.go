package openstackauditreceiver

import (
	"crypto/tls"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v7"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq"
)

func TestClientConfig(t *testing.T) {
	t.Parallel()
	section := newDefaultRabbitMQConfig()
	section.TransportURL = "rabbit://u:p@h1,v:q@h2:5673/vh?heartbeat_timeout_threshold=6&rabbit_login_method=AMQPLAIN"
	config, warnings, err := section.ClientConfig(t.Context(), "otelcol receiver")
	require.NoError(t, err)
	assert.Empty(t, warnings)
	assert.Equal(t, rabbitmq.Config{
		Hosts:          []rabbitmq.Host{{Address: "h1:5672", Username: "u", Password: "p"}, {Address: "h2:5673", Username: "v", Password: "q"}},
		VirtualHost:    "vh",
		Mechanism:      rabbitmq.MechanismAMQPlain,
		Heartbeat:      6 * time.Second,
		ConnectionName: "otelcol receiver",
		Exchanges:      serviceExchanges(),
		Topics:         []string{"notifications"},
		Priorities:     []string{"info", "warn", "error", "critical", "audit"},
		Queue: rabbitmq.QueueConfig{
			Name: "otelcol-openstack-audit", Mode: rabbitmq.QueueOwn, Type: rabbitmq.QueueQuorum,
			SingleActive: true, MaxLength: 1_000_000, MaxLengthBytes: 4 << 30, DeadLetter: true,
		},
		Prefetch:         1000,
		MaxInFlightBytes: 64 << 20,
		RebindInterval:   30 * time.Second,
		Backoff: backoff.ExponentialBackOff{InitialInterval: time.Second, RandomizationFactor: 0.5, Multiplier: 1.5,
			MaxInterval: 30 * time.Second},
	}, config)
}

func TestCredentialsOfTheirOwnKeys(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		username string
		password configopaque.String
		want     []rabbitmq.Host
	}{
		{"neither", "", "", []rabbitmq.Host{{Address: "h1:5672", Username: "u", Password: "p"},
			{Address: "h2:5672", Username: "guest", Password: "guest"}}},
		{"username", "x", "", []rabbitmq.Host{{Address: "h1:5672", Username: "x", Password: "p"}, {Address: "h2:5672", Username: "x"}}},
		{"password", "", "p%40:/@", []rabbitmq.Host{{Address: "h1:5672", Username: "u", Password: "p%40:/@"},
			{Address: "h2:5672", Username: "guest", Password: "p%40:/@"}}},
		{"both", "x", "y", []rabbitmq.Host{{Address: "h1:5672", Username: "x", Password: "y"},
			{Address: "h2:5672", Username: "x", Password: "y"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			section := newDefaultRabbitMQConfig()
			section.TransportURL, section.Username, section.Password = "rabbit://u:p@h1,h2//", test.username, test.password
			config, _, err := section.ClientConfig(t.Context(), "")
			require.NoError(t, err)
			assert.Equal(t, test.want, config.Hosts)
		})
	}
}

func TestTransportWarnings(t *testing.T) {
	t.Parallel()
	for url, want := range map[configopaque.String]string{
		"rabbit://u:p@h//?rabbit_colour=blue":            "rabbit_colour",
		"rabbit://u:p@h1,h2//":                           "h2:5672",
		"rabbit://u:p@h//?ssl_ca_file=/ca.pem":           "no effect without ssl=true",
		"rabbit://u:p@h//?ssl=1&ssl_version=TLSv1":       "ssl_version",
		"rabbit://u:p@h//?heartbeat_timeout_threshold=0": "heartbeat_timeout_threshold",
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			section := newDefaultRabbitMQConfig()
			section.TransportURL = url
			_, warnings, err := section.ClientConfig(t.Context(), "")
			require.NoError(t, err)
			require.Len(t, warnings, 1)
			assert.Contains(t, warnings[0], want)
		})
	}
}

// TestTLS connects to a server whose certificate is for 127.0.0.1 and example.com.
func TestTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(nil)
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	require.NoError(t, os.WriteFile(ca, block, 0o600))
	const url = "rabbit://u:p@h//"

	for _, test := range []struct {
		name       string
		url        configopaque.String
		section    configoptional.Optional[configtls.ClientConfig]
		serverName string
		err        string
	}{
		{
			"section with its authority",
			url, configoptional.Some(configtls.ClientConfig{Config: configtls.Config{CAFile: ca}}), "example.com", "",
		},
		{
			"section with the system's roots",
			url, configoptional.Some(configtls.ClientConfig{}), "example.com", "certificate signed by unknown authority",
		},
		{
			"section that does not verify",
			url, configoptional.Some(configtls.ClientConfig{InsecureSkipVerify: true}), "keystone", "",
		},
		{
			"URL with its authority",
			configopaque.String(url + "?ssl=1&ssl_ca_file=" + ca), configoptional.None[configtls.ClientConfig](), "example.com", "",
		},
		{
			"URL with the system's roots",
			url + "?ssl=1", configoptional.None[configtls.ClientConfig](), "example.com", "certificate signed by unknown authority",
		},
		{
			"URL, another name",
			configopaque.String(url + "?ssl=1&ssl_ca_file=" + ca), configoptional.None[configtls.ClientConfig](), "keystone",
			"certificate is valid for example.com",
		},
		{
			"URL, the name not verified",
			configopaque.String(url + "?ssl=1&ssl_enforce_hostname_verification=false&ssl_ca_file=" + ca),
			configoptional.None[configtls.ClientConfig](), "keystone", "",
		},
		{
			"URL, the name not verified, the authority is",
			url + "?ssl=1&ssl_enforce_hostname_verification=false", configoptional.None[configtls.ClientConfig](), "keystone",
			"certificate signed by unknown authority",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			section := newDefaultRabbitMQConfig()
			section.TransportURL, section.TLS = test.url, test.section
			config, _, err := section.ClientConfig(t.Context(), "")
			require.NoError(t, err)
			require.NotNil(t, config.TLS)
			config.TLS.ServerName = test.serverName
			connection, err := tls.Dial("tcp", server.Listener.Addr().String(), config.TLS)
			if test.err != "" {
				var unverified *tls.CertificateVerificationError
				require.ErrorAs(t, err, &unverified)
				require.ErrorContains(t, err, test.err)
				return
			}
			require.NoError(t, err)
			require.NoError(t, connection.Close())
		})
	}
}

func TestNoTLS(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		section configoptional.Optional[configtls.ClientConfig]
	}{
		{"absent", configoptional.None[configtls.ClientConfig]()},
		{"insecure", configoptional.Some(configtls.ClientConfig{Insecure: true})},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			rabbit := newDefaultRabbitMQConfig()
			rabbit.TransportURL, rabbit.TLS = "rabbit://u:p@h:5671//", test.section
			config, _, err := rabbit.ClientConfig(t.Context(), "")
			require.NoError(t, err)
			assert.Nil(t, config.TLS)
		})
	}
}
