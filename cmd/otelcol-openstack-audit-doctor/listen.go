package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/confmap"
	"golang.org/x/sys/unix"

	"github.com/openstack-audit/otelcol-openstack-audit/receiver/openstackauditreceiver"
)

// listeners checks each port that the collector listens on.
func (e *examination) listeners(ctx context.Context) {
	for _, id := range e.configuration.of("receivers", "openstack_audit") {
		config := openstackauditreceiver.NewFactory().CreateDefaultConfig().(*openstackauditreceiver.Config)
		if e.configuration.read("receivers", id, config) != nil || !config.Listen.HasValue() { // brokers tells of the error
			continue
		}
		listen := config.Listen.Get()
		e.secrets.add(string(listen.Auth.Password))
		e.component("receivers::"+id.String()+"::listen", func(s *section) {
			e.listen(ctx, s, listen.Endpoint)
			if listen.TLS.HasValue() {
				s.serverCertificate(ctx, listen.TLS.Get())
			}
		})
	}
	type endpoint struct {
		Endpoint string                  `mapstructure:"endpoint"`
		TLS      *configtls.ServerConfig `mapstructure:"tls"`
	}
	for _, id := range e.configuration.of("receivers", "otlp") {
		var config struct {
			Protocols struct {
				GRPC *endpoint `mapstructure:"grpc"`
				HTTP *endpoint `mapstructure:"http"`
			} `mapstructure:"protocols"`
		}
		e.files("receivers", id, &config, func(s *section) {
			for _, protocol := range []*endpoint{config.Protocols.GRPC, config.Protocols.HTTP} {
				if protocol == nil || protocol.Endpoint == "" {
					continue
				}
				e.listen(ctx, s, protocol.Endpoint)
				if protocol.TLS != nil {
					s.serverCertificate(ctx, protocol.TLS)
				}
			}
		})
	}
	for _, id := range e.configuration.of("extensions", "health_check") {
		var config struct {
			endpoint `mapstructure:",squash"`
			HTTP     endpoint `mapstructure:"http"`
		}
		e.files("extensions", id, &config, func(s *section) {
			for _, address := range []string{config.Endpoint, config.HTTP.Endpoint} {
				if address != "" {
					e.listen(ctx, s, address)
				}
			}
		})
	}
	var service struct {
		Service struct {
			Telemetry struct {
				Metrics struct {
					Readers []struct {
						Pull struct {
							Exporter struct {
								Prometheus struct {
									Host string `mapstructure:"host"`
									Port string `mapstructure:"port"`
								} `mapstructure:"prometheus"`
							} `mapstructure:"exporter"`
						} `mapstructure:"pull"`
					} `mapstructure:"readers"`
				} `mapstructure:"metrics"`
			} `mapstructure:"telemetry"`
		} `mapstructure:"service"`
	}
	s := e.section("service::telemetry")
	if err := e.configuration.conf.Unmarshal(&service, confmap.WithIgnoreUnused()); err != nil {
		s.fail("configuration.component", "Correct the configuration.", "%v", err)
		return
	}
	for _, reader := range service.Service.Telemetry.Metrics.Readers {
		if own := reader.Pull.Exporter.Prometheus; own.Port != "" {
			e.listen(ctx, s, net.JoinHostPort(own.Host, own.Port))
		}
	}
}

func (e *examination) prometheus(ctx context.Context, s *section, id component.ID) {
	var config struct {
		Endpoint string `mapstructure:"endpoint"`
	}
	if err := e.configuration.read("exporters", id, &config); err != nil {
		s.fail("configuration.component", "Correct the configuration.", "%v", err)
		return
	}
	e.listen(ctx, s, config.Endpoint)
}

// listen checks that the collector can listen on the address, or does already.
func (e *examination) listen(ctx context.Context, s *section, address string) {
	const check = "listen.port"
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	switch {
	case err == nil:
		_ = listener.Close() // nobody has connected
		s.ok(check, "%s is free to listen on.", address)
	case errors.Is(err, unix.EADDRINUSE):
		_, port, _ := net.SplitHostPort(address)
		owner := listenerOf(port)
		if owner == filepath.Base(e.options.collector) {
			s.ok(check, "%s is in use by the collector, which is running.", address)
			return
		}
		if owner == "" {
			owner = "a process of another user"
		}
		s.fail(check, "Stop that process, or configure another port. See who it is: ss -ltnp 'sport = :"+port+"'",
			"%s is in use by %s. Where that is the collector, nothing is wrong.", address, owner)
	default:
		s.fail(check, "Configure an address of this host and a port that this user may listen on.", "%s: %v", address, err)
	}
}

// listenerOf is the program that listens on a TCP port, as far as this user may see; otherwise it is empty.
func listenerOf(port string) string {
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return ""
	}
	var sockets []string
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(table)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			// sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode (proc(5)); 0A is listening
			fields := strings.Fields(line)
			if len(fields) > 9 && fields[3] == "0A" && strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", number)) {
				sockets = append(sockets, "socket:["+fields[9]+"]")
			}
		}
	}
	files, _ := filepath.Glob("/proc/[0-9]*/fd/*") // the pattern is right
	for _, file := range files {
		target, err := os.Readlink(file)
		if err != nil {
			continue
		}
		if slices.Contains(sockets, target) {
			program, _ := os.Readlink(filepath.Join(filepath.Dir(filepath.Dir(file)), "exe"))
			return filepath.Base(strings.TrimSuffix(program, " (deleted)")) // after an upgrade
		}
	}
	return ""
}

// serverCertificate checks the certificate that clients will see.
func (s *section) serverCertificate(ctx context.Context, config *configtls.ServerConfig) {
	const check = "listen.certificate"
	loaded, err := config.LoadTLSConfig(ctx)
	if err != nil {
		s.fail(check, "Correct the section tls.", "%v", err)
		return
	}
	certificate, err := loaded.GetCertificate(&tls.ClientHelloInfo{})
	if err != nil || certificate == nil || len(certificate.Certificate) == 0 {
		s.fail(check, "Correct the section tls.", "There is no certificate: %v", err)
		return
	}
	leaf, err := x509.ParseCertificate(certificate.Certificate[0])
	switch {
	case err != nil:
		s.fail(check, "Correct the section tls.", "%v", err)
	case time.Now().After(leaf.NotAfter):
		s.fail(check, "Renew the certificate.", "The certificate ended on %s.", leaf.NotAfter.UTC().Format(time.DateOnly))
	default:
		s.lasts(check, "this collector", leaf)
	}
}
