// Audit-verify holds what a backend gives back against the evidence logs that the collectors signed, offline.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// The exit statuses.
const (
	exitClean      = 0
	exitFindings   = 1
	exitCannotTell = 2
)

// errFindings and errCannotTell end a command whose report says why.
var (
	errFindings   = errors.New("there are findings")
	errCannotTell = errors.New("it cannot be told")
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

func run(ctx context.Context, arguments []string, stdin io.Reader, stdout, stderr io.Writer) int {
	command := newCommand()
	command.SetArgs(arguments)
	command.SetIn(stdin)
	command.SetOut(stdout)
	command.SetErr(stderr)
	err := command.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitClean
	case errors.Is(err, errFindings):
		return exitFindings
	case !errors.Is(err, errCannotTell):
		_, _ = fmt.Fprintln(stderr, "audit-verify:", err)
	}
	return exitCannotTell
}

// version is set by the linker.
var version = "unknown"

func newCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "audit-verify",
		Short: "Shows offline which audit records are as they left the collector, and which are altered, missing or extra",
		Long: `audit-verify holds what a backend gives back against the evidence logs that the collectors signed.

Exit status: 0 nothing found, 1 findings, 2 it cannot be told.`,
		Version:      version,
		SilenceUsage: true, SilenceErrors: true,
	}
	command.AddCommand(newKeygenCommand(), newLogCommand(), newProveCommand(), newRecordsCommand())
	return command
}
