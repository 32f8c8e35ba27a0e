package openstackauditreceiver

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"

	"github.com/openstack-audit/otelcol-openstack-audit/receiver/openstackauditreceiver/internal/metadatatest"
)

type sourceFunc func(ctx context.Context, stop <-chan struct{})

func (f sourceFunc) run(ctx context.Context, stop <-chan struct{}) { f(ctx, stop) }

// TestShutdownIsBounded: how long Shutdown takes, by what a source does once it is to stop.
func TestShutdownIsBounded(t *testing.T) {
	t.Parallel()
	finishesAfter := func(d time.Duration) sourceFunc {
		return func(ctx context.Context, stop <-chan struct{}) {
			<-stop
			select {
			case <-ctx.Done():
			case <-time.After(d):
			}
		}
	}
	for _, test := range []struct {
		name     string
		source   sourceFunc
		deadline time.Duration
		want     time.Duration
		err      string
	}{
		{"idle", finishesAfter(0), 0, 0, ""},
		{"finishes in time", finishesAfter(3 * time.Second), 0, 3 * time.Second, ""},
		{"finishes in the caller's time", finishesAfter(time.Minute), time.Hour, time.Minute, ""},
		{"abandoned at the caller's deadline", finishesAfter(time.Minute), time.Second, time.Second, ""},
		{"abandoned where there is no deadline", finishesAfter(time.Hour), 0, shutdownTimeout, ""},
		{
			"deaf to cancellation",
			func(context.Context, <-chan struct{}) { time.Sleep(time.Hour) }, time.Second, time.Second + closeTimeout,
			"did not give back the batch in flight within 5s",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r, err := newAuditReceiver(metadatatest.NewSettings(componenttest.NewTelemetry()), createDefaultConfig().(*Config), &backend{})
				require.NoError(t, err)
				r.launch(test.source)
				ctx := context.Background()
				if test.deadline > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, test.deadline)
					defer cancel()
				}
				start := time.Now()
				err = r.Shutdown(ctx)
				assert.Equal(t, test.want, time.Since(start))
				if test.err == "" {
					require.NoError(t, err)
				} else {
					require.ErrorContains(t, err, test.err)
				}
				time.Sleep(2 * time.Hour) // lets the deaf one end
				require.NoError(t, r.Shutdown(ctx), "again")
			})
		})
	}
}
