package openstackauditreceiver

import (
	"errors"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/configcheck"
)

// Config of the receiver: a section for each way in, and what is common to all of them.
type Config struct {
	// RabbitMQ consumes a queue of the services' message broker.
	RabbitMQ configoptional.Optional[RabbitMQConfig] `mapstructure:"rabbitmq"`
	// Listen takes what services publish straight to the receiver.
	Listen configoptional.Optional[ListenConfig] `mapstructure:"listen"`
	// RetryOnFailure spaces the tries while the pipeline refuses temporarily (default 100ms to 30s). They never end.
	RetryOnFailure configretry.BackOffConfig `mapstructure:"retry_on_failure"`
	// OnPermanentError says what becomes of a message whose record the pipeline rejected permanently (default reject).
	OnPermanentError PermanentErrorPolicy `mapstructure:"on_permanent_error"`
	// Records says what a record looks like.
	Records auditlog.Config `mapstructure:",squash"`

	_ struct{}
}

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
		RetryOnFailure:   retryForever(100*time.Millisecond, 30*time.Second),
		OnPermanentError: PermanentErrorReject,
		Records:          auditlog.NewDefaultConfig(),
	}
}

func retryForever(initial, maximum time.Duration) configretry.BackOffConfig {
	retry := configretry.NewDefaultBackOffConfig()
	retry.InitialInterval, retry.MaxInterval, retry.MaxElapsedTime = initial, maximum, 0
	return retry
}

// Validate names each key whose value is not allowed by its path, and what is allowed.
func (c *Config) Validate() error {
	errs := []error{
		c.Records.Check(),
		configcheck.OneOf("on_permanent_error", c.OnPermanentError, PermanentErrorReject, PermanentErrorDrop),
		checkRetry("retry_on_failure", c.RetryOnFailure, "a batch is kept until the pipeline accepts it, or the audit events would be lost"),
		configcheck.That(c.RabbitMQ.HasValue() || c.Listen.HasValue(),
			"no way in is configured: add the section rabbitmq with its transport_url, or the section listen with its auth"),
	}
	if c.RabbitMQ.HasValue() {
		errs = append(errs, c.RabbitMQ.Get().check("rabbitmq"))
	}
	if c.Listen.HasValue() {
		errs = append(errs, c.Listen.Get().check("listen"))
	}
	return errors.Join(errs...)
}

func checkRetry(path string, retry configretry.BackOffConfig, why string) error {
	return errors.Join(
		configcheck.That(retry.Enabled, "%s::enabled: false is refused: %s", path, why),
		configcheck.That(retry.MaxElapsedTime == 0, "%s::max_elapsed_time: %s is refused, only 0 (never give up) is allowed: %s",
			path, retry.MaxElapsedTime, why),
		configcheck.That(retry.InitialInterval > 0, "%s::initial_interval: %s is not greater than 0", path, retry.InitialInterval),
		configcheck.That(retry.MaxInterval >= retry.InitialInterval, "%s::max_interval: %s is less than initial_interval %s",
			path, retry.MaxInterval, retry.InitialInterval),
		configcheck.That(retry.Multiplier >= 1, "%s::multiplier: %g is less than 1: the waits would shrink", path, retry.Multiplier),
	)
}

// checkName checks a part of an AMQP name: an exchange, or a topic or a priority, which make a routing key.
func checkName(path, name string) error {
	return configcheck.That(name != "" && len(name) <= 127, "%s: a name of 1 to 127 bytes is needed", path)
}
