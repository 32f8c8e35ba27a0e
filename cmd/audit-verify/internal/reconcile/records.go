package reconcile

import (
	"strconv"
	"strings"
	"sync"

	"github.com/openstack-audit/otelcol-openstack-audit/cmd/audit-verify/internal/export"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/canonical"
)

// Records holds stored records against the logs. Its methods may be called at once.
type Records struct {
	logs     *Logs
	mu       sync.Mutex
	counts   Counts
	findings Findings
	notes    [][]byte // exported checkpoints
	signed   func(note []byte) bool
	problems []string
	services uint64 // records with a service.name
}

// NewRecords returns what holds records against logs; signed reports whether a checkpoint that was exported as a record is one of theirs.
func NewRecords(logs *Logs, signed func(note []byte) bool) *Records {
	return &Records{logs: logs, signed: signed}
}

// Unreadable counts a value of the export that cannot be read.
func (r *Records) Unreadable(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Unreadable++
	if len(r.problems) < 10 {
		r.problems = append(r.problems, err.Error())
	}
}

// verdict is what is said of one stored record.
type verdict int

const (
	isVerified verdict = iota
	isRepeated
	isExtra
	isAltered
	isOutside
	isNotCheckable
	isNotSigned
	isOtherEvent // all but the event name is as it was
)

// Check holds a stored record against the logs.
func (r *Records) Check(record export.Record) {
	uid := record.Value(audit.AttrRecordUID)
	found, fields := r.verdict(record, uid)
	note := record.Value(audit.AttrCheckpointNote)
	if body := record.Value(canonical.FieldBody); note == "" && strings.Contains(body, "\n\n\u2014 ") {
		note = body
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Read++
	if record.Value(audit.AttrServiceName) != "" {
		r.services++
	}
	if note != "" {
		r.notes = append(r.notes, []byte(note))
		if found == isExtra && r.signed([]byte(note)) { // a collector whose log does not have its checkpoints
			r.counts.Checkpoints++
			return
		}
	}
	switch found {
	case isVerified:
		r.counts.Verified++
	case isRepeated:
		r.counts.Repeated++
	case isOutside:
		r.counts.OutsideRange++
	case isNotCheckable:
		r.counts.NotCheckable++
	case isNotSigned:
		r.notSigned(record, uid)
	case isAltered:
		r.counts.Altered++
		r.findings.Altered = add(r.findings.Altered, findingOf(record, uid, fields))
	case isExtra:
		r.extra(record, uid)
	}
}

func add(findings []Finding, f Finding) []Finding {
	if len(findings) < MaxFindings {
		findings = append(findings, f)
	}
	return findings
}

func (r *Records) verdict(record export.Record, uid string) (verdict, []string) {
	embedded := record.Embedded()
	if embedded == "" && record.Foreign {
		return isNotCheckable, nil
	}
	if !record.Foreign {
		found := isExtra
		for hash := range record.Hashes {
			switch found = r.logs.find(uid, hash, record.EventNames); found {
			case isVerified, isRepeated, isOutside, isNotSigned:
				return found, nil
			case isOtherEvent:
				return isAltered, []string{"event_name"}
			}
		}
		if embedded == "" {
			return r.bound(record, found), nil
		}
	}
	text, err := canonical.ParseText([]byte(embedded))
	if err != nil {
		return r.bound(record, r.logs.known(uid)), []string{canonical.EmbedAttribute}
	}
	if record.Foreign && len(text[canonical.Name(audit.AttrRecordUID)]) == 1 {
		uid = text[canonical.Name(audit.AttrRecordUID)][0]
	}
	differences := record.Differences(text, record.Foreign)
	found := r.logs.find(uid, canonical.Hash([]byte(embedded)), record.EventNames)
	switch {
	case found == isAltered || found == isExtra:
		return r.bound(record, found), append(differences, canonical.EmbedAttribute)
	case found == isOtherEvent:
		return isAltered, append(differences, "event_name")
	case len(differences) > 0:
		return isAltered, differences
	}
	return found, nil
}

// bound leaves out what is unknown to the logs and of another time than was asked for.
func (r *Records) bound(record export.Record, found verdict) verdict {
	if at, err := strconv.ParseUint(record.Value(canonical.FieldTime), 10, 64); found == isExtra && err == nil && !r.logs.when.has(at) {
		return isOutside
	}
	return found
}

// extra classifies a record that is in no log.
func (r *Records) extra(record export.Record, uid string) {
	at := newest(record)
	for _, gap := range r.logs.gaps {
		if r.counts.Unlogged < r.logs.unlogged() && gap.Time <= at && at <= gap.Until {
			r.counts.Unlogged++
			return
		}
	}
	for _, log := range r.logs.logs {
		if signed := log.Newest.Time; !signed.IsZero() && at >= uint64(signed.UnixNano()) {
			r.notSigned(record, uid)
			return
		}
	}
	r.counts.Extra++
	r.findings.Extra = add(r.findings.Extra, findingOf(record, uid, nil))
}

func (r *Records) notSigned(record export.Record, uid string) {
	r.counts.NotSignedYet++
	r.findings.NotSignedYet = add(r.findings.NotSignedYet, findingOf(record, uid, nil))
}

// newest is the later one of a record's times.
func newest(record export.Record) uint64 {
	at, _ := strconv.ParseUint(record.Value(canonical.FieldTime), 10, 64)
	observed, _ := strconv.ParseUint(record.Value(canonical.FieldObservedTime), 10, 64)
	return max(at, observed)
}

// unlogged is how many records left while a log could not be written.
func (l *Logs) unlogged() (count uint64) {
	for _, gap := range l.gaps {
		count += gap.Count
	}
	return count
}

// Notes are the checkpoints that were exported as records.
func (r *Records) Notes() [][]byte { return r.notes }

// Unnamed reports whether no record at all has a service.name, which Loki always has: the export leaves labels out.
func (r *Records) Unnamed() bool { return r.counts.Read > 0 && r.services == 0 }

// Problems are the first values of the export that cannot be read.
func (r *Records) Problems() []string { return r.problems }
