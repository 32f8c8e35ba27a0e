package openstackauditprocessor

import (
	"errors"
	"fmt"
	"regexp"

	"go.opentelemetry.io/collector/component"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
)

// Config of the processor.
type Config struct {
	// Content says what the log records are (default log_lines).
	Content Content `mapstructure:"content"`
	// Loggers are further loggers that write audit events, besides those of oslo.messaging and of the audit middlewares. A name that ends
	// with * stands for all that begin so.
	Loggers []string `mapstructure:"loggers"`
	// TrustUnnamedLogger takes an event with which a line begins also where the line names no logger (default false). Whoever can type the
	// beginning of any message in such a log can forge an event.
	TrustUnnamedLogger bool `mapstructure:"trust_unnamed_logger"`
	// Unmatched says what becomes of log records that hold no audit event.
	Unmatched auditlog.KeepOrDrop `mapstructure:"unmatched"`
	// Records says what an audit record looks like.
	Records RecordConfig `mapstructure:",squash"`

	_ struct{}
}

// loggerPattern is a logger's name, which may end with *: never all loggers there are.
var loggerPattern = regexp.MustCompile(`^[\w.-]+\*?$`)

// Content is what log records are.
type Content string

// The kinds of content.
const (
	// ContentLogLines are lines or records of services' logs. An event counts only from a logger that writes events.
	ContentLogLines Content = "log_lines"
	// ContentNotifications are notifications, each the whole body of a record, as oslo.messaging's Kafka driver sends them.
	ContentNotifications Content = "notifications"
)

// RecordConfig is auditlog.Config without its methods: confmap would name the keys of a squashed field that has a Validate
// of its own by a path that is not in the YAML.
type RecordConfig auditlog.Config

func createDefaultConfig() component.Config {
	return &Config{Content: ContentLogLines, Unmatched: auditlog.Drop, Records: RecordConfig(auditlog.NewDefaultConfig())}
}

// Validate names each key whose value is not allowed.
func (c *Config) Validate() error {
	var errs []error
	if c.Content != ContentLogLines && c.Content != ContentNotifications {
		errs = append(errs, fmt.Errorf("content: %q is none of log_lines, notifications", string(c.Content)))
	}
	for i, logger := range c.Loggers {
		if !loggerPattern.MatchString(logger) {
			errs = append(errs, fmt.Errorf("loggers::%d: %q is no logger's name, as audit.nova or audit.*", i, logger))
		}
	}
	if c.Unmatched != auditlog.Drop && c.Unmatched != auditlog.Keep {
		errs = append(errs, fmt.Errorf("unmatched: %q is none of drop, keep", string(c.Unmatched)))
	}
	if c.Records.OnDecodeError == auditlog.DecodeErrorReject {
		errs = append(errs, errors.New("on_decode_error: a log record cannot be rejected; use keep or drop"))
	}
	records := auditlog.Config(c.Records)
	return errors.Join(append(errs, records.Validate())...)
}
