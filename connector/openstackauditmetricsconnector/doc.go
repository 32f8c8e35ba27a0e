//go:generate mdatagen metadata.yaml

// Package openstackauditmetricsconnector counts audit log records into cumulative metrics. It sees every record that the pipeline
// carries, counts each once, and never fails or holds up the logs.
package openstackauditmetricsconnector
