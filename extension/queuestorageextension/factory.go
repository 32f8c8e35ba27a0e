package queuestorageextension

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"

	"github.com/openstack-audit/otelcol-openstack-audit/extension/queuestorageextension/internal/metadata"
)

// Config of the extension.
type Config struct {
	// Storage is the storage extension that keeps the data, such as file_storage. Required.
	Storage component.ID `mapstructure:"storage"`
}

var errNoStorage = errors.New("storage: must name a storage extension, such as file_storage")

// Validate implements xconfmap.Validator.
func (c *Config) Validate() error {
	if c.Storage == (component.ID{}) {
		return errNoStorage
	}
	return nil
}

// NewFactory returns the factory of the extension queue_storage.
func NewFactory() extension.Factory {
	return extension.NewFactory(
		metadata.Type,
		func() component.Config { return &Config{} },
		func(_ context.Context, set extension.Settings, config component.Config) (extension.Extension, error) {
			return &queueStorage{storage: config.(*Config).Storage, logger: set.Logger}, nil
		},
		metadata.ExtensionStability,
	)
}
