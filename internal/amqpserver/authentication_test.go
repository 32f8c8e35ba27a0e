package amqpserver

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/amqpframe"
)

func TestCredentials(t *testing.T) {
	for _, test := range []struct {
		name       string
		mechanisms []Mechanism
		sasl       amqp.Authentication
		wantErr    bool
	}{
		{"PLAIN", nil, &amqp.PlainAuth{Username: "keystone", Password: "secret"}, false},
		{"AMQPLAIN", nil, &amqp.AMQPlainAuth{Username: "keystone", Password: "secret"}, false},
		{"wrong password", nil, &amqp.PlainAuth{Username: "keystone", Password: "secreT"}, true},
		{"longer password", nil, &amqp.AMQPlainAuth{Username: "keystone", Password: "secret1"}, true},
		{"no password", nil, &amqp.AMQPlainAuth{Username: "keystone"}, true},
		{"wrong user", nil, &amqp.PlainAuth{Username: "root", Password: "secret"}, true},
		{"mechanism not offered", []Mechanism{MechanismAMQPlain}, &plain{}, true},
		{"EXTERNAL without TLS", []Mechanism{MechanismAMQPlain, MechanismExternal}, &amqp.ExternalAuth{}, true},
		{"PLAIN cut short", nil, &plain{response: "keystone"}, true},
		{"AMQPLAIN torn", nil, &plain{mechanism: "AMQPLAIN", response: "\x05LOGINS\xff\xff\xff\xff"}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := start(t, options{timeouts: unanswered, configure: func(c *Config) {
				if test.mechanisms != nil {
					c.Mechanisms, c.CertificateNames = test.mechanisms, []string{"keystone"}
				}
			}})
			// The library offers what the server does; a client that insists is made of the wire.
			connection, err := amqp.DialConfig("amqp://"+f.address, amqp.Config{SASL: []amqp.Authentication{test.sasl}})
			if !test.wantErr {
				require.NoError(t, err)
				require.NoError(t, connection.Close())
				assert.Equal(t, "keystone", eventually(t, f.events, func(e *events) []*Client { return e.opened }, 1)[0].User)
				return
			}
			require.Error(t, err)
			refused := eventually(t, f.events, func(e *events) []error { return e.refused }, 1)[0]
			assert.NotContains(t, refused.Error(), "secre")
		})
	}
}

// plain says whatever it is told to.
type plain struct{ mechanism, response string }

func (p *plain) Mechanism() string {
	if p.mechanism == "" {
		return "PLAIN"
	}
	return p.mechanism
}

func (p *plain) Response() string { return p.response }

// TestFailureIsClosedWith403, late, for a client that can be told.
func TestFailureIsClosedWith403(t *testing.T) {
	f := start(t, options{})
	w := f.wire()
	w.send(protocolHeader)
	w.expect(connectionStart)
	w.send(appendMethod(nil, 0, connectionStartOk, func(to []byte) []byte {
		to = appendTable(to, amqpframe.Table{"capabilities": amqpframe.Table{"authentication_failure_close": true}})
		return appendShortString(appendLongString(appendShortString(to, "PLAIN"), "\x00keystone\x00wrong"), "en_US")
	}))
	w.expectClose(connectionClose, codeAccessRefused)
	assert.ErrorIs(t, eventually(t, f.events, func(e *events) []error { return e.refused }, 1)[0], ErrAuthentication)
}

// TestTLS: certificates say who a client is, for EXTERNAL and beside a password.
func TestTLS(t *testing.T) {
	authority := newAuthority(t)
	f := start(t, options{
		configure: func(c *Config) {
			c.Mechanisms, c.CertificateNames = append(c.Mechanisms, MechanismExternal), []string{"keystone-node-1"}
		},
		listen: func(l net.Listener) net.Listener {
			return tls.NewListener(l, &tls.Config{
				Certificates: []tls.Certificate{authority.issue(t, "server")},
				ClientCAs:    authority.pool, ClientAuth: tls.VerifyClientCertIfGiven,
			})
		},
	})
	certificate := authority.issue(t, "keystone-node-1")
	dial := func(sasl amqp.Authentication, certificates ...tls.Certificate) (*amqp.Connection, error) {
		return amqp.DialConfig("amqps://"+f.address, amqp.Config{
			SASL:            []amqp.Authentication{sasl},
			TLSClientConfig: &tls.Config{RootCAs: authority.pool, ServerName: "127.0.0.1", Certificates: certificates},
		})
	}
	connection, err := dial(&amqp.ExternalAuth{}, certificate)
	require.NoError(t, err)
	require.NoError(t, connection.Close())
	connection, err = dial(&amqp.PlainAuth{Username: "keystone", Password: "secret"}, certificate)
	require.NoError(t, err)
	require.NoError(t, connection.Close())
	connection, err = dial(&amqp.PlainAuth{Username: "keystone", Password: "secret"})
	require.NoError(t, err)
	require.NoError(t, connection.Close())

	opened := eventually(t, f.events, func(e *events) []*Client { return e.opened }, 3)
	assert.Equal(t, []string{"keystone-node-1", "keystone", "keystone"}, []string{opened[0].User, opened[1].User, opened[2].User})
	assert.Equal(t, "keystone-node-1", opened[1].Certificate.Subject.CommonName)
	assert.Equal(t, []string{"keystone-node-1"}, opened[0].Certificate.DNSNames)
	assert.Nil(t, opened[2].Certificate)

	_, err = dial(&amqp.ExternalAuth{})
	require.Error(t, err, "no certificate")
	_, err = dial(&amqp.ExternalAuth{}, authority.issue(t, "compute-node-1"))
	require.Error(t, err, "of another name")
	connection, err = dial(&amqp.PlainAuth{Username: "keystone", Password: "secret"}, authority.issue(t, "compute-node-1"))
	require.NoError(t, err, "the names are for EXTERNAL")
	require.NoError(t, connection.Close())
	_, err = dial(&amqp.ExternalAuth{}, newAuthority(t).issue(t, "keystone-node-1"))
	require.Error(t, err, "of another authority")
	w := f.wire()
	w.send(protocolHeader, make([]byte, 100)) // no TLS
	eventually(t, f.events, func(e *events) []error { return e.refused }, 4)
}

// TestCertificateNames: with EXTERNAL a certificate needs one of the names, wherever in it that stands, and not only the right authority.
func TestCertificateNames(t *testing.T) {
	spiffe, err := url.Parse("spiffe://example.org/nova")
	require.NoError(t, err)
	certificate := &x509.Certificate{
		Subject:  pkix.Name{CommonName: "nova", Organization: []string{"Example"}},
		DNSNames: []string{"nova.example.org"}, EmailAddresses: []string{"nova@example.org"},
		URIs: []*url.URL{spiffe}, IPAddresses: []net.IP{net.IPv4(192, 0, 2, 7)},
	}
	state := &tls.ConnectionState{PeerCertificates: []*x509.Certificate{certificate}, VerifiedChains: [][]*x509.Certificate{{certificate}}}
	for _, test := range []struct {
		name, allowed string
		want          bool
	}{
		{"common name", "nova", true},
		{"subject", "CN=nova,O=Example", true},
		{"DNS name", "nova.example.org", true},
		{"mail address", "nova@example.org", true},
		{"URI", "spiffe://example.org/nova", true},
		{"IP address", "192.0.2.7", true},
		{"part of the common name", "nov", false},
		{"parent domain", "example.org", false},
		{"organization alone", "O=Example", false},
		{"another", "keystone", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := Config{Mechanisms: []Mechanism{MechanismExternal}, CertificateNames: []string{"none", test.allowed}}
			user, err := config.authenticate(MechanismExternal, nil, state)
			if test.want {
				require.NoError(t, err)
				require.Equal(t, test.allowed, user)
				return
			}
			require.ErrorIs(t, err, ErrAuthentication)
			for _, presented := range []string{"CN=nova,O=Example", "nova.example.org", "spiffe://example.org/nova"} {
				require.ErrorContains(t, err, presented, "what was presented is said")
			}
		})
	}
	nameless := &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{}}, VerifiedChains: state.VerifiedChains}
	_, err = (&Config{Mechanisms: []Mechanism{MechanismExternal}, CertificateNames: []string{""}}).authenticate(MechanismExternal, nil,
		nameless)
	require.ErrorIs(t, err, ErrAuthentication)
}

// authority is a certificate authority for tests.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pool        *x509.CertPool
	serial      int64
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	return &authority{certificate: certificate, key: key, pool: pool, serial: 1}
}

func (a *authority) issue(t testing.TB, name string) tls.Certificate {
	t.Helper()
	a.serial++
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(a.serial), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// files writes the authority, and a certificate with its key, for clients that read files.
func (a *authority) files(t testing.TB, name string) (caFile, certFile, keyFile string) {
	t.Helper()
	certificate := a.issue(t, name)
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	require.NoError(t, err)
	directory := t.TempDir()
	write := func(file, kind string, der []byte) string {
		path := filepath.Join(directory, file)
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
		return path
	}
	return write("ca.pem", "CERTIFICATE", a.certificate.Raw),
		write("cert.pem", "CERTIFICATE", certificate.Certificate[0]), write("key.pem", "PRIVATE KEY", key)
}

// TestNoPassword: a server without a password lets nobody in, least of all somebody without one.
func TestNoPassword(t *testing.T) {
	_, err := (&Config{Mechanisms: []Mechanism{MechanismPlain}}).authenticate(MechanismPlain, []byte("\x00\x00"), nil)
	require.ErrorIs(t, err, ErrAuthentication)
}
