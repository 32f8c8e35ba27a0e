// Command quickstart shows what the distribution does: it starts the collector
// with config/quickstart.yaml, publishes real notifications as oslo.messaging
// would, and prints one sentence for each audit event, until it is interrupted.
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

	"golang.org/x/sync/errgroup"
)

const (
	collectorBinary = "build/otelcol-openstack-audit"
	configuration   = "config/quickstart.yaml"
	notifications   = "testdata/notifications"
	startTimeout    = time.Minute
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// run works until ctx ends, and then ends what it started.
func run(ctx context.Context, console io.Writer) (err error) {
	folder, err := os.MkdirTemp("", "otelcol-openstack-audit-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()

	broker, err := openBroker(ctx, console)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, broker.close()) }()

	bodies, err := samples(notifications)
	if err != nil {
		return err
	}
	keystone, err := serveNames(ctx, notifications)
	if err != nil {
		return err
	}
	output := filepath.Join(folder, "audit.json")
	collectorLog := filepath.Join(folder, "collector.log")
	group, ctx := errgroup.WithContext(ctx)
	collector, err := startCollector(ctx, collectorLog, map[string]string{
		"AUDIT_TRANSPORT_URL":       broker.transportURL,
		"AUDIT_QUICKSTART_KEYSTONE": keystone,
		"AUDIT_QUICKSTART_OUTPUT":   output,
	})
	if err != nil {
		return err
	}

	group.Go(func() error { return collector.wait(ctx) })
	group.Go(func() error { return follow(ctx, output, console) })
	group.Go(func() error {
		if err := broker.publish(ctx, bodies); err != nil {
			return err
		}
		fmt.Fprintf(console, "Published %d real notifications; a stand-in for Keystone knows the names. The collector's log is %s. Ctrl-C ends it all.\n\n",
			len(bodies), collectorLog)
		return nil
	})
	if err := group.Wait(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}
