package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	grpcstatus "google.golang.org/grpc/status"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// silent answers when the test ends.
func silent(t *testing.T) http.Handler {
	t.Helper()
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-t.Context().Done():
		}
	})
}

// exporter is a configuration with this exporter alone.
func exporter(kind, section, extensions string) string {
	return fmt.Sprintf(`
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:0"}}}}
exporters:
  %s: %s
extensions: {%s}
service:
  pipelines: {logs: {receivers: [otlp], exporters: [%s]}}
`, kind, section, extensions, kind)
}

func TestOTLPOverHTTP(t *testing.T) {
	t.Parallel()
	code, authorization, date := http.StatusOK, "", time.Now()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		request := plogotlp.NewExportRequest()
		if err != nil || r.URL.Path != "/otlp/v1/logs" || request.UnmarshalProto(body) != nil || request.Logs().LogRecordCount() != 0 {
			code = http.StatusTeapot
		}
		authorization = r.Header.Get("Authorization")
		w.Header().Set("Date", date.UTC().Format(http.TimeFormat))
		w.WriteHeader(code)
		_, _ = io.WriteString(w, "the server's words")
	}))
	t.Cleanup(server.Close)
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("token-of-the-file\n"), 0o600))
	config := exporter("otlp_http", `{endpoint: "`+server.URL+`/otlp", compression: none, auth: {authenticator: bearertokenauth}}`,
		"bearertokenauth: {filename: "+token+"}")

	r := check(t, config)
	requireFinding(t, r.one(t, "backend.request"), statusOK, "/otlp/v1/logs is accepted: 200 OK")
	require.Equal(t, "Bearer token-of-the-file", authorization)
	require.Empty(t, r.all("backend.clock"))

	for _, test := range []struct {
		code  int
		want  status
		words string
	}{
		{http.StatusUnauthorized, statusFailure, "the server's words -> Correct the credentials"},
		{http.StatusNotFound, statusFailure, "-> Correct the path"},
		{http.StatusTemporaryRedirect, statusFailure, "redirect"},
		{http.StatusBadRequest, statusNotChecked, "The login and the path are right"},
		{http.StatusServiceUnavailable, statusFailure, "503"},
	} {
		code = test.code
		requireFinding(t, check(t, config).one(t, "backend.request"), test.want, test.words)
	}
	date = time.Now().Add(-time.Hour)
	requireFinding(t, check(t, config).one(t, "backend.clock"), statusWarning, "1h0m0s")

	require.NoError(t, os.Remove(token))
	requireFinding(t, check(t, config).one(t, "backend.auth"), statusFailure, "no such file")
}

func TestOTLPWithTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	requireFinding(t, check(t, exporter("otlp_http", `{endpoint: "`+server.URL+`"}`, "")).one(t, "backend.tls"),
		statusFailure, "unknown authority")
	r := check(t, exporter("otlp_http", `{endpoint: "`+server.URL+`", tls: {insecure_skip_verify: true}}`, ""))
	requireFinding(t, r.one(t, "backend.certificate"), statusOK, "example.com")
	requireFinding(t, r.one(t, "backend.request"), statusFailure, "404")
}

func TestBackendThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(silent(t))
	t.Cleanup(server.Close)
	r := check(t, exporter("otlp_http", `{endpoint: "`+server.URL+`"}`, ""), func(o *options) { o.timeout = 200 * time.Millisecond })
	requireFinding(t, r.one(t, "backend.request"), statusFailure, "exceeded") // whichever of the two deadlines comes first
}

// grpcBackend accepts exports without records.
type grpcBackend struct {
	plogotlp.UnimplementedGRPCServer
}

func (*grpcBackend) Export(ctx context.Context, request plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	received, _ := metadata.FromIncomingContext(ctx)
	switch {
	case request.Logs().LogRecordCount() > 0:
		return plogotlp.NewExportResponse(), grpcstatus.Error(codes.Internal, "there are records")
	case !slices.Equal(received.Get("x-token"), []string{"token-of-grpc"}):
		return plogotlp.NewExportResponse(), grpcstatus.Error(codes.Unauthenticated, "not this token")
	default:
		return plogotlp.NewExportResponse(), nil
	}
}

func TestOTLPOverGRPC(t *testing.T) {
	t.Parallel()
	serve := func(register func(*grpc.Server)) (endpoint string) {
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		require.NoError(t, err)
		server := grpc.NewServer()
		register(server)
		t.Cleanup(server.Stop)
		go func() { _ = server.Serve(listener) }()
		return listener.Addr().String()
	}
	request := func(endpoint, token string) finding {
		config := exporter("otlp_grpc", `{endpoint: "`+endpoint+`", tls: {insecure: true}, headers: {x-token: `+token+`}}`, "")
		return check(t, config).one(t, "backend.request")
	}
	logs := serve(func(server *grpc.Server) { plogotlp.RegisterGRPCServer(server, &grpcBackend{}) })
	requireFinding(t, request(logs, "token-of-grpc"), statusOK)
	requireFinding(t, request(logs, "another-token"), statusFailure, "not this token", "Correct the credentials")
	requireFinding(t, request(serve(func(*grpc.Server) {}), "token-of-grpc"), statusFailure, "takes no logs")
}

func TestElasticsearch(t *testing.T) {
	t.Parallel()
	product, distribution := "Elasticsearch", ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, secret, _ := r.BasicAuth(); user != "elastic" || secret != "s3cret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("X-Elastic-Product", product)
		_ = json.NewEncoder(w).Encode(map[string]any{"version": map[string]any{"number": "9.1.0", "distribution": distribution}})
	}))
	t.Cleanup(server.Close)
	config := func(password, extensions string) string {
		return exporter("elasticsearch", `{endpoints: ["`+server.URL+`"], user: elastic, password: `+password+`}`,
			extensions) + "  extensions: []\n"
	}
	r := check(t, config("s3cret", ""))
	requireFinding(t, r.one(t, "backend.product"), statusOK, "Elasticsearch 9.1.0")
	requireFinding(t, check(t, config("wrong-one", "")).one(t, "backend.request"), statusFailure, "401 Unauthorized")

	product, distribution = "", "opensearch"
	requireFinding(t, check(t, config("s3cret", "")).one(t, "backend.product"), statusFailure, "opensearch 9.1.0", "opensearch: true")
	accepting := exporter("elasticsearch", `{endpoints: ["`+server.URL+`"], user: elastic, password: s3cret}`,
		"http_delivery: {opensearch: true, dead_letters: {directory: "+t.TempDir()+"}}") + "  extensions: [http_delivery]\n"
	requireFinding(t, check(t, accepting).one(t, "backend.product"), statusOK, "the exporter accepts it")
}

func TestKafka(t *testing.T) {
	t.Parallel()
	broker, _ := collectortest.Kafka(t)
	r := check(t, exporter("kafka", `{brokers: ["`+broker+`", "`+collectortest.FreeAddress(t)+`"]}`, ""))
	requireFinding(t, r.all("backend.tcp")[0], statusOK)
	requireFinding(t, r.all("backend.tcp")[1], statusFailure, "connection refused")
	requireFinding(t, r.one(t, "backend.topic"), statusNotChecked)
}

func TestPorts(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	taken := listener.Addr().String()
	config := func(endpoint string) string {
		return `
receivers: {openstack_audit: {listen: {endpoint: "` + endpoint + `", auth: {username: keystone, password: of-the-listener}}}}
exporters: {debug: }
service: {pipelines: {logs: {receivers: [openstack_audit], exporters: [debug]}}}
`
	}
	requireFinding(t, check(t, config(collectortest.FreeAddress(t))).one(t, "listen.port"), statusOK, "free")
	requireFinding(t, check(t, config(taken)).one(t, "listen.port"),
		statusFailure, taken+" is in use by "+filepath.Base(os.Args[0]), "ss -ltnp")
	requireFinding(t, check(t, config("192.0.2.1:5679")+"# insecure_plaintext").one(t, "listen.port"), statusFailure, "cannot assign")
}

// A port of the collector that is running is no failure.
func TestPortOfTheRunningCollector(t *testing.T) {
	t.Parallel()
	endpoint := collectortest.FreeAddress(t)
	config := `
receivers: {openstack_audit: {listen: {endpoint: "` + endpoint + `", auth: {username: keystone, password: of-the-listener}}}}
exporters: {debug: }
service: {pipelines: {logs: {receivers: [openstack_audit], exporters: [debug]}}, telemetry: {metrics: {level: none}}}
`
	path := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(path, []byte(config), 0o600))
	c := collectortest.Run(t, collectortest.Options{Config: path})
	c.AwaitReady(t)
	requireFinding(t, check(t, config).one(t, "listen.port"), statusOK, "in use by the collector")
}

func TestListenCertificate(t *testing.T) {
	t.Parallel()
	config := func(lasts time.Duration) string {
		_, certificate, key := collectortest.NewCertificate(t, lasts)
		return `
receivers: {openstack_audit: {listen: {endpoint: "127.0.0.1:0", auth: {username: keystone, password: of-the-listener},
  tls: {cert_file: ` + certificate + `, key_file: ` + key + `}}}}
exporters: {debug: }
service: {pipelines: {logs: {receivers: [openstack_audit], exporters: [debug]}}}
`
	}
	requireFinding(t, check(t, config(1000*time.Hour)).one(t, "listen.certificate"), statusOK, "127.0.0.1")
	requireFinding(t, check(t, config(100*time.Hour)).one(t, "listen.certificate"), statusWarning, "Renew")
	requireFinding(t, check(t, config(-time.Minute)).one(t, "listen.certificate"), statusFailure, "ended on")
}
