package httpdeliveryextension

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"
	"go.uber.org/zap"

	"github.com/openstack-audit/otelcol-openstack-audit/extension/httpdeliveryextension/internal/metadata"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/logtext"
)

// delivery is the extension. Each exporter that names it gets a round tripper of its own; they share the folder of dead letters.
type delivery struct {
	component.StartFunc
	timeout     time.Duration
	openSearch  bool
	deadLetters *deadLetters // nil where what is rejected is not kept
	telemetry   *metadata.TelemetryBuilder
	logger      *zap.Logger
}

var (
	_ extension.Extension            = (*delivery)(nil)
	_ extensionmiddleware.HTTPClient = (*delivery)(nil)
)

func newDelivery(settings extension.Settings, config *Config) (*delivery, error) {
	telemetry, err := metadata.NewTelemetryBuilder(settings.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	d := &delivery{
		timeout:    config.Timeout,
		openSearch: config.OpenSearch,
		telemetry:  telemetry,
		logger:     logtext.Bounded(settings.Logger),
	}
	if config.DeadLetters.Enabled {
		d.deadLetters = &deadLetters{folder: config.DeadLetters.Directory, bound: config.DeadLetters.MaxSizeMiB << 20}
	}
	return d, nil
}

// Shutdown implements component.Component.
func (d *delivery) Shutdown(context.Context) error {
	d.telemetry.Shutdown()
	return nil
}

// GetHTTPRoundTripper implements extensionmiddleware.HTTPClient.
func (d *delivery) GetHTTPRoundTripper(context.Context) (extensionmiddleware.WrapHTTPRoundTripperFunc, error) {
	return func(_ context.Context, next http.RoundTripper) (http.RoundTripper, error) {
		return &roundTripper{delivery: d, next: next}, nil
	}, nil
}
