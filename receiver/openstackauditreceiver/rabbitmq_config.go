package openstackauditreceiver

import (
	"errors"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/config/configtls"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/configcheck"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq"
)

// RabbitMQConfig says where the broker is and what is consumed there.
type RabbitMQConfig struct {
	// TransportURL is oslo.messaging's, as it stands in keystone.conf.
	TransportURL configopaque.String `mapstructure:"transport_url"`
	// Username and Password override those of every host in TransportURL.
	Username string              `mapstructure:"username"`
	Password configopaque.String `mapstructure:"password"`
	// TLS turns TLS on; {} trusts the system's roots (default what TransportURL says).
	TLS configoptional.Optional[configtls.ClientConfig] `mapstructure:"tls"`
	// Exchanges, Topics and Priorities: what the own queue is bound to, each exchange with each <topic>.<priority>.
	Exchanges  []string    `mapstructure:"exchanges"`
	Topics     []string    `mapstructure:"topics"`
	Priorities []string    `mapstructure:"priorities"`
	Queue      QueueConfig `mapstructure:"queue"`
	// Prefetch bounds the unsettled deliveries, in messages (default 1000).
	Prefetch int `mapstructure:"prefetch"`
	// MaxBatchSize bounds the records of one batch (default 500).
	MaxBatchSize int `mapstructure:"max_batch_size"`
	// BatchesInFlight is how many batches are delivered at the same time (default 1). With more the order at the backend is lost.
	BatchesInFlight int `mapstructure:"batches_in_flight"`
	// MaxInFlightMiB bounds the memory of unsettled deliveries: their bodies, and what compressed ones inflate to (default 64).
	MaxInFlightMiB int `mapstructure:"max_in_flight_mib"`
	// RebindInterval is how often bindings are asserted while connected (default 30s).
	RebindInterval time.Duration `mapstructure:"rebind_interval"`
	// Reconnect spaces the attempts to connect (default 1s to 30s). They never end.
	Reconnect configretry.BackOffConfig `mapstructure:"reconnect"`

	_ struct{}
}

// QueueConfig describes the queue. All but Name and Mode have effect in mode own only.
type QueueConfig struct {
	// Name is the queue's (default otelcol-openstack-audit).
	Name      string             `mapstructure:"name"`
	Mode      rabbitmq.QueueMode `mapstructure:"mode"`
	Type      rabbitmq.QueueType `mapstructure:"type"`
	Consumers Consumers          `mapstructure:"consumers"`
	// MaxLength and MaxLengthMiB bound the queue, in messages and in bodies (default 1,000,000 and 4096); 0 is no bound.
	MaxLength    int64 `mapstructure:"max_length"`
	MaxLengthMiB int64 `mapstructure:"max_length_mib"`
	// DeadLetter declares <name>.rejected and sends there what is rejected (default true).
	DeadLetter bool `mapstructure:"dead_letter"`

	_ struct{}
}

// Consumers says how several consumers use one queue: single_active or shared.
type Consumers string

// The allowed values of Consumers.
const (
	ConsumersSingleActive Consumers = "single_active"
	ConsumersShared       Consumers = "shared"
)

func newDefaultRabbitMQConfig() RabbitMQConfig {
	return RabbitMQConfig{
		Exchanges:  serviceExchanges(),
		Topics:     []string{"notifications"},
		Priorities: []string{"info", "warn", "error", "critical", "audit"},
		Queue: QueueConfig{
			Name:         "otelcol-openstack-audit",
			Mode:         rabbitmq.QueueOwn,
			Type:         rabbitmq.QueueQuorum,
			Consumers:    ConsumersSingleActive,
			MaxLength:    1_000_000,
			MaxLengthMiB: 4096,
			DeadLetter:   true,
		},
		Prefetch:        1000,
		MaxBatchSize:    500,
		BatchesInFlight: 1,
		MaxInFlightMiB:  64,
		RebindInterval:  30 * time.Second,
		Reconnect:       retryForever(time.Second, 30*time.Second),
	}
}

// serviceExchanges are the exchanges that OpenStack's services publish their notifications to: the defaults of control_exchange
// (oslo_messaging.set_transport_defaults in each service's source), and those that the services' installation guides set. The README has
// the table. A service without one publishes to oslo.messaging's own default, openstack.
func serviceExchanges() []string {
	return []string{
		"keystone", "openstack",
		"aodh", "cinder", "cyborg", "designate", "glance", "heat", "ironic", "magnum", "masakari",
		"neutron", "nova", "octavia", "swift", "tacker", "trove", "watcher", "zun",
	}
}

// check is not called Validate: within an optional section confmap would give half of the path only.
func (c *RabbitMQConfig) check(path string) error {
	errs := []error{
		c.checkTransport(path),
		c.checkQueue(path + "::queue"),
		configcheck.Between(path+"::prefetch", c.Prefetch, 1, 65535, "messages"),
		configcheck.Between(path+"::max_batch_size", c.MaxBatchSize, 1, 65535, "records"),
		configcheck.Between(path+"::max_in_flight_mib", c.MaxInFlightMiB, 1, 1<<20, "MiB"),
		checkRetry(path+"::reconnect", c.Reconnect,
			"the receiver reconnects forever, or a broker that was away for long would never be consumed again"),
		configcheck.Between(path+"::batches_in_flight", c.BatchesInFlight, 1, maxBatchesInFlight, "batches"),
		c.checkPrefetch(path),
		configcheck.AtLeast(path+"::rebind_interval", c.RebindInterval, time.Second),
	}
	if c.Queue.Mode != rabbitmq.QueueExisting {
		errs = append(errs, checkBinding(path+"::exchanges", c.Exchanges), checkBinding(path+"::topics", c.Topics),
			checkBinding(path+"::priorities", c.Priorities))
	}
	return errors.Join(errs...)
}

// maxBatchesInFlight is as many as are of use to the slowest of backends. Each has its share of what may be under way.
const maxBatchesInFlight = 64

// checkPrefetch compares numbers that are valid for themselves.
func (c *RabbitMQConfig) checkPrefetch(path string) error {
	least := c.BatchesInFlight * c.MaxBatchSize
	return configcheck.That(c.Prefetch < 1 || c.BatchesInFlight < 1 || c.MaxBatchSize < 1 || c.Prefetch >= least,
		"%s::prefetch: %d is less than batches_in_flight %d times max_batch_size %d: the broker sends no more unsettled, so that the batches "+
			"would never be as large; raise it to %d or more, or lower the others",
		path, c.Prefetch, c.BatchesInFlight, c.MaxBatchSize, least)
}

func checkBinding(path string, names []string) error {
	return errors.Join(
		configcheck.That(len(names) > 0, "%s: at least one is needed, or nothing would ever reach the queue", path),
		configcheck.Each(path, names, checkName),
	)
}

// namesExchanges reports whether somebody chose the exchanges, each of which should then exist. No cloud has all of the default.
func (c *RabbitMQConfig) namesExchanges() bool { return !slices.Equal(c.Exchanges, serviceExchanges()) }

func (c *RabbitMQConfig) checkQueue(path string) error {
	queue := c.Queue
	// AMQP 0-9-1 keeps a name in a short string; the dead-letter queue has the longer one.
	const maxName = 255 - len(".rejected")
	return errors.Join(
		configcheck.OneOf(path+"::mode", queue.Mode, rabbitmq.QueueOwn, rabbitmq.QueueExisting),
		configcheck.OneOf(path+"::type", queue.Type, rabbitmq.QueueQuorum, rabbitmq.QueueClassic),
		configcheck.OneOf(path+"::consumers", queue.Consumers, ConsumersSingleActive, ConsumersShared),
		configcheck.Between(path+"::max_length", queue.MaxLength, 0, 1<<53, "messages"),
		configcheck.Between(path+"::max_length_mib", queue.MaxLengthMiB, 0, 1<<33, "MiB"),
		configcheck.That(queue.Name != "" && len(queue.Name) <= maxName, "%s::name: a name of 1 to %d bytes is needed", path, maxName),
		configcheck.That(queue.Mode != rabbitmq.QueueOwn || !strings.HasPrefix(queue.Name, "amq."),
			"%s::name: %q cannot be declared: names that begin with amq. are the broker's own", path, queue.Name),
	)
}

// isServiceQueue recognises the queues that oslo.messaging declares beside each exchange: <topic>.<priority>.
func (c *RabbitMQConfig) isServiceQueue() bool {
	dot := strings.LastIndexByte(c.Queue.Name, '.')
	return dot > 0 && slices.Contains([]string{"audit", "debug", "info", "warn", "error", "critical", "sample"}, c.Queue.Name[dot+1:])
}
