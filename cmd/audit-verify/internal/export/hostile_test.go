package export_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/openstack-audit/otelcol-openstack-audit/cmd/audit-verify/internal/export"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/exporttest"
)

// Whatever stands in an export, it is read or it is an error.
func FuzzExport(f *testing.F) {
	for _, backend := range backends {
		for _, document := range backend.write(f, newLogs()) {
			data, err := json.Marshal(document)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	for _, document := range []exporttest.Document{
		{"data": exporttest.Document{"resultType": "streams", "result": []any{exporttest.Document{"stream": 1, "values": []any{[]any{}, 1}}}}},
		{"hits": exporttest.Document{"hits": []any{nil, exporttest.Document{"_source": []any{}}}}},
		{"@timestamp": []any{}, "attributes": 7, "resource": exporttest.Document{"attributes": nil}, "body": "x"},
		{"labels": nil, "line": 3, "timestamp": 1.5},
	} {
		data, _ := json.MarshalIndent(document, "", " ")
		f.Add(data)
	}
	f.Fuzz(func(_ *testing.T, data []byte) {
		for _, format := range []export.Format{export.Loki, export.Elasticsearch, export.OTLP} {
			reader := export.NewReader(format)
			_ = export.Values(bytes.NewReader(data), func(value []byte) error {
				return reader.Read(value, func(record export.Record) {
					for range record.Hashes {
						break
					}
					_ = record.Value("log.record.uid")
				})
			})
		}
	})
}
