package rabbitmq

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenkalti/backoff/v7"
	"github.com/stretchr/testify/require"
)

// attempt is one generation that a client began: where, with which prefetch, and how long after the one before it.
type attempt struct {
	host     string
	prefetch int
	after    time.Duration
}

// TestReconnect: a generation that ends is followed by one at the next host, after a wait for each round over all hosts.
func TestReconnect(t *testing.T) {
	t.Parallel()
	refused := generationEnd{reason: errors.New("connection refused")}
	lost := generationEnd{reason: errors.New("connection lost"), consumed: true}
	paused := generationEnd{reason: errors.New("paused for too long"), consumed: true, nextPrefetch: 7}
	for _, test := range []struct {
		name  string
		hosts []Host
		ends  []generationEnd
		want  []attempt
	}{
		{
			"each host at once, and the rounds ever later", []Host{{Address: "a"}, {Address: "b"}}, slices.Repeat([]generationEnd{refused}, 9),
			[]attempt{{"b", 100, 0}, {"a", 100, 0}, {"b", 100, 1}, {"a", 100, 0}, {"b", 100, 2}, {"a", 100, 0}, {"b", 100, 4}, {"a", 100, 0},
				{"b", 100, 4}},
		},
		{
			"after a connection the waits begin anew", []Host{{Address: "a"}}, []generationEnd{refused, refused, lost, refused, refused},
			[]attempt{{"a", 100, 0}, {"a", 100, 1}, {"a", 100, 2}, {"a", 100, 1}, {"a", 100, 2}},
		},
		{
			"a lower prefetch for one generation", []Host{{Address: "a"}}, []generationEnd{paused, lost, lost},
			[]attempt{{"a", 100, 0}, {"a", 7, 1}, {"a", 100, 1}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				observer := &recorder{}
				client := NewClient(Config{
					Hosts: test.hosts, Prefetch: 100,
					Backoff: backoff.ExponentialBackOff{InitialInterval: 1, Multiplier: 2, MaxInterval: 4},
				}, observer)
				var attempts []attempt
				before := time.Now()
				client.consume = func(_ context.Context, host Host, prefetch int, _ func(context.Context, *Session) error) generationEnd {
					attempts = append(attempts, attempt{host.Address, prefetch, time.Since(before)})
					before = time.Now()
					if len(attempts) == len(test.ends) {
						cancel()
					}
					return test.ends[len(attempts)-1]
				}
				require.ErrorIs(t, client.Run(ctx, nil), context.Canceled)
				if len(test.hosts) > 1 && attempts[0].host != test.want[0].host { // the order of the hosts is random, and then stays
					for i := range test.want {
						test.want[i].host = attempts[i%2].host
					}
				}
				require.Equal(t, test.want, attempts)
				require.Equal(t, StateConnecting, observer.states[0])
				require.Contains(t, observer.states, StateWaiting)
			})
		})
	}
}
