//go:generate mdatagen metadata.yaml

// Package httpdeliveryextension is middleware of HTTP exporters. Exporters drop what a backend answers with a status that they take
// for final, such as 401 or 500. The middleware tells them so only where the answer is about the records, and keeps these.
package httpdeliveryextension
