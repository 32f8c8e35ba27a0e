package collectortest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
)

// OTLPIDs are the log.record.uid of the records of an OTLP request.
func OTLPIDs(body []byte) (ids []string, err error) {
	logs := plogotlp.NewExportRequest()
	if err := logs.UnmarshalProto(body); err != nil {
		return nil, err
	}
	for record := range audit.Records(logs.Logs()) {
		id, _ := record.Attributes().Get("log.record.uid")
		ids = append(ids, id.AsString())
	}
	return ids, nil
}

// BulkIDs are the ids of the documents of a bulk request.
func BulkIDs(body []byte) (ids []string, err error) {
	lines := bufio.NewScanner(bytes.NewReader(body))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var action struct {
			Create struct {
				ID string `json:"_id"`
			}
		}
		if err := json.Unmarshal(lines.Bytes(), &action); err != nil {
			return nil, err
		}
		if action.Create.ID == "" || !lines.Scan() {
			return nil, errors.New("no document with an _id")
		}
		ids = append(ids, action.Create.ID)
	}
	return ids, lines.Err()
}
