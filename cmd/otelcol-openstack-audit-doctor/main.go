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
	"strings"
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
	environment  string
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
It changes nothing at the broker, consumes no message and sends no record. In each directory that the
collector writes to it writes a file and removes it again.

Exit status: 0 no failure, 1 failures, 2 wrong usage.`,
		Args:         cobra.NoArgs,
		Version:      version,
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := readEnvironment(o.environment); err != nil {
				return err
			}
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
	flags.StringVar(&o.environment, "environment-file", "", "variables of the collector's service, as systemd reads them")
	flags.StringVar(&o.collector, "collector", besideMe("otelcol-openstack-audit"), "the collector, which validates the configuration")
	flags.StringVar(&o.management, "management", "", "URL of RabbitMQ's management API (default: ports 15671 and 15672 of the broker)")
	flags.DurationVar(&o.timeout, "timeout", 5*time.Second, "longest time that one answer may take")
	flags.BoolVar(&o.json, "json", false, "print the report as JSON")
	_ = command.MarkFlagRequired("config")
	return command
}

// readEnvironment sets the variables of a file, one NAME=value a line, as the service's EnvironmentFile is (systemd.exec(5)).
func readEnvironment(path string) error {
	if path == "" {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		name, value, found := strings.Cut(line, "=")
		if line == "" || line[0] == '#' || line[0] == ';' || !found {
			continue
		}
		if quoted := len(value) > 1 && (value[0] == '"' || value[0] == '\'') && value[0] == value[len(value)-1]; quoted {
			value = value[1 : len(value)-1]
		}
		if err := os.Setenv(strings.TrimSpace(name), value); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// besideMe is the path of a program in the directory of this one.
func besideMe(name string) string {
	own, err := os.Executable()
	if err != nil {
		return name
	}
	return filepath.Join(filepath.Dir(own), name)
}
