package keystoneattributesprocessor

import (
	"context"
	"fmt"
	"net/http"

	"go.opentelemetry.io/collector/component"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
)

// KeystoneSettings are those of the processor's Keystone client, for a check before the first event. They are nil where there is no
// Keystone to ask.
func (c *Config) KeystoneSettings(ctx context.Context, set component.TelemetrySettings) (*keystone.Settings, error) {
	if c.off() {
		return nil, nil //nolint:nilnil // no Keystone is what is configured
	}
	auth, httpConfig, err := c.credentials()
	if err != nil {
		return nil, err
	}
	client, err := httpConfig.ToClient(ctx, nil, set)
	if err != nil {
		return nil, fmt.Errorf("http: %w", err)
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &keystone.Settings{Auth: auth, HTTP: client}, nil
}
