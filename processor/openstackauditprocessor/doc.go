//go:generate mdatagen metadata.yaml

// Package openstackauditprocessor makes audit records out of log records that any other receiver brought: from files,
// the journal, syslog, OTLP or Kafka. It holds configuration, lifecycle and telemetry; the forms of the log lines are in
// internal/oslo, and the mapping is in internal/auditlog.
package openstackauditprocessor
