package reconcile

import (
	"crypto/sha256"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/openstack-audit/otelcol-openstack-audit/cmd/audit-verify/internal/export"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/canonical"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
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
	Refused       uint64 `json:"refused"`         // the backend or a processor rejected them, and the log says so
	NotSignedYet  uint64 `json:"not_signed_yet"`  // newer than the newest checkpoint
	NotYetVisible uint64 `json:"not_yet_visible"` // the newest of a log, which the backend does not show yet
	Unlogged      uint64 `json:"unlogged"`        // left while the log could not be written, which the log says
	OutsideRange  uint64 `json:"outside_range"`   // of another time than was asked for
	Checkpoints   uint64 `json:"checkpoints"`     // of the logs, exported as records that are in no log
	Unreadable    uint64 `json:"unreadable"`      // values in the export that are no records
	NotCheckable  uint64 `json:"not_checkable"`   // in a layout that renames fields, without the canonical text
}

// Findings are records by what is wrong with them, at most MaxFindings of each.
type Findings struct {
	Altered      []Finding `json:"altered"`
	Missing      []Finding `json:"missing"`
	Extra        []Finding `json:"extra"`
	NotSignedYet []Finding `json:"not_signed_yet,omitempty"`
	Refused      []Finding `json:"refused,omitempty"`
}

// MaxFindings bounds each list of findings.
const MaxFindings = 10000

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

// find looks for a record's entry, and marks it.
func (l *Logs) find(uid string, hash [sha256.Size]byte, events []string) verdict {
	key := l.table.key([]byte(uid), prefix(hash[:]))
	found := isExtra
	for position := range l.table.positions(key) {
		switch {
		case l.table.hashes[position] != prefix(hash[:]):
			found = max(found, isAltered)
		case !l.hasEvent(position, events):
			found = isOtherEvent
		default:
			return l.mark(key, position)
		}
	}
	if found != isExtra {
		l.see(key)
	}
	return found
}

func (l *Logs) hasEvent(position uint32, names []string) bool {
	for _, name := range names {
		if len(name) >= maxEventName || l.table.events[position] == l.table.event([]byte(name)) {
			return true
		}
	}
	return names == nil
}

// maxEventName is from where on an entry has only the beginning of an event name.
const maxEventName = 2048

// mark notes that the record of an entry is stored.
func (l *Logs) mark(key uint64, position uint32) verdict {
	before := l.table.states[position].Or(verified)
	l.see(key)
	switch {
	case before&inRange == 0:
		return isOutside
	case uint64(position) >= l.signed:
		return isNotSigned
	case before&verified != 0:
		return isRepeated
	}
	return isVerified
}

// see notes that a record with the uid of entries is stored.
func (l *Logs) see(key uint64) {
	for position := range l.table.positions(key) {
		l.table.states[position].Or(seen)
	}
}

// known tells whether a log has the uid.
func (l *Logs) known(uid string) verdict {
	return l.find(uid, [sha256.Size]byte{}, nil)
}

func findingOf(record export.Record, uid string, fields []string) Finding {
	at := record.Value(canonical.FieldTime)
	if nanoseconds, err := strconv.ParseInt(at, 10, 64); err == nil {
		at = formatTime(nanoseconds)
	}
	slices.Sort(fields)
	return Finding{
		UID: strings.Clone(uid), Time: strings.Clone(at), Service: strings.Clone(record.Value(audit.AttrServiceName)), Fields: slices.Compact(fields),
		Event: strings.Clone(record.Value(audit.AttrNotificationEventType)),
	}
}

func formatTime(nanoseconds int64) string {
	return time.Unix(0, nanoseconds).UTC().Format(time.RFC3339Nano)
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

// Finish looks for what is in the logs and not in the export. What is newer than visible may be on its way still, if nothing newer of its
// log is stored.
func (r *Records) Finish(visible time.Time) (*Counts, *Findings, error) {
	l := r.logs
	var unseen []uint32
	last := make([]uint64, len(l.logs)) // the newest position of each log that is stored
	for position := range l.signed {
		switch state := l.table.states[position].Load(); {
		case state&(isRecord|untrusted) != isRecord:
		case state&seen != 0:
			last[l.logOf(position)] = position + 1
		case state&(inRange|repetition) == inRange:
			unseen = append(unseen, uint32(position))
		}
	}
	uids := map[string]bool{}
	err := l.read(unseen, func(position uint32, entry evidence.Entry) {
		if uids[entry.UID] && entry.UID != "" { // logged again, with other content
			return
		}
		if len(uids) < 1<<20 {
			uids[entry.UID] = true
		}
		finding := Finding{UID: entry.UID, Service: entry.Service, Event: entry.EventName}
		if entry.Time != 0 {
			finding.Time = formatTime(int64(entry.Time))
		}
		log := l.logOf(uint64(position))
		switch {
		case l.table.states[position].Load()&refused != 0:
			r.counts.Refused++
			r.findings.Refused = add(r.findings.Refused, finding)
		case uint64(position) >= last[log] && entry.Time >= uint64(visible.UnixNano()):
			r.counts.NotYetVisible++
		default:
			r.counts.Missing++
			r.findings.Missing = add(r.findings.Missing, finding)
		}
	})
	for _, findings := range [][]Finding{r.findings.Altered, r.findings.Extra, r.findings.NotSignedYet} {
		slices.SortFunc(findings, func(a, b Finding) int { return strings.Compare(a.UID, b.UID) })
	}
	return &r.counts, &r.findings, err
}

// Notes are the checkpoints that were exported as records.
func (r *Records) Notes() [][]byte { return r.notes }

// Unnamed reports whether no record at all has a service.name, which Loki always has: the export leaves labels out.
func (r *Records) Unnamed() bool { return r.counts.Read > 0 && r.services == 0 }

// Problems are the first values of the export that cannot be read.
func (r *Records) Problems() []string { return r.problems }
