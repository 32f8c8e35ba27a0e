package amqpserver

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/amqpframe"
)

// Mechanism is how a client says who it is (SASL).
type Mechanism string

// The mechanisms. AMQPLAIN is oslo.messaging's default. PLAIN and AMQPLAIN alike send the password as it is.
const (
	MechanismPlain    Mechanism = "PLAIN"
	MechanismAMQPlain Mechanism = "AMQPLAIN"
	MechanismExternal Mechanism = "EXTERNAL"
)

// ErrAuthentication says that a client did not authenticate. Of a password it does not say what was wrong. The client is told nothing.
var ErrAuthentication = errors.New("authentication failed")

// authenticate returns the user. state is that of the TLS connection, nil without TLS.
func (c *Config) authenticate(mechanism Mechanism, response []byte, state *tls.ConnectionState) (string, error) {
	if !slices.Contains(c.Mechanisms, mechanism) {
		return "", ErrAuthentication
	}
	var user, password []byte
	switch mechanism {
	case MechanismPlain: // RFC 4616: [authzid] NUL authcid NUL passwd
		parts := bytes.SplitN(response, []byte{0}, 3)
		if len(parts) != 3 {
			return "", ErrAuthentication
		}
		user, password = parts[1], parts[2]
	case MechanismAMQPlain: // a field table without its length
		table, err := amqpframe.ReadTable(response)
		if err != nil {
			return "", ErrAuthentication
		}
		user, password = []byte(table.String("LOGIN")), []byte(table.String("PASSWORD"))
	case MechanismExternal:
		if state == nil || len(state.VerifiedChains) == 0 {
			return "", ErrAuthentication
		}
		return c.certified(state.PeerCertificates[0])
	}
	if equal(user, c.Username)&equal(password, c.Password) != 1 || c.Password == "" {
		return "", ErrAuthentication
	}
	return string(user), nil
}

// certified returns the name of CertificateNames that the certificate has.
func (c *Config) certified(certificate *x509.Certificate) (string, error) {
	presented := namesOf(certificate)
	for _, name := range presented {
		if slices.Contains(c.CertificateNames, name) {
			return name, nil
		}
	}
	return "", fmt.Errorf("%w: of the names of the client's certificate none is allowed: %q", ErrAuthentication, presented)
}

// namesOf are the names in a certificate, the common name first.
func namesOf(certificate *x509.Certificate) []string {
	var names []string
	if certificate.Subject.CommonName != "" {
		names = append(names, certificate.Subject.CommonName)
	}
	if subject := certificate.Subject.String(); subject != "" {
		names = append(names, subject)
	}
	names = append(append(names, certificate.DNSNames...), certificate.EmailAddresses...)
	for _, uri := range certificate.URIs {
		names = append(names, uri.String())
	}
	for _, address := range certificate.IPAddresses {
		names = append(names, address.String())
	}
	return names
}

// equal compares in a time that tells neither the length nor the place of the first difference.
func equal(given []byte, wanted string) int {
	a, b := sha256.Sum256(given), sha256.Sum256([]byte(wanted))
	return subtle.ConstantTimeCompare(a[:], b[:])
}

func (c *Config) mechanisms() string {
	words := make([]string, len(c.Mechanisms))
	for i, mechanism := range c.Mechanisms {
		words[i] = string(mechanism)
	}
	return strings.Join(words, " ")
}
