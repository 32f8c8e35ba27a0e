package openstackauditmetricsconnector

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
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
		Dimensions:    DimensionsConfig{Authentications: []string{auditlog.AttrUserDomainName}, Events: []string{}},
		MaxSeries:     2000,
		DedupWindow:   100_000,
		Keystone:      KeystoneConfig{ServiceName: "keystone", ServiceNamespace: "openstack"},
	}
}

// Validate names each key whose value is not allowed, and what is.
func (c *Config) Validate() error {
	var errs []error
	if c.FlushInterval < 100*time.Millisecond {
		errs = append(errs, fmt.Errorf("flush_interval: %s is less than 100ms", c.FlushInterval))
	}
	if c.MaxSeries < minSeries || c.MaxSeries > 1_000_000 {
		errs = append(errs, fmt.Errorf("max_series: %d is not between %d and 1000000 (series of each metric)", c.MaxSeries, minSeries))
	}
	if c.DedupWindow < 0 || c.DedupWindow > 10_000_000 {
		errs = append(errs, fmt.Errorf("dedup_window: %d is not between 0 and 10000000 (records)", c.DedupWindow))
	}
	return errors.Join(append(errs,
		validateDimensions("dimensions::authentications", c.Dimensions.Authentications, authenticationAttributes),
		validateDimensions("dimensions::events", c.Dimensions.Events, eventAttributes))...)
}

// minSeries leaves room for the series that start at zero.
const minSeries = 50

// validateDimensions refuses what would be a second value of an attribute.
func validateDimensions(path string, dimensions, own []string) error {
	var errs []error
	for i, dimension := range dimensions {
		switch {
		case dimension == "":
			errs = append(errs, fmt.Errorf("%s[%d]: the name of an attribute is needed", path, i))
		case slices.Contains(own, dimension):
			errs = append(errs, fmt.Errorf("%s[%d]: the metric has %s already", path, i, dimension))
		case slices.Contains(resourceAttributes, dimension):
			errs = append(errs, fmt.Errorf("%s[%d]: %s is an attribute of the metric's resource already", path, i, dimension))
		case dimension == attrOverflow:
			errs = append(errs, fmt.Errorf("%s[%d]: %s marks the overflow series", path, i, dimension))
		case slices.Contains(dimensions[:i], dimension):
			errs = append(errs, fmt.Errorf("%s[%d]: %s is there twice", path, i, dimension))
		}
	}
	return errors.Join(errs...)
}
