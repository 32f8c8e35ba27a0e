package openstackauditcompletenessconnector

import (
	"errors"
	"maps"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/configcheck"
)

// Config of the connector.
type Config struct {
	// FlushInterval is how often findings and totals are given to the next pipelines, at least 100ms.
	FlushInterval time.Duration `mapstructure:"flush_interval"`
	// Expect is the longest time between two events by service.name. A service that is not named may be silent.
	Expect map[string]time.Duration `mapstructure:"expect"`
	// ExpectFrom says who has to be heard within that time: each publisher of the service, or any.
	ExpectFrom ExpectFrom `mapstructure:"expect_from"`
	// ForgetAfter is how long a publisher is remembered that is not heard any more. A silence ends with it.
	ForgetAfter time.Duration `mapstructure:"forget_after"`
	// ResponseWithin is how long after its request a response may come.
	ResponseWithin time.Duration `mapstructure:"response_within"`
	// SlowServices have a time of their own, by service.name: an upload is one request.
	SlowServices map[string]time.Duration `mapstructure:"slow_services"`
	// SequenceWithin is how long after a later number an earlier one may come.
	SequenceWithin time.Duration `mapstructure:"sequence_within"`
	// CanaryWithin is how long after a login of the processor keystone_attributes its event may come.
	CanaryWithin time.Duration `mapstructure:"canary_within"`
	// MaxPublishers bounds the publishers, and the sessions with sequence numbers.
	MaxPublishers int `mapstructure:"max_publishers"`
	// MaxRequests bounds the requests that wait for a response.
	MaxRequests int `mapstructure:"max_requests"`
	// RepeatWindow is how many of the last records are known again; 0 takes each for a new one.
	RepeatWindow int `mapstructure:"repeat_window"`
	// Storage is the storage extension that keeps what is known over a restart; nil: none.
	Storage *component.ID `mapstructure:"storage"`

	_ struct{}
}

// ExpectFrom is publisher or service.
type ExpectFrom string

// Who has to be heard.
const (
	EachPublisher ExpectFrom = "publisher"
	AnyOfService  ExpectFrom = "service"
)

func createDefaultConfig() component.Config {
	return &Config{
		FlushInterval:  15 * time.Second,
		ExpectFrom:     EachPublisher,
		ForgetAfter:    7 * 24 * time.Hour,
		ResponseWithin: 15 * time.Minute,
		SlowServices:   map[string]time.Duration{"glance": 6 * time.Hour, "swift": 6 * time.Hour},
		SequenceWithin: 5 * time.Minute,
		CanaryWithin:   10 * time.Minute,
		MaxPublishers:  1000,
		MaxRequests:    50_000,
		RepeatWindow:   100_000,
	}
}

// Validate names each key whose value is not allowed, and what is.
func (c *Config) Validate() error {
	errs := []error{
		configcheck.AtLeast("flush_interval", c.FlushInterval, 100*time.Millisecond),
		configcheck.OneOf("expect_from", c.ExpectFrom, EachPublisher, AnyOfService),
		configcheck.AtLeast("forget_after", c.ForgetAfter, time.Hour),
		configcheck.AtLeast("response_within", c.ResponseWithin, time.Second),
		configcheck.AtLeast("sequence_within", c.SequenceWithin, time.Second),
		configcheck.AtLeast("canary_within", c.CanaryWithin, time.Second),
		configcheck.Between("max_publishers", c.MaxPublishers, 1, 100_000, "publishers"),
		configcheck.Between("max_requests", c.MaxRequests, 1, 10_000_000, "requests"),
		configcheck.Between("repeat_window", c.RepeatWindow, 0, 10_000_000, "records"),
	}
	for _, service := range slices.Sorted(maps.Keys(c.Expect)) {
		within := c.Expect[service]
		errs = append(errs,
			configcheck.AtLeast("expect::"+service, within, time.Second),
			configcheck.That(within <= c.ForgetAfter, "expect::%s: %v is more than forget_after, %v", service, within, c.ForgetAfter))
	}
	for _, service := range slices.Sorted(maps.Keys(c.SlowServices)) {
		errs = append(errs, configcheck.AtLeast("slow_services::"+service, c.SlowServices[service], time.Second))
	}
	return errors.Join(errs...)
}

// responseWithin is how long after its request a response of a service may come.
func (c *Config) responseWithin(service string) time.Duration {
	if within, ok := c.SlowServices[service]; ok {
		return within
	}
	return c.ResponseWithin
}
