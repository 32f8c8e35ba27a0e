//go:generate mdatagen metadata.yaml

// Package keystoneattributesprocessor adds names beside the ids of OpenStack audit records: from Keystone, from the events
// themselves, and of things that are deleted by now. It holds configuration, lifecycle and telemetry; what it knows about
// names is in internal/directory, and how it asks is in internal/keystone.
package keystoneattributesprocessor
