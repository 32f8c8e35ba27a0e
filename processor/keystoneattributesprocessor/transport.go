package keystoneattributesprocessor

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configmiddleware"
)

// transport keeps hold of the connections of an HTTP client of the Collector's: what it wraps them in does not let them be
// closed. It makes itself the innermost middleware.
type transport struct {
	component.StartFunc
	component.ShutdownFunc
	base http.RoundTripper
}

var transportID = component.MustNewIDWithName("keystone_attributes", "transport")

func (t *transport) client(ctx context.Context, config *confighttp.ClientConfig, extensions map[component.ID]component.Component,
	set component.TelemetrySettings) (*http.Client, error) {
	config.Middlewares = append(slices.Clone(config.Middlewares), configmiddleware.Config{ID: transportID})
	if extensions = maps.Clone(extensions); extensions == nil {
		extensions = map[component.ID]component.Component{}
	}
	extensions[transportID] = t
	return config.ToClient(ctx, extensions, set)
}

// GetHTTPRoundTripper implements extensionmiddleware.HTTPClient.
func (t *transport) GetHTTPRoundTripper(context.Context) (func(context.Context, http.RoundTripper) (http.RoundTripper, error), error) {
	return func(_ context.Context, base http.RoundTripper) (http.RoundTripper, error) {
		t.base = base
		return base, nil
	}, nil
}

// CloseIdleConnections closes the connections that nothing uses.
func (t *transport) CloseIdleConnections() { (&http.Client{Transport: t.base}).CloseIdleConnections() }
