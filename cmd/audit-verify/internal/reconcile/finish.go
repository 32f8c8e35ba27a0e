package reconcile

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
)

// Finish looks for what is in the logs and not in the export. What happened or was logged after visible may be on its way still, if nothing
// newer of its log is stored. When it was logged, the checkpoints of each log that were exported tell.
func (r *Records) Finish(visible time.Time, checkpoints [][]*evidence.Checkpoint) (*Counts, *Findings, error) {
	l := r.logs
	var unseen, superseded []uint32
	last := make([]uint64, len(l.logs)) // the newest position of each log that is stored
	for position := range l.signed {
		switch state := l.table.states[position].Load(); {
		case state&(isRecord|untrusted) != isRecord:
		case state&seen != 0:
			last[l.logOf(position)] = position + 1
			if l.superseded(uint32(position), state) {
				superseded = append(superseded, uint32(position))
			}
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
		finding := findingOfEntry(entry)
		log := l.logOf(uint64(position))
		switch {
		case l.table.states[position].Load()&refused != 0:
			r.counts.Refused++
			r.findings.Refused = add(r.findings.Refused, finding)
		case uint64(position) >= last[log] &&
			(entry.Time >= uint64(visible.UnixNano()) || !loggedAfter(uint64(position)-l.firsts[log], checkpoints[log]).Before(visible)):
			r.counts.NotYetVisible++
		default:
			r.counts.Missing++
			r.findings.Missing = add(r.findings.Missing, finding)
		}
	})
	r.counts.Superseded = uint64(len(superseded))
	err = errors.Join(err, l.read(superseded[:min(len(superseded), MaxFindings)], func(_ uint32, entry evidence.Entry) {
		r.findings.Superseded = add(r.findings.Superseded, findingOfEntry(entry))
	}))
	for _, findings := range [][]Finding{r.findings.Altered, r.findings.Extra, r.findings.NotSignedYet} {
		slices.SortFunc(findings, func(a, b Finding) int { return strings.Compare(a.UID, b.UID) })
	}
	r.counts.Removed = l.removed
	return &r.counts, &r.findings, err
}

// superseded reports whether the store has another record of the entry's uid, which is logged too, instead of the entry's.
func (l *Logs) superseded(position, state uint32) bool {
	if state&(inRange|repetition|verified|refused) != inRange {
		return false
	}
	for other := range l.table.positions(l.table.uids[position]) {
		if l.table.states[other].Load()&verified != 0 {
			return true
		}
	}
	return false
}

func findingOfEntry(entry evidence.Entry) Finding {
	finding := Finding{UID: entry.UID, Service: entry.Service, Event: entry.EventName}
	if entry.Time != 0 {
		finding.Time = formatTime(int64(entry.Time))
	}
	return finding
}

// loggedAfter returns the time of the newest checkpoint that does not have an entry.
func loggedAfter(index uint64, checkpoints []*evidence.Checkpoint) (at time.Time) {
	for _, checkpoint := range checkpoints {
		if checkpoint.Size <= index && checkpoint.Time.After(at) {
			at = checkpoint.Time
		}
	}
	return at
}
