// Command quickstart shows what the distribution does: it starts the collector,
// publishes real notifications to it as oslo.messaging would, straight or through
// RabbitMQ, and prints one sentence for each audit event, until it is interrupted.
package main

import (
	"context"
	"errors"
	"flag"
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
	notifications   = "testdata/notifications"
	startTimeout    = 2 * time.Minute
)

func main() {
	viaRabbitMQ := flag.Bool("rabbitmq", false, "publish to RabbitMQ: that of AUDIT_TRANSPORT_URL, or a private node")
	flag.Parse()
	// A closed terminal, and a reader that has seen enough (| head), must leave no collector behind either.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	err := run(ctx, os.Stdout, *viaRabbitMQ)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// run works until ctx ends, and then ends what it started.
func run(ctx context.Context, console io.Writer, viaRabbitMQ bool) (err error) {
	folder, err := os.MkdirTemp("", "otelcol-openstack-audit-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	bodies, err := samples(notifications)
	if err != nil {
		return err
	}
	way, err := open(ctx, console, viaRabbitMQ)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, way.close()) }()
	keystone, err := serveNames(ctx, notifications)
	if err != nil {
		return err
	}

	output := filepath.Join(folder, "audit.json")
	log := filepath.Join(folder, "collector.log")
	environment := way.environment()
	environment["AUDIT_QUICKSTART_KEYSTONE"] = keystone.authURL
	environment["AUDIT_QUICKSTART_OUTPUT"] = output
	group, ctx := errgroup.WithContext(ctx)
	collector, err := startCollector(ctx, way.configuration(), log, environment)
	if err != nil {
		return err
	}
	group.Go(func() error { return collector.wait(ctx) })
	group.Go(func() error { return follow(ctx, output, console) })
	group.Go(func() error {
		if err := keystone.awaitPreload(ctx); err != nil {
			return err
		}
		if err := way.publish(ctx, bodies); err != nil {
			return err
		}
		fmt.Fprintf(console, "Published %d real notifications; a stand-in for Keystone knows the names. The collector's log is %s. "+
			"Ctrl-C ends it all.\n\n",
			len(bodies), log)
		return nil
	})
	if err := group.Wait(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func open(ctx context.Context, console io.Writer, viaRabbitMQ bool) (way, error) {
	if viaRabbitMQ {
		return openBroker(ctx, console)
	}
	return newDirect()
}
