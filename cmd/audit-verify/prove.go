package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/openstack-audit/otelcol-openstack-audit/cmd/audit-verify/internal/treelog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
)

// proofReport is the proof of one entry.
type proofReport struct {
	Index uint64          `json:"index"`
	Entry json.RawMessage `json:"entry"`
	Leaf  string          `json:"leaf"`
	Path  []string        `json:"path"`
	// Proof is the proof in the format of c2sp.org/tlog-proof.
	Proof string `json:"proof"`
}

func newProveCommand() *cobra.Command {
	var (
		keys   keyFlags
		asJSON bool
	)
	command := &cobra.Command{
		Use:   "prove DIR UID --key VKEY",
		Short: "Print the proof that the entries with a log.record.uid are in the log, and check it",
		Args:  cobra.ExactArgs(2),
		RunE: func(command *cobra.Command, arguments []string) error {
			verifiers, err := keys.read()
			if err != nil {
				return err
			}
			log, err := treelog.Open(arguments[0], verifiers...)
			if err != nil {
				return err
			}
			reports, err := prove(log, arguments[1])
			if errors.Is(err, treelog.ErrNotProved) {
				_, _ = fmt.Fprintln(command.OutOrStdout(), err)
				return errFindings
			}
			if err != nil {
				return err
			}
			err = write(command.OutOrStdout(), asJSON, reports, func(w io.Writer) {
				for _, report := range reports {
					_, _ = fmt.Fprintf(w, "entry %d of %s\n%s\nleaf %s\nproof, checked:\n\n%s\n", report.Index, log.Dir, report.Entry, report.Leaf,
						report.Proof)
				}
				if len(reports) == 0 {
					_, _ = fmt.Fprintf(w, "no entry of the %s in %s has the uid %s\n", thousands(log.Newest.Size), log.Dir, arguments[1])
				}
			})
			if err == nil && len(reports) == 0 {
				err = errFindings
			}
			return err
		},
	}
	keys.add(command.Flags())
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command
}

// prove looks in the bundles that are there: those of earlier months may have been deleted.
func prove(log *treelog.Log, uid string) ([]proofReport, error) {
	reports, missing := []proofReport{}, 0
	for bundle := range (log.Newest.Size + evidence.TileWidth - 1) / evidence.TileWidth {
		entries, err := log.Bundle(bundle, log.Newest.Size)
		if errors.Is(err, fs.ErrNotExist) {
			missing++
			continue
		}
		if err != nil {
			return nil, err
		}
		for i, entry := range entries {
			parsed, err := treelog.ParseEntry(entry)
			if err != nil || parsed.UID != uid || uid == "" {
				continue
			}
			proof, err := log.Prove(bundle*evidence.TileWidth + uint64(i))
			if err != nil {
				return nil, err
			}
			reports = append(reports, newProofReport(log, proof))
		}
	}
	if missing > 0 && len(reports) == 0 {
		return nil, fmt.Errorf("no entry that %s still has is of %s; it lacks %s of entries", log.Dir, uid, plural(missing, "bundle"))
	}
	return reports, nil
}

func newProofReport(log *treelog.Log, proof *treelog.Proof) proofReport {
	report := proofReport{
		Index: proof.Index, Entry: proof.Entry, Leaf: base64.StdEncoding.EncodeToString(proof.Leaf[:]), Path: []string{},
	}
	var text strings.Builder
	_, _ = fmt.Fprintf(&text, "c2sp.org/tlog-proof@v1\nindex %d\n", proof.Index)
	for _, hash := range proof.Path {
		encoded := base64.StdEncoding.EncodeToString(hash[:])
		report.Path = append(report.Path, encoded)
		text.WriteString(encoded + "\n")
	}
	text.WriteString("\n")
	text.Write(log.Newest.Note)
	report.Proof = text.String()
	return report
}
