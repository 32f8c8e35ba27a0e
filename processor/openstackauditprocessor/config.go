package openstackauditprocessor

import (
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/cadf/signed"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/configcheck"
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
	// HMACKeys are the keys of Keystones that sign their events, for the content signed_events. Without any, signatures are not checked.
	HMACKeys []HMACKey `mapstructure:"hmac_keys"`
	// Unmatched says what becomes of log records that hold no audit event.
	Unmatched auditlog.KeepOrDrop `mapstructure:"unmatched"`
	// Records says what an audit record looks like.
	Records auditlog.Config `mapstructure:",squash"`

	_ struct{}
}

// HMACKey is a key from which the nodes of a Keystone derive theirs.
type HMACKey struct {
	// Version is the hmac_key_version of the events, 1 in a Keystone whose key was never changed.
	Version uint64 `mapstructure:"version"`
	// KEK is the key-encryption key, 64 hexadecimal digits.
	KEK configopaque.String `mapstructure:"kek"`

	_ struct{}
}

// key returns the key itself.
func (k *HMACKey) key() ([]byte, error) {
	key, err := hex.DecodeString(string(k.KEK))
	if err != nil || len(key) != signed.KeySize {
		return nil, fmt.Errorf("kek: must have %d hexadecimal digits, such as xxd -p -c 64 writes of Keystone's file", 2*signed.KeySize)
	}
	return key, nil
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
	// ContentSignedEvents are signed events of the Rust Keystone, each the whole body of a record, as in the lines of its spool.
	ContentSignedEvents Content = "signed_events"
)

func createDefaultConfig() component.Config {
	return &Config{Content: ContentLogLines, Unmatched: auditlog.Drop, Records: auditlog.NewDefaultConfig()}
}

// Validate names each key whose value is not allowed.
func (c *Config) Validate() error {
	return errors.Join(
		configcheck.OneOf("content", c.Content, ContentLogLines, ContentNotifications, ContentSignedEvents),
		configcheck.That(len(c.HMACKeys) == 0 || c.Content == ContentSignedEvents, "hmac_keys: needs content: signed_events"),
		configcheck.Each("hmac_keys", c.HMACKeys, func(path string, key HMACKey) error {
			if _, err := key.key(); err != nil {
				return fmt.Errorf("%s::%w", path, err)
			}
			return nil
		}),
		configcheck.Each("loggers", c.Loggers, func(path, logger string) error {
			return configcheck.That(loggerPattern.MatchString(logger), "%s: %q is no logger's name, such as audit.nova or audit.*", path, logger)
		}),
		configcheck.OneOf("unmatched", c.Unmatched, auditlog.Drop, auditlog.Keep),
		configcheck.That(c.Records.OnDecodeError != auditlog.DecodeErrorReject,
			"on_decode_error: a log record cannot be rejected; use keep or drop"),
		c.Records.Check(),
	)
}
