//go:generate mdatagen metadata.yaml

// Package selfauthextension authenticates a collector to itself, where one of its pipelines sends to another over a local port. The secret
// is made at each start and is nowhere but in the memory of the process.
package selfauthextension
