//go:generate mdatagen metadata.yaml

// Package openstackauditreceiver takes OpenStack's notifications off the wire and gives audit log records to the pipeline.
// A message is acknowledged after the pipeline took its record, and never before.
package openstackauditreceiver
