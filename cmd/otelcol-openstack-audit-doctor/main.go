// Otelcol-openstack-audit-doctor reads the configuration of the collector and checks, before the first event, what it needs: the
// broker and each permission, Keystone, the backends, the disk and the clock.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

const program = "otelcol-openstack-audit-doctor"

// The exit statuses.
const (
	exitHealthy  = 0
	exitFailures = 1
	exitUsage    = 2
)

// errFailures ends the command when the report has failures.
var errFailures = errors.New("there are failures")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

func run(ctx context.Context, arguments []string, stdout, stderr io.Writer) int {
	command := newCommand()
	command.SetArgs(arguments)
	command.SetOut(stdout)
	command.SetErr(stderr)
	err := command.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitHealthy
	case errors.Is(err, errFailures):
		return exitFailures
	default:
		_, _ = fmt.Fprintln(stderr, program+":", err)
		return exitUsage
	}
}

// version is set by the linker.
var version = "unknown"

// options are the flags.
type options struct {
	configs      []string
	sets         []string
	featureGates string
	collector    string
	management   string
	timeout      time.Duration
	json         bool
}

func newCommand() *cobra.Command {
	o := options{}
	command := &cobra.Command{
		Use:   program + " --config FILE [--config FILE]...",
		Short: "Checks what the collector needs before the first event: broker, Keystone, backends, disk and clock",
		Long: program + ` reads the collector's configuration and checks, live, what the collector needs.
It takes the same --config and --set as the collector. Run it as the collector's user, with its environment.
It changes nothing at the broker, consumes no message and sends no record.

Exit status: 0 no failure, 1 failures, 2 wrong usage.`,
		Args:         cobra.NoArgs,
		Version:      version,
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(command *cobra.Command, _ []string) error {
			r := examine(command.Context(), &o)
			var err error
			if o.json {
				err = r.json(command.OutOrStdout())
			} else {
				err = r.text(command.OutOrStdout())
			}
			if err == nil && r.Failures > 0 {
				err = errFailures
			}
			return err
		},
	}
	flags := command.Flags()
	flags.StringArrayVar(&o.configs, "config", nil, "configuration of the collector: a file or a URI; more are merged in this order")
	flags.StringArrayVar(&o.sets, "set", nil, "a value over the configuration, as the collector takes it")
	flags.StringVar(&o.featureGates, "feature-gates", "+extension.healthcheck.useComponentStatus", "feature gates of the collector")
	flags.StringVar(&o.collector, "collector", besideMe("otelcol-openstack-audit"), "the collector, which validates the configuration")
	flags.StringVar(&o.management, "management", "", "URL of RabbitMQ's management API (default: ports 15671 and 15672 of the broker)")
	flags.DurationVar(&o.timeout, "timeout", 5*time.Second, "longest time that one answer may take")
	flags.BoolVar(&o.json, "json", false, "print the report as JSON")
	_ = command.MarkFlagRequired("config")
	return command
}

// besideMe is the path of a program in the directory of this one.
func besideMe(name string) string {
	own, err := os.Executable()
	if err != nil {
		return name
	}
	return filepath.Join(filepath.Dir(own), name)
}
