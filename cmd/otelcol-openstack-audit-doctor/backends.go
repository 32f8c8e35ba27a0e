package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"
)

// backends checks what each exporter sends to.
func (e *examination) backends(ctx context.Context) {
	checks := map[string]func(context.Context, *section, component.ID){
		"otlp_http": e.otlpHTTP, "otlphttp": e.otlpHTTP,
		"otlp": e.otlpGRPC, "otlp_grpc": e.otlpGRPC,
		"elasticsearch": e.elasticsearch,
		"kafka":         func(ctx context.Context, s *section, id component.ID) { e.kafka(ctx, s, "exporters", id) },
		"prometheus":    e.prometheus,
		"file":          e.fileExporter,
		"debug":         func(context.Context, *section, component.ID) {},
	}
	for _, id := range e.configuration.of("receivers", "kafka") {
		e.component("receivers::"+id.String(), func(s *section) { e.kafka(ctx, s, "receivers", id) })
	}
	for _, id := range e.configuration.of("exporters") {
		check := checks[id.Type().String()]
		if check == nil {
			check = func(_ context.Context, s *section, id component.ID) {
				s.notChecked("backend.type", "", "The doctor does not know exporters of type %s.", id.Type())
			}
		}
		e.component("exporters::"+id.String(), func(s *section) { check(ctx, s, id) })
	}
}

// telemetrySettings have no telemetry.
func telemetrySettings() component.TelemetrySettings {
	return component.TelemetrySettings{
		Logger: zap.NewNop(), TracerProvider: tracenoop.NewTracerProvider(), MeterProvider: metricnoop.NewMeterProvider(),
	}
}

// reachURL checks name, connection and TLS of a URL's host.
func (e *examination) reachURL(ctx context.Context, s *section, prefix string, address *url.URL, client *confighttp.ClientConfig) bool {
	if client.ProxyURL != "" {
		return true // the request itself tells
	}
	var config *tls.Config
	port := address.Port()
	switch address.Scheme {
	case "https":
		var err error
		if config, err = client.TLS.LoadTLSConfig(ctx); err != nil {
			s.fail(prefix+".tls", "Correct the section tls.", "%v", err)
			return false
		}
		if config == nil {
			config = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		if port == "" {
			port = "443"
		}
	default:
		if port == "" {
			port = "80"
		}
	}
	return e.reach(ctx, s, prefix, net.JoinHostPort(address.Hostname(), port), config)
}

// httpExporter is what the exporters over HTTP have in common.
type httpExporter struct {
	confighttp.ClientConfig `mapstructure:",squash"`
	// These are the Elasticsearch exporter's.
	Endpoints []string            `mapstructure:"endpoints"`
	User      string              `mapstructure:"user"`
	Password  configopaque.String `mapstructure:"password"`
	APIKey    configopaque.String `mapstructure:"api_key"`
	// LogsEndpoint and MetricsEndpoint are the OTLP exporter's.
	LogsEndpoint    string `mapstructure:"logs_endpoint"`
	MetricsEndpoint string `mapstructure:"metrics_endpoint"`

	authorize authorization
	// toItself: what it sends to is this collector.
	toItself bool
}

// readHTTP reads an exporter's configuration. Its middlewares are left out: they keep what a backend rejects.
func (e *examination) readHTTP(s *section, id component.ID) *httpExporter {
	x := &httpExporter{ClientConfig: confighttp.NewDefaultClientConfig()}
	if err := e.configuration.read("exporters", id, x); err != nil {
		s.fail("configuration.component", "Correct the configuration.", "%v", err)
		return nil
	}
	e.secrets.add(string(x.Password), string(x.APIKey))
	for _, header := range x.Headers {
		e.secrets.add(string(header.Value))
	}
	x.Middlewares, x.Timeout = nil, e.options.timeout
	if x.Auth.HasValue() {
		if id := x.Auth.Get().AuthenticatorID; id.Type().String() == "self_auth" {
			x.toItself = true
		} else {
			x.authorize = e.authorization(s, id)
		}
		x.Auth = configoptional.None[configauth.Config]()
	}
	return x
}

// answer is what a backend said, as far as it is looked at.
type answer struct {
	code   int
	status string
	header http.Header
	text   []byte
}

// do sends a request and returns the answer with the beginning of its body, or nil.
func (e *examination) do(ctx context.Context, s *section, x *httpExporter, method, address string, body []byte) *answer {
	client, err := x.ToClient(ctx, nil, telemetrySettings())
	if err != nil {
		s.fail("backend.configuration", "Correct the configuration.", "%v", err)
		return nil
	}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		s.fail("backend.address", "Correct the endpoint.", "%v", err)
		return nil
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/x-protobuf")
	}
	x.authorize.apply(request.Header)
	response, err := client.Do(request)
	if err != nil {
		s.fail("backend.request", "Look at the backend's log.", "%v", err)
		return nil
	}
	defer func() { _ = response.Body.Close() }()
	text, _ := io.ReadAll(io.LimitReader(response.Body, 4096))
	e.clockOf(s, "backend", response)
	return &answer{code: response.StatusCode, status: response.Status, header: response.Header, text: text}
}

// otlpHTTP sends an export without a record.
func (e *examination) otlpHTTP(ctx context.Context, s *section, id component.ID) {
	x := e.readHTTP(s, id)
	if x == nil {
		return
	}
	if x.toItself {
		s.ok("backend.request", "It sends to a receiver of this collector.")
		return
	}
	for _, signal := range []struct {
		name, endpoint string
		empty          func() ([]byte, error)
	}{
		{"logs", x.LogsEndpoint, plogotlp.NewExportRequest().MarshalProto},
		{"metrics", x.MetricsEndpoint, pmetricotlp.NewExportRequest().MarshalProto},
	} {
		if !e.configuration.exports(id, signal.name) {
			continue
		}
		endpoint := signal.endpoint
		if endpoint == "" {
			endpoint = strings.TrimSuffix(x.Endpoint, "/") + "/v1/" + signal.name
		}
		address, err := url.Parse(endpoint)
		if err != nil {
			s.fail("backend.address", "Correct the endpoint.", "The endpoint is no URL.")
			continue
		}
		if !e.reachURL(ctx, s, "backend", address, &x.ClientConfig) {
			continue
		}
		body, err := signal.empty()
		if err != nil {
			s.fail("backend.request", "", "%v", err)
			continue
		}
		if body == nil {
			body = []byte{} // of an empty message
		}
		if answer := e.do(ctx, s, x, http.MethodPost, endpoint, body); answer != nil {
			judgeStatus(s, "An export without records to "+endpoint, answer.code, answer.status, answer.text)
		}
	}
}

// judgeStatus says what an answer to a harmless request means.
func judgeStatus(s *section, what string, code int, status string, text []byte) {
	const check = "backend.request"
	switch {
	case code >= 200 && code < 300:
		s.ok(check, "%s is accepted: %s.", what, status)
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		s.fail(check, "Correct the credentials in auth or headers, or give this user the right to write.",
			"%s is refused: %s %s", what, status, text)
	case code == http.StatusNotFound || code == http.StatusMethodNotAllowed:
		s.fail(check, "Correct the path of the endpoint: /v1/logs is added to it.", "%s finds nothing: %s %s", what, status, text)
	case code >= 300 && code < 400:
		s.fail(check, "Set the endpoint to where the redirect leads.", "%s is redirected: %s", what, status)
	case code == http.StatusBadRequest || code == http.StatusUnprocessableEntity:
		s.notChecked(check, "", "%s is answered: %s %s. The login and the path are right.", what, status, text)
	default:
		s.fail(check, "Look at the backend's log.", "%s fails: %s %s", what, status, text)
	}
}

// kafka reaches the brokers and no further.
func (e *examination) kafka(ctx context.Context, s *section, kind string, id component.ID) {
	var config struct {
		Brokers []string                `mapstructure:"brokers"`
		TLS     *configtls.ClientConfig `mapstructure:"tls"`
	}
	if err := e.configuration.read(kind, id, &config); err != nil {
		s.fail("configuration.component", "Correct the configuration.", "%v", err)
		return
	}
	var secured *tls.Config
	if config.TLS != nil {
		var err error
		if secured, err = config.TLS.LoadTLSConfig(ctx); err != nil {
			s.fail("backend.tls", "Correct the section tls.", "%v", err)
			return
		}
	}
	if len(config.Brokers) == 0 {
		config.Brokers = []string{"localhost:9092"}
	}
	for _, broker := range config.Brokers {
		e.reach(ctx, s, "backend", broker, secured)
	}
	s.notChecked("backend.topic",
		"kafka-topics.sh --bootstrap-server HOST:PORT --describe --topic TOPIC", "Kafka's login, topic and permissions.")
}
