// Package auditlog turns notifications into audit log records: it alone knows
// what each attribute is called and when it is there. docs/attributes.md tells
// users the same.
package auditlog
