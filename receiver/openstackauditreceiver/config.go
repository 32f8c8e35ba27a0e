package openstackauditreceiver

import (
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
)

// Config of the receiver: a section for each way in, and what is common to all of them.
type Config struct {
	// RabbitMQ consumes a queue of the services' message broker.
	RabbitMQ configoptional.Optional[RabbitMQConfig] `mapstructure:"rabbitmq"`
	// Listen takes what services publish straight to the receiver.
	Listen configoptional.Optional[ListenConfig] `mapstructure:"listen"`
	// RetryOnFailure spaces the tries while the pipeline refuses for now. They never end.
	RetryOnFailure configretry.BackOffConfig `mapstructure:"retry_on_failure"`
	// OnPermanentError says what becomes of a message whose record the pipeline refused for good.
	OnPermanentError PermanentErrorPolicy `mapstructure:"on_permanent_error"`
	// Records says what a record looks like.
	Records RecordConfig `mapstructure:",squash"`

	_ struct{}
}

// RecordConfig is auditlog.Config without its methods: confmap would name the keys of a squashed field that has a Validate
// of its own by a path that is not in the YAML.
type RecordConfig auditlog.Config

// PermanentErrorPolicy is reject or drop.
type PermanentErrorPolicy string

// The allowed values.
const (
	PermanentErrorReject PermanentErrorPolicy = "reject"
	PermanentErrorDrop   PermanentErrorPolicy = "drop"
)

func createDefaultConfig() component.Config {
	return &Config{
		RabbitMQ:         configoptional.Default(newDefaultRabbitMQConfig()),
		Listen:           configoptional.Default(newDefaultListenConfig()),
		RetryOnFailure:   retryForEver(100*time.Millisecond, 30*time.Second),
		OnPermanentError: PermanentErrorReject,
		Records:          RecordConfig(auditlog.NewDefaultConfig()),
	}
}

func retryForEver(initial, maximum time.Duration) configretry.BackOffConfig {
	retry := configretry.NewDefaultBackOffConfig()
	retry.InitialInterval, retry.MaxInterval, retry.MaxElapsedTime = initial, maximum, 0
	return retry
}

// Validate names each key whose value is not allowed by its path, and what is allowed.
func (c *Config) Validate() error {
	records := auditlog.Config(c.Records)
	errs := []error{
		records.Validate(),
		auditlog.OneOf("on_permanent_error", c.OnPermanentError, PermanentErrorReject, PermanentErrorDrop),
		validateRetry("retry_on_failure", c.RetryOnFailure,
			"a batch that the pipeline refuses for now is held until it is taken, or the audit events would be lost"),
	}
	if c.RabbitMQ.HasValue() {
		errs = append(errs, c.RabbitMQ.Get().validate("rabbitmq"))
	}
	if c.Listen.HasValue() {
		errs = append(errs, c.Listen.Get().validate("listen"))
	}
	if !c.RabbitMQ.HasValue() && !c.Listen.HasValue() {
		errs = append(errs, errors.New("no way in is configured: add the section rabbitmq with its transport_url, or the section listen with its auth"))
	}
	return errors.Join(errs...)
}

func validateRetry(path string, retry configretry.BackOffConfig, why string) error {
	var errs []error
	if !retry.Enabled {
		errs = append(errs, fmt.Errorf("%s::enabled: false is refused: %s", path, why))
	}
	if retry.MaxElapsedTime != 0 {
		errs = append(errs, fmt.Errorf("%s::max_elapsed_time: %s is refused, only 0 (never give up) is allowed: %s", path, retry.MaxElapsedTime, why))
	}
	if retry.InitialInterval <= 0 {
		errs = append(errs, fmt.Errorf("%s::initial_interval: %s is not greater than 0", path, retry.InitialInterval))
	}
	if retry.MaxInterval < retry.InitialInterval {
		errs = append(errs, fmt.Errorf("%s::max_interval: %s is less than initial_interval %s", path, retry.MaxInterval, retry.InitialInterval))
	}
	if retry.Multiplier < 1 {
		errs = append(errs, fmt.Errorf("%s::multiplier: %g is less than 1: the waits would shrink", path, retry.Multiplier))
	}
	return errors.Join(errs...)
}

func between[T int | int64](path string, value, least, most T, unit string) error {
	if value >= least && value <= most {
		return nil
	}
	return fmt.Errorf("%s: %d is not between %d and %d (%s)", path, value, least, most, unit)
}

// names checks parts of AMQP names: exchanges, and topics and priorities, which make routing keys.
func names(path string, values []string) error {
	if len(values) == 0 {
		return fmt.Errorf("%s: at least one is needed, or nothing would ever reach the queue", path)
	}
	var errs []error
	for i, value := range values {
		if value == "" || len(value) > 127 {
			errs = append(errs, fmt.Errorf("%s[%d]: a name of 1 to 127 bytes is needed", path, i))
		}
	}
	return errors.Join(errs...)
}
