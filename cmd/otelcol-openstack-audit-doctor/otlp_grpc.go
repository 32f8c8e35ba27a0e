package main

import (
	"context"
	"crypto/tls"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	grpcstatus "google.golang.org/grpc/status"
)

// otlpGRPC sends an export without a record.
func (e *examination) otlpGRPC(ctx context.Context, s *section, id component.ID) {
	const check = "backend.request"
	var config struct {
		Endpoint string                         `mapstructure:"endpoint"`
		TLS      configtls.ClientConfig         `mapstructure:"tls"`
		Headers  map[string]configopaque.String `mapstructure:"headers"`
		Auth     *struct {
			Authenticator component.ID `mapstructure:"authenticator"`
		} `mapstructure:"auth"`
	}
	if err := e.configuration.read("exporters", id, &config); err != nil {
		s.fail("configuration.component", "Correct the configuration.", "%v", err)
		return
	}
	endpoint := config.Endpoint
	scheme, rest, hasScheme := strings.Cut(endpoint, "://")
	if hasScheme {
		endpoint = strings.TrimPrefix(rest, "/")
	}
	var secured *tls.Config
	if scheme != "http" && !config.TLS.Insecure {
		var err error
		if secured, err = config.TLS.LoadTLSConfig(ctx); err != nil {
			s.fail("backend.tls", "Correct the section tls.", "%v", err)
			return
		}
	}
	if !e.reach(ctx, s, "backend", endpoint, secured) {
		return
	}
	security := insecure.NewCredentials()
	if secured != nil {
		security = credentials.NewTLS(secured)
	}
	connection, err := grpc.NewClient(endpoint, grpc.WithTransportCredentials(security))
	if err != nil {
		s.fail(check, "Correct the endpoint.", "%v", err)
		return
	}
	defer func() { _ = connection.Close() }()
	ctx, cancel := context.WithTimeout(ctx, e.options.timeout)
	defer cancel()
	headers := metadata.MD{}
	for name, value := range config.Headers {
		e.secrets.add(string(value))
		headers.Append(name, string(value))
	}
	if config.Auth != nil {
		for name, value := range e.authorization(s, config.Auth.Authenticator) {
			headers.Append(name, value)
		}
	}
	ctx = metadata.NewOutgoingContext(ctx, headers)
	_, err = plogotlp.NewGRPCClient(connection).Export(ctx, plogotlp.NewExportRequest())
	switch grpcstatus.Code(err) {
	case codes.OK:
		s.ok(check, "An export without records to %s is accepted.", endpoint)
	case codes.Unauthenticated, codes.PermissionDenied:
		s.fail(check, "Correct the credentials in auth or headers.", "An export without records to %s is refused: %v", endpoint, err)
	case codes.Unimplemented:
		s.fail(check, "Correct the endpoint: this server takes no logs over OTLP/gRPC.",
			"An export without records to %s is not understood: %v", endpoint, err)
	default:
		s.fail(check, "Look at the backend's log.", "An export without records to %s fails: %v", endpoint, err)
	}
}
