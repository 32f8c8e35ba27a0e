package auditlog

import (
	"errors"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/derive"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/configcheck"
)

// Config holds the keys that decide what a record looks like. The receiver and
// the openstack_audit processor share it, with the same names and meaning.
type Config struct {
	// OnDecodeError says what becomes of bytes that are no notification.
	OnDecodeError DecodeErrorPolicy `mapstructure:"on_decode_error"`
	// MaxBodySizeKiB bounds a raw body in the record, in KiB; what is cut is named by its length and SHA-256.
	MaxBodySizeKiB int `mapstructure:"max_body_size_kib"`
	// OtherNotifications says what becomes of notifications that are no audit event, as compute.instance.*.
	OtherNotifications KeepOrDrop `mapstructure:"other_notifications"`
	// HTTPAuditPending says what becomes of the request half of a request/response pair.
	HTTPAuditPending KeepOrDrop `mapstructure:"http_audit_pending"`
	// Body chooses the body of a record.
	Body BodyMode `mapstructure:"body"`
	// IncludeOriginal adds the bytes as received in log.record.original.
	IncludeOriginal bool `mapstructure:"include_original"`
	// UnknownUserNames says what becomes of names that were typed at failed logins of unknown users: they may be passwords.
	UnknownUserNames derive.UnknownUserNames `mapstructure:"unknown_user_names"`
	// SeverityOfFailure is the least severity of a failure.
	SeverityOfFailure FailureSeverity `mapstructure:"severity_of_failure"`
	// ObservedTime chooses the clock of ObservedTimestamp.
	ObservedTime ObservedTime `mapstructure:"observed_time"`
	// Resource describes the resource of the records.
	Resource ResourceConfig `mapstructure:"resource"`

	_ struct{}
}

// ResourceConfig holds what no notification says about its service.
type ResourceConfig struct {
	// Region becomes cloud.region; empty: not set.
	Region string `mapstructure:"region"`
	// ServiceNamespace becomes service.namespace; empty: not set.
	ServiceNamespace string `mapstructure:"service_namespace"`
	// ServiceNames maps a publisher_id, or a service name that the rules give, to the service.name to use.
	ServiceNames map[string]string `mapstructure:"service_names"`

	_ struct{}
}

// The values that the keys of Config allow.
type (
	// DecodeErrorPolicy is keep, reject or drop.
	DecodeErrorPolicy string
	// KeepOrDrop is keep or drop.
	KeepOrDrop string
	// BodyMode is summary, original or none.
	BodyMode string
	// FailureSeverity is warn, info or error.
	FailureSeverity string
	// ObservedTime is receipt or notification.
	ObservedTime string
)

// Allowed values; the first of each is the default but where NewDefaultConfig says otherwise.
const (
	DecodeErrorKeep   DecodeErrorPolicy = "keep"
	DecodeErrorReject DecodeErrorPolicy = "reject"
	DecodeErrorDrop   DecodeErrorPolicy = "drop"

	Keep KeepOrDrop = "keep"
	Drop KeepOrDrop = "drop"

	BodySummary  BodyMode = "summary"
	BodyOriginal BodyMode = "original"
	BodyNone     BodyMode = "none"

	FailureSeverityWarn  FailureSeverity = "warn"
	FailureSeverityInfo  FailureSeverity = "info"
	FailureSeverityError FailureSeverity = "error"

	ObservedTimeReceipt      ObservedTime = "receipt"
	ObservedTimeNotification ObservedTime = "notification"
)

// NewDefaultConfig returns the defaults.
func NewDefaultConfig() Config {
	return Config{
		OnDecodeError:      DecodeErrorKeep,
		MaxBodySizeKiB:     128,
		OtherNotifications: Drop,
		HTTPAuditPending:   Keep,
		Body:               BodySummary,
		UnknownUserNames:   derive.UnknownUserNamesKeep,
		SeverityOfFailure:  FailureSeverityWarn,
		ObservedTime:       ObservedTimeReceipt,
		Resource:           ResourceConfig{ServiceNamespace: "openstack"},
	}
}

// Check names each key whose value is not allowed, and what is. It is not called Validate: where a component's configuration has these keys
// beside its own, confmap would name them by a path that is not in the YAML.
func (c *Config) Check() error {
	errs := []error{
		configcheck.OneOf("on_decode_error", c.OnDecodeError, DecodeErrorKeep, DecodeErrorReject, DecodeErrorDrop),
		configcheck.OneOf("other_notifications", c.OtherNotifications, Drop, Keep),
		configcheck.OneOf("http_audit_pending", c.HTTPAuditPending, Keep, Drop),
		configcheck.OneOf("body", c.Body, BodySummary, BodyOriginal, BodyNone),
		configcheck.OneOf("unknown_user_names", c.UnknownUserNames, derive.UnknownUserNamesKeep, derive.UnknownUserNamesHash,
			derive.UnknownUserNamesDrop),
		configcheck.OneOf("severity_of_failure", c.SeverityOfFailure, FailureSeverityWarn, FailureSeverityInfo, FailureSeverityError),
		configcheck.OneOf("observed_time", c.ObservedTime, ObservedTimeReceipt, ObservedTimeNotification),
		configcheck.Between("max_body_size_kib", c.MaxBodySizeKiB, 1, 64*1024, "KiB"),
	}
	for from, to := range c.Resource.ServiceNames {
		errs = append(errs, configcheck.That(from != "" && to != "", "resource::service_names: %q: %q: neither side may be empty", from, to))
	}
	return errors.Join(errs...)
}
