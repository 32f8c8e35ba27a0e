package rabbitmq

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/inbound"
)

// TestReceiveFromTheFirstToTheEnd: what came before Receive comes first, and nothing after its context, or the session, ended.
func TestReceiveFromTheFirstToTheEnd(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		end  func(*Session, context.CancelFunc)
	}{
		{"its context ended", func(_ *Session, cancel context.CancelFunc) { cancel() }},
		{"the session ended", func(s *Session, _ context.CancelFunc) { s.end(errors.New("the end")) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &Session{}
				s.take([]inbound.Delivery{{Tag: 1}, {Tag: 2}})
				s.take([]inbound.Delivery{{Tag: 3}})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var tags []uint64
				go s.Receive(ctx, func(deliveries []inbound.Delivery) {
					for _, d := range deliveries {
						tags = append(tags, d.Tag)
					}
				})
				synctest.Wait()
				s.take([]inbound.Delivery{{Tag: 4}})
				require.Equal(t, []uint64{1, 2, 3, 4}, tags)
				test.end(s, cancel)
				synctest.Wait()
				s.take([]inbound.Delivery{{Tag: 5}})
				require.Equal(t, []uint64{1, 2, 3, 4}, tags)
			})
		})
	}
}
