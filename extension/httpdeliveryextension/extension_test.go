package httpdeliveryextension

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/openstack-audit/otelcol-openstack-audit/extension/httpdeliveryextension/internal/metadata"
)

// fixture is the middleware before a backend.
type fixture struct {
	client    http.RoundTripper
	url       string
	config    *Config
	telemetry *componenttest.Telemetry
	logs      *observer.ObservedLogs
}

func newFixture(t *testing.T, backend http.HandlerFunc, change func(*Config)) *fixture {
	t.Helper()
	server := httptest.NewServer(backend)
	t.Cleanup(server.Close)
	f := &fixture{url: server.URL, config: newDefaultConfig(), telemetry: componenttest.NewTelemetry()}
	f.config.DeadLetters.Directory = filepath.Join(t.TempDir(), "rejected")
	if change != nil {
		change(f.config)
	}
	require.NoError(t, f.config.Validate())
	settings := extensiontest.NewNopSettings(metadata.Type)
	settings.TelemetrySettings = f.telemetry.NewTelemetrySettings()
	var core zapcore.Core
	core, f.logs = observer.New(zap.InfoLevel)
	settings.Logger = zap.New(core)
	d, err := newDelivery(settings, f.config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Shutdown(context.Background())) })
	wrap, err := d.GetHTTPRoundTripper(t.Context())
	require.NoError(t, err)
	f.client, err = wrap(t.Context(), http.DefaultTransport)
	require.NoError(t, err)
	return f
}

// post returns the status and the body of the answer that an exporter would see.
func (f *fixture) post(t *testing.T, path, contentType, body string) (int, string, error) {
	t.Helper()
	var compressed bytes.Buffer
	writer := gzip.NewWriter(&compressed)
	_, err := io.WriteString(writer, body)
	require.NoError(t, errors.Join(err, writer.Close()))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.url+path, &compressed)
	require.NoError(t, err)
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("Content-Encoding", "gzip")
	response, err := f.client.RoundTrip(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(answer), nil
}

// letters are the contents of the folder by the ends of their names.
func (f *fixture) letters(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(f.config.DeadLetters.Directory, "*"))
	require.NoError(t, err)
	letters := map[string]string{}
	for _, file := range files {
		content, err := os.ReadFile(filepath.Clean(file))
		require.NoError(t, err)
		letters[filepath.Ext(file)] = string(content)
	}
	return letters
}

func (f *fixture) messages() (messages []string) {
	for _, entry := range f.logs.All() {
		messages = append(messages, entry.Message)
	}
	return messages
}

const (
	otlp  = "/v1/logs"
	bulk  = "/_bulk"
	proto = "application/x-protobuf"
)

func TestAnswers(t *testing.T) {
	for _, test := range []struct {
		name, path  string
		status      int
		contentType string
		product     bool
		body        string
		want        int
		kept        string // the file's content
	}{
		{name: "stored", path: otlp, status: 200, contentType: proto, want: 200},
		{name: "stored, no content", path: otlp, status: 204, want: 204},
		{name: "a page", path: otlp, status: 200, contentType: "text/html; charset=utf-8", body: "<html>", want: 503},
		{name: "moved", path: otlp, status: 301, want: 503},
		{name: "rejected", path: otlp, status: 400, body: "too old", want: 400, kept: "a\nb\nc\nd\n"},
		{name: "too large", path: otlp, status: 413, want: 413, kept: "a\nb\nc\nd\n"},
		{name: "not processable", path: otlp, status: 422, want: 422, kept: "a\nb\nc\nd\n"},
		{name: "wrong password", path: otlp, status: 401, want: 503},
		{name: "forbidden", path: otlp, status: 403, want: 503},
		{name: "wrong path", path: otlp, status: 404, want: 503},
		{name: "too many", path: otlp, status: 429, want: 503},
		{name: "broken", path: otlp, status: 500, want: 503},
		{name: "away", path: otlp, status: 503, want: 503},

		{name: "bulk stored", path: bulk, status: 200, product: true, body: `{"items":[{"create":{"status":201}},{"create":{"status":409}}]}`,
			want: 200},
		{name: "bulk, no Elasticsearch", path: bulk, status: 200, body: `{"items":[]}`, want: 503},
		{name: "bulk, a page", path: bulk, status: 200, product: true, body: `<html>`, want: 503},
		{name: "bulk moved", path: bulk, status: 302, want: 503},
		{name: "bulk forbidden", path: bulk, status: 403, want: 503},
		{name: "bulk too large", path: bulk, status: 413, want: 413, kept: "a\nb\nc\nd\n"},
		{
			name: "one document rejected", path: bulk, status: 200, product: true, want: 200, kept: "c\nd\n",
			body: `{"items":[{"create":{"status":201}},{"create":{"status":400,"error":{"type":"document_parsing_exception","reason":"field"}}}]}`,
		},
		{
			name: "one document for now", path: bulk, status: 200, product: true, want: 200,
			body: `{"items":[{"create":{"status":429,"error":{"type":"es_rejected_execution_exception"}}},{"create":{"status":201}}]}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, func(w http.ResponseWriter, r *http.Request) {
				sent, err := io.ReadAll(r.Body)
				if err != nil || len(sent) == 0 {
					w.WriteHeader(http.StatusTeapot)
					return
				}
				if test.contentType != "" {
					w.Header().Set("Content-Type", test.contentType)
				}
				if test.product {
					w.Header().Set(product, "Elasticsearch")
				}
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			}, nil)
			status, answer, err := f.post(t, test.path, proto, "a\nb\nc\nd\n")
			require.NoError(t, err)
			require.Equal(t, test.want, status)
			require.Equal(t, test.body, answer)
			letters := f.letters(t)
			if test.kept == "" {
				require.Empty(t, letters)
				return
			}
			require.Equal(t, test.kept, letters[map[string]string{otlp: ".pb", bulk: ".ndjson"}[test.path]])
			require.Contains(t, letters[".txt"], f.url+test.path)
			require.Equal(t, []string{"The backend rejects records: they are in the folder of dead letters."}, f.messages())
		})
	}
}

// The exporter takes OpenSearch for Elasticsearch; what is no answer of OpenSearch is sent again.
func TestOpenSearch(t *testing.T) {
	body := `{"took":1,"errors":false,"items":[{"create":{"status":201}}]}`
	f := newFixture(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) },
		func(c *Config) { c.OpenSearch = true })
	status, _, err := f.post(t, bulk, proto, "a\nb\n")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	body = "<html>"
	status, _, err = f.post(t, bulk, proto, "a\nb\n")
	require.NoError(t, err)
	require.Equal(t, http.StatusServiceUnavailable, status)
}

// An endpoint that takes the request and answers nothing is asked again: the error is not that of a context, at which the
// Elasticsearch exporter gives up. The end of the outage is logged.
func TestNoAnswer(t *testing.T) {
	release, answers := make(chan struct{}), make(chan bool, 2)
	answers <- false
	answers <- true
	f := newFixture(t, func(http.ResponseWriter, *http.Request) {
		if !<-answers {
			<-release
		}
	}, func(c *Config) { c.Timeout = 500 * time.Millisecond })
	_, _, err := f.post(t, otlp, proto, "x")
	close(release)
	require.EqualError(t, err, "no answer within 500ms")
	require.NotErrorIs(t, err, context.DeadlineExceeded)
	status, _, err := f.post(t, otlp, proto, "x")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, []string{"The backend does not take records: they are kept and sent " +
		"again.", "The backend takes records again."}, f.messages())
	available, err := f.telemetry.GetMetric("otelcol_http_delivery_backend_available")
	require.NoError(t, err)
	require.EqualValues(t, 1, available.Data.(metricdata.Gauge[int64]).DataPoints[0].Value)
}

// What is rejected and cannot be written is sent again; what has no room any more is lost, and counted.
func TestFolder(t *testing.T) {
	reject := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) }
	t.Run("not writable", func(t *testing.T) {
		f := newFixture(t, reject, func(c *Config) {
			require.NoError(t, os.WriteFile(c.DeadLetters.Directory, nil, 0o600)) // a file in its place
		})
		status, _, err := f.post(t, otlp, proto, "x")
		require.NoError(t, err)
		require.Equal(t, http.StatusServiceUnavailable, status)
	})
	t.Run("full", func(t *testing.T) {
		f := newFixture(t, reject, func(c *Config) { c.DeadLetters.MaxSizeMiB = 1 })
		for _, want := range []string{"kept", "dropped"} {
			status, _, err := f.post(t, otlp, proto, strings.Repeat("x", 600<<10))
			require.NoError(t, err)
			require.Equal(t, http.StatusBadRequest, status)
			rejected, err := f.telemetry.GetMetric("otelcol_http_delivery_rejected_requests")
			require.NoError(t, err)
			points := rejected.Data.(metricdata.Sum[int64]).DataPoints
			found := false
			for _, point := range points {
				result, _ := point.Attributes.Value("result")
				found = found || result.AsString() == want
			}
			require.True(t, found, want)
		}
	})
}

// Without the folder the exporter learns of a rejection as it is; single documents, which it drops by itself, are told to be lost.
func TestWithoutDeadLetters(t *testing.T) {
	for _, test := range []struct {
		name, path, kind, want string
		answer                 http.HandlerFunc
		status, lines          int
	}{
		{"request", otlp, proto, "returned", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) },
			http.StatusBadRequest, 0},
		{"documents", bulk, "application/x-ndjson", "dropped", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(product, elasticsearch)
			_, _ = io.WriteString(w, `{"items": [{"create": {"status": 400, "error": {"type": "document_parsing_exception"}}}]}`)
		}, http.StatusOK, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, test.answer, func(c *Config) { c.DeadLetters.Enabled = false })
			status, _, err := f.post(t, test.path, test.kind, "{}\n{}\n")
			require.NoError(t, err)
			require.Equal(t, test.status, status)
			require.Empty(t, f.letters(t))
			require.Len(t, f.messages(), test.lines)
			rejected, err := f.telemetry.GetMetric("otelcol_http_delivery_rejected_requests")
			require.NoError(t, err)
			points := rejected.Data.(metricdata.Sum[int64]).DataPoints
			require.Len(t, points, 1)
			result, _ := points[0].Attributes.Value("result")
			require.Equal(t, test.want, result.AsString())
		})
	}
}

func TestConfigIsChecked(t *testing.T) {
	config := newDefaultConfig()
	require.EqualError(t, config.DeadLetters.Validate(), "directory: is required")
	config.DeadLetters.Enabled = false
	require.NoError(t, config.DeadLetters.Validate())
	config.Timeout, config.DeadLetters.Directory, config.DeadLetters.MaxSizeMiB = 0, "x", 0
	require.EqualError(t, config.Validate(), "timeout: 0s is not more than 0")
	require.EqualError(t, config.DeadLetters.Validate(), "max_size_mib: 0 is less than 1")
}
