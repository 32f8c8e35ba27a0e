package rabbitmq

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

func TestTLS(t *testing.T) {
	t.Parallel()
	address := collectortest.FreeAddress(t)
	roots, certificate, key := newCertificate(t)
	own := rabbitmqtest.Start(t, rabbitmqtest.Options{Config: fmt.Sprintf(`
listeners.ssl.1 = %s
ssl_options.cacertfile = %s
ssl_options.certfile = %s
ssl_options.keyfile = %s
`, address, certificate, certificate, key)})
	b := broker{Node: own, virtualHost: "/"}
	b.publishLarge(t, 20, mebi)

	config := b.existing("notifications.info")
	config.Hosts[0].Address = address
	config.MaxInFlightBytes = 2 * mebi

	t.Run("verified, and paused at times", func(t *testing.T) {
		config := config
		config.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
		r := start(t, config)
		s := r.session(t)
		r.eventually(t, "paused", func() bool { return len(r.paused) == 1 })
		for range 20 {
			d := r.delivery(t)
			require.Len(t, d.Body, mebi)
			require.NoError(t, s.Settle(acknowledge(d.Tag)))
		}
		require.Empty(t, config.TLS.ServerName, "the configuration is left as it is: it serves other hosts")
	})
	for _, test := range []struct {
		name   string
		config *tls.Config
		want   []string
	}{
		{"unknown authority", &tls.Config{MinVersion: tls.VersionTLS12}, []string{"certificate signed by unknown " +
			"authority", "without ssl_ca_file"}},
		{"other host name", &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, ServerName: "other"},
			[]string{"wanted to match other", "since 18.1.0"}},
		{"plaintext", nil, []string{"does this port expect TLS?"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := config
			config.TLS = test.config
			r := start(t, config)
			r.eventually(t, "refused", func() bool { return len(r.disconnected[address]) > 0 })
			r.do(func() {
				for _, words := range test.want {
					require.ErrorContains(t, r.disconnected[address][0], words)
				}
			})
		})
	}
}

// newCertificate makes a certificate for 127.0.0.1 that is its own authority.
func newCertificate(t *testing.T) (roots *x509.CertPool, certificateFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	directory := t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(directory, name)
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
		return path
	}
	roots = x509.NewCertPool()
	roots.AddCert(certificate)
	return roots, write("certificate.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", keyDER)
}
