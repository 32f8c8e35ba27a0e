//go:generate mdatagen metadata.yaml

// Package openstackauditevidenceprocessor writes the hash of each record into an append-only, signed log before the record goes on. It
// holds configuration, lifecycle and telemetry; the log is in internal/evidence, and what is hashed in internal/audit/canonical.
package openstackauditevidenceprocessor
