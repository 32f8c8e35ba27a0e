package auditlog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
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
	UnknownUserNames UnknownUserNames `mapstructure:"unknown_user_names"`
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
	// UnknownUserNames is keep, hash or drop.
	UnknownUserNames string
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

	UnknownUserNamesKeep UnknownUserNames = "keep"
	UnknownUserNamesHash UnknownUserNames = "hash"
	UnknownUserNamesDrop UnknownUserNames = "drop"

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
		UnknownUserNames:   UnknownUserNamesKeep,
		SeverityOfFailure:  FailureSeverityWarn,
		ObservedTime:       ObservedTimeReceipt,
		Resource:           ResourceConfig{ServiceNamespace: "openstack"},
	}
}

// Validate names each key whose value is not allowed, and what is.
func (c *Config) Validate() error {
	errs := []error{
		OneOf("on_decode_error", c.OnDecodeError, DecodeErrorKeep, DecodeErrorReject, DecodeErrorDrop),
		OneOf("other_notifications", c.OtherNotifications, Drop, Keep),
		OneOf("http_audit_pending", c.HTTPAuditPending, Keep, Drop),
		OneOf("body", c.Body, BodySummary, BodyOriginal, BodyNone),
		OneOf("unknown_user_names", c.UnknownUserNames, UnknownUserNamesKeep, UnknownUserNamesHash, UnknownUserNamesDrop),
		OneOf("severity_of_failure", c.SeverityOfFailure, FailureSeverityWarn, FailureSeverityInfo, FailureSeverityError),
		OneOf("observed_time", c.ObservedTime, ObservedTimeReceipt, ObservedTimeNotification),
	}
	if c.MaxBodySizeKiB < 1 || c.MaxBodySizeKiB > 64*1024 {
		errs = append(errs, fmt.Errorf("max_body_size_kib: %d is not between 1 and 65536 (KiB)", c.MaxBodySizeKiB))
	}
	for from, to := range c.Resource.ServiceNames {
		if from == "" || to == "" {
			errs = append(errs, fmt.Errorf("resource::service_names: %q: %q: neither side may be empty", from, to))
		}
	}
	return errors.Join(errs...)
}

// OneOf names a key, its value, and what is allowed, where the value is none of that.
func OneOf[T ~string](key string, value T, allowed ...T) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	names := make([]string, len(allowed))
	for i, a := range allowed {
		names[i] = string(a)
	}
	return fmt.Errorf("%s: %q is none of %s", key, string(value), strings.Join(names, ", "))
}
