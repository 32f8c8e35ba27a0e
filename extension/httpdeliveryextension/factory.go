package httpdeliveryextension

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"

	"github.com/openstack-audit/otelcol-openstack-audit/extension/httpdeliveryextension/internal/metadata"
)

// NewFactory returns the factory of the extension http_delivery.
func NewFactory() extension.Factory {
	return extension.NewFactory(
		metadata.Type,
		func() component.Config { return newDefaultConfig() },
		func(_ context.Context, settings extension.Settings, config component.Config) (extension.Extension, error) {
			return newDelivery(settings, config.(*Config))
		},
		metadata.ExtensionStability,
	)
}
