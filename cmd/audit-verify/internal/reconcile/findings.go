package reconcile

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openstack-audit/otelcol-openstack-audit/cmd/audit-verify/internal/export"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/canonical"
)

// Finding is a record that is not as it should be.
type Finding struct {
	UID     string   `json:"uid"`
	Time    string   `json:"time,omitempty"`
	Service string   `json:"service,omitempty"`
	Event   string   `json:"event,omitempty"`
	Fields  []string `json:"fields,omitempty"` // that differ, where the canonical text is embedded
}

// Counts are of records.
type Counts struct {
	Read          uint64 `json:"read"`            // records in the export
	Verified      uint64 `json:"verified"`        // stored as they left the collector
	Altered       uint64 `json:"altered"`         // stored with other content
	Missing       uint64 `json:"missing"`         // in a log, and not stored
	Extra         uint64 `json:"extra"`           // stored, and in no log
	Repeated      uint64 `json:"repeated"`        // stored once more
	Superseded    uint64 `json:"superseded"`      // in a log, and not stored, while another logged record with the uid is
	Refused       uint64 `json:"refused"`         // the backend or a processor rejected them, and the log says so
	NotSignedYet  uint64 `json:"not_signed_yet"`  // newer than the newest checkpoint
	NotYetVisible uint64 `json:"not_yet_visible"` // the newest of a log, which the backend does not show yet
	Unlogged      uint64 `json:"unlogged"`        // left while the log could not be written, which the log says
	OutsideRange  uint64 `json:"outside_range"`   // of another time than was asked for
	Checkpoints   uint64 `json:"checkpoints"`     // of the logs, exported as records that are in no log
	Unreadable    uint64 `json:"unreadable"`      // values in the export that are no records
	NotCheckable  uint64 `json:"not_checkable"`   // in a layout that renames fields, without the canonical text
	Removed       uint64 `json:"removed"`         // entries that were deleted from a log, and may be of records of that time
}

// Findings are records by what is wrong with them, at most MaxFindings of each.
type Findings struct {
	Altered      []Finding `json:"altered"`
	Missing      []Finding `json:"missing"`
	Extra        []Finding `json:"extra"`
	NotSignedYet []Finding `json:"not_signed_yet,omitempty"`
	Refused      []Finding `json:"refused,omitempty"`
	Superseded   []Finding `json:"superseded,omitempty"`
}

// MaxFindings bounds each list of findings.
const MaxFindings = 10000

func findingOf(record export.Record, uid string, fields []string) Finding {
	at := record.Value(canonical.FieldTime)
	if nanoseconds, err := strconv.ParseInt(at, 10, 64); err == nil {
		at = formatTime(nanoseconds)
	}
	slices.Sort(fields)
	return Finding{
		UID: strings.Clone(uid), Time: strings.Clone(at), Service: strings.Clone(record.Value(audit.AttrServiceName)),
		Fields: slices.Compact(fields),
		Event:  strings.Clone(record.Value(audit.AttrNotificationEventType)),
	}
}

func formatTime(nanoseconds int64) string {
	return time.Unix(0, nanoseconds).UTC().Format(time.RFC3339Nano)
}
