package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/openstack-audit/otelcol-openstack-audit/cmd/audit-verify/internal/treelog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/printable"
)

// logReport is what is said of one log.
type logReport struct {
	Directory  string            `json:"directory"`
	Origin     string            `json:"origin,omitempty"`
	Size       uint64            `json:"size"`
	Root       string            `json:"root,omitempty"`
	Time       string            `json:"time,omitempty"`
	Cosigned   map[string]string `json:"cosigned,omitempty"`
	Statements int               `json:"checkpoints_checked"`
	Removed    uint64            `json:"entries_removed,omitempty"`
	Halted     string            `json:"halted,omitempty"` // why the collector halted the log, by its own unsigned words
	Problems   []string          `json:"problems"`
}

func newLogReport(log *treelog.Log, result *treelog.Result) logReport {
	newest := log.Newest
	report := logReport{
		Directory: log.Dir, Origin: newest.Origin, Size: newest.Size, Root: newest.Root.String(), Statements: result.Statements + 1,
		Removed: result.Removed, Problems: append([]string{}, result.Problems...),
	}
	if !newest.Time.IsZero() {
		report.Time = newest.Time.UTC().Format(time.RFC3339)
	}
	if reason, err := os.ReadFile(filepath.Join(log.Dir, evidence.HaltedPath)); err == nil {
		report.Halted = strings.TrimSpace(string(reason))
	}
	for name, at := range newest.Cosigned {
		if report.Cosigned == nil {
			report.Cosigned = map[string]string{}
		}
		report.Cosigned[name] = at.UTC().Format(time.RFC3339)
	}
	return report
}

func newLogCommand() *cobra.Command {
	var (
		keys        keyFlags
		checkpoints []string
		asJSON      bool
	)
	command := &cobra.Command{
		Use:   "log DIR... --key VKEY",
		Short: "Check logs: signatures, hash tree, and every checkpoint against the entries",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			verifiers, err := keys.read()
			if err != nil {
				return err
			}
			var reports []logReport
			problems := 0
			for i, dir := range treelog.Directories(arguments) {
				held := checkpoints
				if i > 0 {
					held = nil
				}
				report, err := checkLog(command.Context(), dir, verifiers, held)
				if err != nil {
					return err
				}
				reports = append(reports, report)
				problems += len(report.Problems)
			}
			if err := write(command.OutOrStdout(), asJSON, reports, func(w io.Writer) {
				for _, report := range reports {
					report.text(w)
				}
			}); err != nil {
				return err
			}
			if problems > 0 {
				return errFindings
			}
			return nil
		},
	}
	keys.add(command.Flags())
	command.Flags().StringArrayVar(&checkpoints, "checkpoint", nil, "file with a checkpoint of the first log that was kept elsewhere, "+
		"which must agree with it")
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command
}

// checkLog checks a log, and checkpoints of it that were kept elsewhere.
func checkLog(ctx context.Context, dir string, keys []*treelog.Key, checkpoints []string) (logReport, error) {
	log, err := treelog.Open(dir, keys...)
	if errors.Is(err, treelog.ErrForged) {
		return logReport{Directory: dir, Problems: []string{err.Error()}}, nil
	}
	if err != nil {
		return logReport{}, err
	}
	result, err := log.Check(ctx, nil)
	if err != nil {
		return logReport{}, err
	}
	if err := holdFiles(log, result, checkpoints); err != nil {
		return logReport{}, err
	}
	return newLogReport(log, result), nil
}

// holdFiles holds checkpoints that were kept elsewhere against the log.
func holdFiles(log *treelog.Log, result *treelog.Result, paths []string) error {
	var statements []treelog.Statement
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		checkpoint, err := log.Key.Open(data)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		statements = append(statements, statementOf(path, checkpoint))
	}
	result.Hold(statements)
	return nil
}

func statementOf(source string, checkpoint *evidence.Checkpoint) treelog.Statement {
	return treelog.Statement{Source: source, Size: checkpoint.Size, Root: checkpoint.Root}
}

func (r logReport) text(w io.Writer) {
	_, _ = fmt.Fprintf(w, "%s\n", r.Directory)
	if r.Origin != "" {
		_, _ = fmt.Fprintf(w, "  %s, %s entries, root %s\n", r.Origin, thousands(r.Size), r.Root)
	}
	if r.Time != "" {
		_, _ = fmt.Fprintf(w, "  signed %s\n", r.Time)
	}
	for name, at := range r.Cosigned {
		_, _ = fmt.Fprintf(w, "  witnessed by %s %s\n", name, at)
	}
	if r.Removed > 0 {
		_, _ = fmt.Fprintf(w, "  of the first %s entries only the hashes are there\n", thousands(r.Removed))
	}
	if r.Halted != "" {
		_, _ = fmt.Fprintf(w, "  halted by the collector: %s\n", printable.Line(r.Halted))
	}
	for _, problem := range r.Problems {
		_, _ = fmt.Fprintf(w, "  FINDING: %s\n", problem)
	}
	if len(r.Problems) == 0 {
		_, _ = fmt.Fprintf(w, "  intact: the entries are those of %s\n", plural(r.Statements, "checkpoint"))
	}
}
