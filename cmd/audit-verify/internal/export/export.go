// Package export reads what backends give back, and turns each stored record into its canonical form.
package export

import (
	"errors"
	"fmt"

	"github.com/valyala/fastjson"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/canonical"
)

// Format is how a backend writes records.
type Format string

// The formats.
const (
	Loki          Format = "loki"
	Elasticsearch Format = "elasticsearch"
	OTLP          Format = "otlp"
)

// Record is a stored record.
type Record struct {
	*canonical.Form

	// Foreign says that the backend renamed and dropped fields: only an embedded text has all that the record had.
	Foreign bool
	// EventNames are the event names that the record may have had, if the backend tells; they are no part of the form.
	EventNames []string
}

// Reader reads records of one format. It serves one goroutine.
type Reader struct {
	format Format
	parser fastjson.Parser
	form   *canonical.Form
}

// NewReader returns a reader.
func NewReader(format Format) *Reader {
	return &Reader{format: format, form: canonical.NewForm()}
}

// errNoRecords says that a JSON value is none that the backend writes.
var errNoRecords = errors.New("no records are found in it")

// Read reads one JSON value of an export, which may have many records, and calls record for each; it is valid until that returns.
func (r *Reader) Read(value []byte, record func(Record)) error {
	if r.format == OTLP {
		return r.readOTLP(value, record)
	}
	parsed, err := r.parser.ParseBytes(value)
	if err != nil {
		return fmt.Errorf("no JSON: %w", err)
	}
	if r.format == Loki {
		return r.readLoki(parsed, record)
	}
	return r.readElasticsearch(parsed, record)
}
