package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/openstack-audit/otelcol-openstack-audit/cmd/audit-verify/internal/reconcile"
	"github.com/openstack-audit/otelcol-openstack-audit/cmd/audit-verify/internal/treelog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/printable"
)

// The verdicts.
const (
	intact     = "intact"
	violated   = "violated"
	complete   = "complete"
	incomplete = "incomplete"
	unknown    = "unknown"
)

// listed is how many findings of a kind are printed for people; --json has more.
const listed = 50

// recordsReport is what is said of stored records.
type recordsReport struct {
	Integrity          string   `json:"integrity"`
	Completeness       string   `json:"completeness"`
	IntegrityReasons   []string `json:"integrity_reasons"`
	CompletenessReason []string `json:"completeness_reasons"`
	When               struct {
		From string `json:"from,omitempty"`
		To   string `json:"to,omitempty"`
	} `json:"range"`
	Logs     []logReport         `json:"logs"`
	Counts   *reconcile.Counts   `json:"counts"`
	Findings *reconcile.Findings `json:"findings"`
	// Unreadable are the first values of the export that are no records.
	Unreadable []string `json:"unreadable,omitempty"`
	// Hint is what is likely wrong with the export.
	Hint string `json:"hint,omitempty"`
}

// fill completes the report once all records are read. What is newer than visible may not be shown by the backend yet.
func (r *recordsReport) fill(
	logs []*treelog.Log, results []*treelog.Result, records *reconcile.Records, checkpoints [][]*evidence.Checkpoint, visible time.Time,
) error {
	var err error
	if r.Counts, r.Findings, err = records.Finish(visible, checkpoints); err != nil {
		return err
	}
	r.Unreadable = records.Problems()
	if r.Counts.Altered > 0 && records.Unnamed() {
		r.Hint = "no record has service_name: logcli leaves out the labels that all lines have in common; export again with " +
			"--include-common-labels"
	}
	for i, log := range logs {
		r.Logs = append(r.Logs, newLogReport(log, results[i]))
	}
	r.judge()
	return nil
}

func (r *recordsReport) judge() {
	c := r.Counts
	problems, authentic := 0, true
	for _, log := range r.Logs {
		problems += len(log.Problems)
		authentic = authentic && log.Origin != ""
	}
	r.Integrity, r.IntegrityReasons = verdict(intact, violated,
		[]reason{{c.Altered, "altered record", ""}, {c.Extra, "extra record", ""}, {uint64(problems), "finding", " in the logs"}},
		[]reason{
			{c.NotCheckable, "record", " without its canonical text, in a layout that renames fields"},
			{c.Unreadable, "unreadable value", " in the export"}, {c.Unlogged, "record", " that left while a log could not be written"},
		})
	r.Completeness, r.CompletenessReason = verdict(complete, incomplete,
		[]reason{{c.Missing, "missing record", ""}},
		[]reason{
			{c.Unreadable, "unreadable value", " in the export"}, {c.NotCheckable, "record", " without its canonical text"},
			{c.Removed, "record", " whose entry was deleted from a log, perhaps of that time"},
		})
	if !authentic && r.Completeness == complete {
		r.Completeness, r.CompletenessReason = unknown, []string{"a log cannot be trusted"}
	}
}

type reason struct {
	count uint64
	what  string
	rest  string
}

func verdict(good, bad string, findings, doubts []reason) (string, []string) {
	for _, judged := range []struct {
		verdict string
		reasons []reason
	}{{bad, findings}, {unknown, doubts}} {
		reasons := []string{}
		for _, reason := range judged.reasons {
			if reason.count > 0 {
				reasons = append(reasons, plural(reason.count, reason.what)+reason.rest)
			}
		}
		if len(reasons) > 0 {
			return judged.verdict, reasons
		}
	}
	return good, []string{}
}

func (r *recordsReport) status() error {
	switch {
	case r.Integrity == violated || r.Completeness == incomplete:
		return errFindings
	case r.Integrity == unknown || r.Completeness == unknown:
		return errCannotTell
	}
	return nil
}

func (r *recordsReport) setRange(when reconcile.Range) {
	if when.From > 0 {
		r.When.From = time.Unix(0, int64(when.From)).UTC().Format(time.RFC3339Nano)
	}
	if when.To < math.MaxUint64 {
		r.When.To = time.Unix(0, int64(when.To)).UTC().Format(time.RFC3339Nano)
	}
}

func (r *recordsReport) text(w io.Writer) {
	for _, log := range r.Logs {
		log.text(w)
	}
	from, to := r.When.From, r.When.To
	if from == "" {
		from = "the beginning"
	}
	if to == "" {
		to = "the end"
	}
	_, _ = fmt.Fprintf(w, "\nRecords from %s to %s\n", from, to)
	c := r.Counts
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, line := range []struct {
		count  uint64
		always bool
		what   string
		means  string
	}{
		{c.Verified, true, "verified", "stored as they left the collector"},
		{c.Altered, true, "altered", "stored with other content"},
		{c.Missing, true, "missing", "in a log and not stored"},
		{c.Extra, true, "extra", "stored and in no log"},
		{c.Repeated, false, "repeated", "stored once more; nothing is wrong with that"},
		{c.Superseded, false, "superseded", "logged with two contents under one id, of which the store has the other"},
		{c.Refused, false, "refused", "rejected after they were logged, which the log says"},
		{c.NotSignedYet, false, "not signed yet", "newer than the newest checkpoint; verify again with a newer copy of the log"},
		{c.NotYetVisible, false, "not yet visible", "the newest of a log, not shown by the backend yet; verify again later"},
		{c.Unlogged, false, "unlogged", "left while a log could not be written, which the log says"},
		{c.OutsideRange, false, "outside", "of another time"},
		{c.Checkpoints, false, "checkpoints", "of the logs, exported as records that are in no log"},
		{c.Unreadable, false, "unreadable", "values in the export that are no records"},
		{c.Removed, false, "removed", "entries deleted from a log; for the months that it has, give --from"},
		{c.NotCheckable, false, "not checkable", "in a layout that renames fields; needs embed: true"},
	} {
		if line.always || line.count > 0 {
			_, _ = fmt.Fprintf(table, "  %s\t%s\t%s\n", line.what, thousands(line.count), line.means)
		}
	}
	_ = table.Flush()
	list(w, "Altered", r.Findings.Altered, c.Altered)
	list(w, "Missing", r.Findings.Missing, c.Missing)
	list(w, "Extra", r.Findings.Extra, c.Extra)
	list(w, "Superseded", r.Findings.Superseded, c.Superseded)
	list(w, "Not signed yet", r.Findings.NotSignedYet, c.NotSignedYet)
	for _, problem := range r.Unreadable {
		_, _ = fmt.Fprintf(w, "\nUnreadable: %s\n", problem)
	}
	if r.Hint != "" {
		_, _ = fmt.Fprintf(w, "\nHint: %s\n", r.Hint)
	}
	_, _ = fmt.Fprintf(w, "\nIntegrity:    %s%s\nCompleteness: %s%s\n",
		sentence(r.Integrity, r.IntegrityReasons), pending(r.Integrity == intact, c.NotSignedYet, "not signed yet"),
		sentence(r.Completeness, r.CompletenessReason), pending(r.Completeness == complete, c.NotYetVisible, "not yet visible"))
}

// pending says for how many records a good verdict is still to come.
func pending(good bool, count uint64, what string) string {
	if !good || count == 0 {
		return ""
	}
	return fmt.Sprintf(", without the %s %s", thousands(count), what)
}

func sentence(verdict string, reasons []string) string {
	if len(reasons) == 0 {
		return verdict
	}
	return strings.ToUpper(verdict) + " (" + strings.Join(reasons, ", ") + ")"
}

func list(w io.Writer, title string, findings []reconcile.Finding, count uint64) {
	if count == 0 {
		return
	}
	_, _ = fmt.Fprintf(w, "\n%s\n", title)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range findings[:min(len(findings), listed)] {
		_, _ = fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s\n", printable.Line(f.UID), f.Time, printable.Line(f.Service), printable.Line(f.Event),
			printable.Line(strings.Join(f.Fields, ", ")))
	}
	_ = table.Flush()
	if more := count - uint64(min(len(findings), listed)); more > 0 {
		_, _ = fmt.Fprintf(w, "  and %s more; --json lists the first %s\n", thousands(more), thousands(reconcile.MaxFindings))
	}
}
