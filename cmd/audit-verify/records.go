package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/openstack-audit/otelcol-openstack-audit/cmd/audit-verify/internal/export"
	"github.com/openstack-audit/otelcol-openstack-audit/cmd/audit-verify/internal/reconcile"
	"github.com/openstack-audit/otelcol-openstack-audit/cmd/audit-verify/internal/treelog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
)

// recordsOptions are those of the command records.
type recordsOptions struct {
	keys        keyFlags
	logs        []string
	checkpoints []string
	from, to    string
	sources     sourceFlags
	delay       time.Duration
	asJSON      bool
	quiet       bool
}

func newRecordsCommand() *cobra.Command {
	var o recordsOptions
	command := &cobra.Command{
		Use: "records --logs DIR... --key VKEY [--from TIME] [--to TIME] (--loki|--elasticsearch|--otlp FILE | " +
			"--loki-url|--elasticsearch-url URL)",
		Short: "Hold stored records against the logs: verified, altered, missing, extra",
		Long: `Holds stored records against the logs of all collectors.

An export has to have every record of the time from --from to --to:
  --loki           lines of logcli query --include-common-labels -o jsonl, or answers of Loki's query_range
  --elasticsearch  answers of _search or _search/scroll, arrays of hits, or one document a line
  --otlp           lines of the Collector's file exporter
A file may be compressed with gzip; - is the standard input.

--loki-url and --elasticsearch-url ask the backend. What it wants to see is read from the environment: ` +
			export.EnvironmentUsername + ` and
` + export.EnvironmentPassword + `, ` + export.EnvironmentToken + ` (bearer), or ` + export.EnvironmentAPIKey + ` (Elasticsearch).`,
		RunE: func(command *cobra.Command, arguments []string) error {
			o.logs = append(o.logs, arguments...) // --logs DIR DIR
			return o.run(command)
		},
	}
	flags := command.Flags()
	flags.StringArrayVar(&o.logs, "logs", nil, "directory of a log; a record counts when one of the logs has it")
	o.keys.add(flags)
	flags.StringArrayVar(&o.checkpoints, "checkpoint", nil, "file with a checkpoint of the first log that was kept elsewhere")
	flags.StringVar(&o.from, "from", "", "first time, such as 2026-11-01 (UTC) or 2026-11-01T00:00:00+01:00")
	flags.StringVar(&o.to, "to", "", "first time after the range")
	o.sources.add(flags)
	flags.DurationVar(&o.delay, "delay", 15*time.Minute, "how long the newest records of a log may take until the backend shows them")
	flags.BoolVar(&o.asJSON, "json", false, "print JSON")
	flags.BoolVar(&o.quiet, "quiet", false, "report no progress")
	return command
}

func (o *recordsOptions) run(command *cobra.Command) error {
	if len(o.logs) == 0 {
		return errors.New("--logs is needed: the directory of a log")
	}
	when, err := parseRange(o.from, o.to)
	if err != nil {
		return err
	}
	sources, err := o.sources.sources(command.InOrStdin(), when)
	if err != nil {
		return err
	}
	keys, err := o.keys.read()
	if err != nil {
		return err
	}
	// The table of entries is large and has no pointers: without this, as much again would go to garbage before it is collected.
	defer debug.SetGCPercent(debug.SetGCPercent(20))
	progress := newProgress(command.ErrOrStderr(), o.quiet)
	defer progress.stop()
	report, err := verifyRecords(command.Context(), o, keys, when, sources, progress)
	if err != nil {
		return err
	}
	progress.stop()
	if err := write(command.OutOrStdout(), o.asJSON, report, report.text); err != nil {
		return err
	}
	return report.status()
}

func verifyRecords(
	ctx context.Context, o *recordsOptions, keys []*treelog.Key, when reconcile.Range, sources []source, progress *progress,
) (*recordsReport, error) {
	report := &recordsReport{}
	report.setRange(when)
	var logs []*treelog.Log
	for _, dir := range treelog.Directories(o.logs) {
		log, err := treelog.Open(dir, keys...)
		if errors.Is(err, treelog.ErrForged) {
			report.Logs = append(report.Logs, logReport{Directory: dir, Problems: []string{err.Error()}})
			continue
		}
		if err != nil {
			return nil, err
		}
		logs = append(logs, log)
	}
	progress.phase("entries read")
	entries, results, err := reconcile.Load(ctx, logs, when, progress.add)
	if err != nil {
		return nil, err
	}
	if len(logs) > 0 {
		if err := holdFiles(logs[0], results[0], o.checkpoints); err != nil {
			return nil, err
		}
	}
	progress.phase("records read")
	records := reconcile.NewRecords(entries, func(note []byte) bool {
		return slices.ContainsFunc(keys, func(key *treelog.Key) bool {
			_, err := key.Open(note)
			return err == nil
		})
	})
	exported := sources[0].made
	for _, source := range sources {
		if source.made.Before(exported) {
			exported = source.made
		}
		if err := export.ReadAll(ctx, source.format, source.values, func(record export.Record) {
			records.Check(record)
			progress.add(1)
		}, records.Unreadable); err != nil {
			return nil, fmt.Errorf("%s: %w", source.name, err)
		}
	}
	checkpoints := holdNotes(logs, results, records)
	if err := report.fill(logs, results, records, checkpoints, exported.Add(-o.delay)); err != nil {
		return nil, err
	}
	return report, nil
}

// holdNotes holds the checkpoints that the collectors exported as records against the logs, and returns those of each.
func holdNotes(logs []*treelog.Log, results []*treelog.Result, records *reconcile.Records) [][]*evidence.Checkpoint {
	checkpoints := make([][]*evidence.Checkpoint, len(logs))
	statements := make([][]treelog.Statement, len(logs))
	for _, data := range records.Notes() {
		for i, log := range logs {
			checkpoint, err := log.Key.Open(data)
			switch {
			case err == nil:
				source := "a checkpoint that was exported as a record"
				if !checkpoint.Time.IsZero() {
					source += " at " + checkpoint.Time.UTC().Format(time.RFC3339)
				}
				statements[i] = append(statements[i], statementOf(source, checkpoint))
				checkpoints[i] = append(checkpoints[i], checkpoint)
			case errors.Is(err, treelog.ErrForged):
				results[i].Problems = append(results[i].Problems, "a checkpoint that was exported as a record: "+err.Error())
			}
		}
	}
	for i := range logs {
		results[i].Hold(statements[i])
	}
	return checkpoints
}

func parseRange(from, to string) (reconcile.Range, error) {
	when := reconcile.Everything
	for _, bound := range []struct {
		flag, text string
		at         *uint64
	}{{"from", from, &when.From}, {"to", to, &when.To}} {
		if bound.text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, bound.text)
		if err != nil {
			if at, err = time.Parse(time.DateOnly, bound.text); err != nil {
				return when, fmt.Errorf("--%s %q is no time such as 2026-11-01 or 2026-11-01T00:00:00Z", bound.flag, bound.text)
			}
		}
		*bound.at = uint64(max(at.UnixNano(), 0))
	}
	if when.From >= when.To {
		return when, errors.New("--from is not before --to")
	}
	return when, nil
}
