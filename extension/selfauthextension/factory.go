package selfauthextension

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"

	"github.com/openstack-audit/otelcol-openstack-audit/extension/selfauthextension/internal/metadata"
)

// Config has no keys.
type Config struct{}

// NewFactory returns the factory of the extension self_auth.
func NewFactory() extension.Factory {
	return extension.NewFactory(
		metadata.Type,
		func() component.Config { return &Config{} },
		func(context.Context, extension.Settings, component.Config) (extension.Extension, error) {
			return newSelfAuth(), nil
		},
		metadata.ExtensionStability,
	)
}
