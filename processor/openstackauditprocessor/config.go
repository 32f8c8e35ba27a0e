package openstackauditprocessor

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
)

// Config of the processor.
type Config struct {
	// Unmatched says what becomes of log records that hold no audit event.
	Unmatched auditlog.KeepOrDrop `mapstructure:"unmatched"`
	// Records says what an audit record looks like.
	Records RecordConfig `mapstructure:",squash"`

	_ struct{}
}

// RecordConfig is auditlog.Config without its methods: confmap would name the keys of a squashed field that has a Validate
// of its own by a path that is not in the YAML.
type RecordConfig auditlog.Config

func createDefaultConfig() component.Config {
	return &Config{Unmatched: auditlog.Drop, Records: RecordConfig(auditlog.NewDefaultConfig())}
}

// Validate names each key whose value is not allowed.
func (c *Config) Validate() error {
	var errs []error
	if c.Unmatched != auditlog.Drop && c.Unmatched != auditlog.Keep {
		errs = append(errs, fmt.Errorf("unmatched: %q is none of drop, keep", string(c.Unmatched)))
	}
	if c.Records.OnDecodeError == auditlog.DecodeErrorReject {
		errs = append(errs, errors.New("on_decode_error: a log record cannot be rejected; use keep or drop"))
	}
	records := auditlog.Config(c.Records)
	return errors.Join(append(errs, records.Validate())...)
}
