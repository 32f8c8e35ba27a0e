package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"slices"
	"strings"
	"time"
)

// certificateWarning is how long before its end a certificate is warned of.
const certificateWarning = 30 * 24 * time.Hour

// reach checks name, connection and, unless the configuration is nil, TLS of an address. It reports whether it got through.
// prefix is that of the names of the checks, such as broker.
func (e *examination) reach(ctx context.Context, s *section, prefix, address string, config *tls.Config) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		s.fail(prefix+".address", "Correct the address.", "%s is no address of the form host:port: %v", address, err)
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, e.options.timeout)
	defer cancel()
	begin := time.Now()
	if net.ParseIP(host) == nil {
		addresses, err := net.DefaultResolver.LookupHost(ctx, host)
		if err != nil {
			s.fail(prefix+".dns", "Correct the name, or the resolver of this host.", "The name %s is not found: %v", host, err)
			return false
		}
		s.ok(prefix+".dns", "%s is %s.", host, strings.Join(addresses, ", "))
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		s.fail(prefix+".tcp", "Start the server, or open the firewall from this host to it.", "No connection to %s: %v", address, err)
		return false
	}
	defer func() { _ = conn.Close() }()
	s.ok(prefix+".tcp", "%s accepts connections (%d ms).", address, time.Since(begin).Milliseconds())
	return config == nil || e.handshake(ctx, s, prefix, host, conn, config)
}

func (e *examination) handshake(ctx context.Context, s *section, prefix, host string, conn net.Conn, config *tls.Config) bool {
	config = config.Clone()
	if config.ServerName == "" {
		config.ServerName = host
	}
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		var record tls.RecordHeaderError
		var certificate *tls.CertificateVerificationError
		do := "Compare the TLS settings of both sides."
		switch {
		case errors.As(err, &record):
			do = "This port does not speak TLS: use the TLS port, or turn TLS off in the configuration."
		case errors.As(err, &certificate):
			do = "Set ca_file to the authority that issued the certificate, connect by a name that it has, or renew it."
		}
		s.fail(prefix+".tls", do, "No TLS with %s: %v", conn.RemoteAddr(), err)
		return false
	}
	leaf := secured.ConnectionState().PeerCertificates[0]
	s.lasts(prefix+".certificate", conn.RemoteAddr().String(), leaf)
	return true
}

// lasts tells until when a certificate lasts, and for which names.
func (s *section) lasts(check, whose string, leaf *x509.Certificate) {
	names := append(slices.Clone(leaf.DNSNames), leaf.Subject.CommonName)
	for _, address := range leaf.IPAddresses {
		names = append(names, address.String())
	}
	text := "The certificate of %s for %s ends on %s."
	values := []any{whose, strings.TrimSpace(strings.Join(names, " ")), leaf.NotAfter.UTC().Format(time.DateOnly)}
	if time.Until(leaf.NotAfter) < certificateWarning {
		s.warn(check, "Renew the certificate.", text, values...)
	} else {
		s.ok(check, text, values...)
	}
}
