//go:generate mdatagen metadata.yaml

// Package openstackaudittailprocessor shows the records that pass to those who look with audit-tail. The socket and the viewers are
// in internal/tail.
package openstackaudittailprocessor
