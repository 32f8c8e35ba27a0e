package openstackauditmetricsconnector

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/configcheck"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/totals"
)

// Config of the connector.
type Config struct {
	// FlushInterval is how often the totals are given to the metrics pipeline, at least 100ms.
	FlushInterval time.Duration `mapstructure:"flush_interval"`
	// Dimensions are attributes that tell series apart beside those which a metric has anyway.
	Dimensions DimensionsConfig `mapstructure:"dimensions"`
	// MaxSeries bounds the series of each metric. What is over is counted in overflow series.
	MaxSeries int `mapstructure:"max_series"`
	// DedupWindow is how many of the last records are known again by their log.record.uid; 0 counts repeats.
	DedupWindow int `mapstructure:"dedup_window"`
	// Keystone is the resource of Keystone's records, whose series start at zero before the first of them comes.
	Keystone KeystoneConfig `mapstructure:"keystone"`

	_ struct{}
}

// DimensionsConfig names attributes of the record, or else of its resource.
type DimensionsConfig struct {
	// Authentications are dimensions of openstack.identity.authentications.
	Authentications []string `mapstructure:"authentications"`
	// Events are dimensions of openstack.audit.events.
	Events []string `mapstructure:"events"`

	_ struct{}
}

// KeystoneConfig repeats what the receiver was told of the resource.
type KeystoneConfig struct {
	// ServiceName is Keystone's service.name; empty starts nothing at zero.
	ServiceName string `mapstructure:"service_name"`
	// ServiceNamespace is the service.namespace; empty: not set.
	ServiceNamespace string `mapstructure:"service_namespace"`
	// Region is the cloud.region; empty: not set.
	Region string `mapstructure:"region"`

	_ struct{}
}

func createDefaultConfig() component.Config {
	return &Config{
		FlushInterval: 15 * time.Second,
		Dimensions:    DimensionsConfig{Authentications: []string{audit.AttrUserDomainName}, Events: []string{}},
		MaxSeries:     2000,
		DedupWindow:   100_000,
		Keystone:      KeystoneConfig{ServiceName: "keystone", ServiceNamespace: "openstack"},
	}
}

// Validate names each key whose value is not allowed, and what is.
func (c *Config) Validate() error {
	return errors.Join(
		configcheck.AtLeast("flush_interval", c.FlushInterval, 100*time.Millisecond),
		configcheck.Between("max_series", c.MaxSeries, minSeries, 1_000_000, "series of each metric"),
		configcheck.Between("dedup_window", c.DedupWindow, 0, 10_000_000, "records"),
		checkDimensions("dimensions::authentications", c.Dimensions.Authentications, authenticationAttributes),
		checkDimensions("dimensions::events", c.Dimensions.Events, eventAttributes),
	)
}

// minSeries leaves room for the series that start at zero.
const minSeries = 50

// checkDimensions refuses what would be a second value of an attribute.
func checkDimensions(path string, dimensions, own []string) error {
	seen := map[string]bool{}
	return configcheck.Each(path, dimensions, func(path, dimension string) error {
		repeated := seen[dimension]
		seen[dimension] = true
		switch {
		case dimension == "":
			return fmt.Errorf("%s: the name of an attribute is needed", path)
		case slices.Contains(own, dimension):
			return fmt.Errorf("%s: the metric has %s already", path, dimension)
		case slices.Contains(totals.ResourceAttributes(), dimension):
			return fmt.Errorf("%s: %s is an attribute of the metric's resource already", path, dimension)
		case dimension == totals.AttrOverflow:
			return fmt.Errorf("%s: %s marks the overflow series", path, dimension)
		default:
			return configcheck.That(!repeated, "%s: %s is there twice", path, dimension)
		}
	})
}
