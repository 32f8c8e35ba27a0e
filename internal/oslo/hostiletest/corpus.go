// Package hostiletest renders service logs in which somebody typed, in each form in which they reach the collector. What people type is in
// testdata/hostile.
package hostiletest

import (
	"testing"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

// EventID is the id of each event that a rendered log truly has; what is typed has another.
const EventID = "true"

// Text is something that somebody types: a name, a path, a User-Agent.
type Text struct{ Name, Text string }

// Texts are those of the corpus.
func Texts(t testing.TB) []Text { return fixtures.Rows[Text](t, "hostile/typed.jsonl") }

// Record is a whole log record that somebody had a part in.
type Record struct {
	Name string
	// Body and Attributes are those of the record.
	Body       any
	Attributes map[string]any
	// Event is the id of the event that it has, and Reason why what it has beside that is none; each may be empty.
	Event, Reason string
}

// Records are those of the corpus: entries of journals and shippers.
func Records(t testing.TB) []Record { return fixtures.Rows[Record](t, "hostile/records.jsonl") }
