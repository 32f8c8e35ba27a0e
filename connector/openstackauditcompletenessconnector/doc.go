//go:generate mdatagen metadata.yaml

// Package openstackauditcompletenessconnector says what is missing in an audit trail: publishers that fell silent, requests without
// their response, gaps in sequence numbers, logins of our own that did not come back. It never fails or holds up the logs.
package openstackauditcompletenessconnector
