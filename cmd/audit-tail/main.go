// Audit-tail shows the sentences of a running collector as they come.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/printable"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/tail"
)

const defaultSocket = "/var/lib/otelcol-openstack-audit/tail.sock"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newCommand().ExecuteContext(ctx)
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "audit-tail:", err)
		os.Exit(1)
	}
}

// version is set by the linker.
var version = "unknown"

func newCommand() *cobra.Command {
	var filter tail.Filter
	var socket string
	var whole bool
	command := &cobra.Command{
		Use:   "audit-tail",
		Short: "Shows the sentences of a running collector as they come",
		Long: `audit-tail shows the audit records that pass a running collector from now on: time, service and sentence.
The collector needs the processor openstack_audit_tail. Run it as the collector's user or as root.

A record is shown when it fits each filter that is given. A filter that is given more than once fits any of its values.`,
		Args:         cobra.NoArgs,
		Version:      version,
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := filter.Check(); err != nil {
				return err
			}
			p := &printer{out: command.OutOrStdout(), notices: command.ErrOrStderr(), whole: whole}
			err := tail.Watch(command.Context(), socket, filter, p.connected, p)
			switch {
			case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
				return fmt.Errorf("%w: does the collector run, and has it the processor openstack_audit_tail with this socket?", err)
			case errors.Is(err, fs.ErrPermission):
				return fmt.Errorf("%w: run it as the collector's user: sudo -u otelcol-openstack-audit audit-tail", err)
			case errors.Is(err, syscall.EPIPE):
				return nil // who reads the output has enough
			}
			return err
		},
	}
	flags := command.Flags()
	flags.StringVar(&socket, "socket", defaultSocket, "socket of the collector, as its configuration names it")
	flags.BoolVar(&whole, "json", false, "print whole records, one a line, as OTLP/JSON")
	flags.StringArrayVar(&filter.Users, "user", nil, "name or id of the user who did it")
	flags.StringArrayVar(&filter.Projects, "project", nil, "name or id of the user's project")
	flags.StringArrayVar(&filter.Addresses, "address", nil, "address or network of the client, such as 192.0.2.0/24")
	flags.StringArrayVar(&filter.Services, "service", nil, "name of the service, such as keystone")
	flags.StringArrayVar(&filter.Outcomes, "outcome", nil, "success, failure, pending or unknown")
	flags.StringArrayVar(&filter.Events, "event", nil, "event name or event type; * stands for any characters, as in 'identity.user.*'")
	flags.StringArrayVar(&filter.Texts, "text", nil, "part of the sentence, in any case")
	return command
}

// printer prints records to out, and everything else to notices.
type printer struct {
	out, notices io.Writer
	whole        bool
}

func (p *printer) connected() {
	_, _ = fmt.Fprintln(p.notices, "Connected. Records that come from now on are shown.")
}

// Record implements tail.Handler.
func (p *printer) Record(line []byte, logs plog.Logs) error {
	if p.whole {
		_, err := fmt.Fprintf(p.out, "%s\n", line)
		return err
	}
	for _, resource := range logs.ResourceLogs().All() {
		service := "-"
		if name, found := resource.Resource().Attributes().Get(audit.AttrServiceName); found {
			service = printable.Line(name.AsString())
		}
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				at := record.Timestamp()
				if at == 0 {
					at = record.ObservedTimestamp()
				}
				_, err := fmt.Fprintf(p.out, "%s  %-10s  %s\n", at.AsTime().UTC().Format("2006-01-02T15:04:05.000Z"), service,
					printable.Line(record.Body().AsString()))
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Dropped implements tail.Handler.
func (p *printer) Dropped(records uint64) error {
	_, err := fmt.Fprintf(p.notices, "%s: %d records are not shown: they came faster than they were read. Use a filter.\n",
		time.Now().UTC().Format(time.TimeOnly), records)
	return err
}
