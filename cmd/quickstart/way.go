package main

import (
	"context"
	"fmt"
	"time"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/freeport"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// way is how notifications come to the collector.
type way interface {
	// configuration is the collector's, and environment what it refers to.
	configuration() string
	environment() map[string]string
	// publish sends the bodies as a service would, once the collector takes them.
	publish(ctx context.Context, bodies [][]byte) error
	// close takes away what was made for the quickstart.
	close() error
}

// direct is the way without a broker: the collector itself is what transport_url points at.
type direct struct{ endpoint string }

// password of the service that publishes, for the loopback interface of a quickstart.
const password = "quickstart-only"

// newDirect finds a free port for the collector to listen on.
func newDirect() (*direct, error) {
	ports, err := freeport.Find(1)
	if err != nil {
		return nil, err
	}
	return &direct{endpoint: fmt.Sprintf("127.0.0.1:%d", ports[0])}, nil
}

func (*direct) configuration() string { return "config/quickstart.yaml" }

func (d *direct) environment() map[string]string {
	return map[string]string{"AUDIT_LISTEN_ENDPOINT": d.endpoint, "AUDIT_LISTEN_PASSWORD": password}
}

func (d *direct) publish(ctx context.Context, bodies [][]byte) error {
	publisher, err := d.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = publisher.Close() }() // all is confirmed by then
	for _, body := range bodies {
		if err := publisher.Publish(ctx, "notifications.info", body); err != nil {
			return err
		}
	}
	return nil
}

// connect tries until the collector listens.
func (d *direct) connect(ctx context.Context) (*rabbitmqtest.Publisher, error) {
	deadline := time.Now().Add(startTimeout)
	for {
		publisher, err := rabbitmqtest.NewPublisher("amqp://keystone:"+password+"@"+d.endpoint+"/", "keystone", false)
		if err == nil {
			return publisher, nil
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("the collector does not listen: %w", err)
		}
		if err := pause(ctx); err != nil {
			return nil, err
		}
	}
}

func (*direct) close() error { return nil }
