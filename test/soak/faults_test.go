//go:build soak

package soak

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
	"github.com/openstack-audit/otelcol-openstack-audit/test/load"
)

// spell is how long something is away.
const spell = 20 * time.Second

// The window is how far the publisher is ahead of the sink. While the backend is away more comes than the sending queue has places.
const (
	window     = 20_000
	windowAway = 150_000
)

// faults break one thing after the other.
type faults struct {
	sink     *load.Sink
	keystone *load.Keystone
	node     *rabbitmqtest.Node
	count    atomic.Int64
	window   atomic.Int64
}

func newFaults(s *load.Sink, k *load.Keystone, node *rabbitmqtest.Node) *faults {
	f := &faults{sink: s, keystone: k, node: node}
	f.window.Store(window)
	return f
}

func (f *faults) run(ctx context.Context, t testing.TB, every time.Duration) {
	kinds := []struct {
		name  string
		cause func(context.Context) error
	}{
		{"the backend answers 503", f.backendAway},
		{"the broker closes the collector's connection", f.closeConnection},
		{"the answer to a request is lost", func(context.Context) error {
			f.sink.LoseAnswer()
			return nil
		}},
		{"Keystone answers 503", f.keystoneAway},
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		kind := kinds[i%len(kinds)]
		t.Logf("fault: %s", kind.name)
		f.count.Add(1)
		if err := kind.cause(ctx); err != nil && ctx.Err() == nil {
			t.Errorf("%s: %v", kind.name, err)
		}
	}
}

func (f *faults) backendAway(ctx context.Context) error {
	f.window.Store(windowAway)
	f.sink.SetUnavailable(true)
	pause(ctx, spell)
	f.sink.SetUnavailable(false)
	f.window.Store(window)
	return nil
}

func (f *faults) keystoneAway(ctx context.Context) error {
	f.keystone.Fail(true)
	pause(ctx, spell)
	f.keystone.Fail(false)
	return nil
}

func (f *faults) closeConnection(ctx context.Context) error {
	list, err := f.node.Ctl(ctx, "list_connections", "pid", "client_properties")
	if err != nil {
		return err
	}
	for line := range strings.Lines(list) {
		pid, properties, _ := strings.Cut(line, "\t")
		if strings.HasPrefix(pid, "<") && !strings.Contains(properties, load.PublisherName) {
			if _, err := f.node.Ctl(ctx, "close_connection", pid, "soak"); err != nil {
				return err
			}
		}
	}
	return nil
}

// pause lets a fault last.
func pause(ctx context.Context, duration time.Duration) {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
