package openstackauditcompletenessconnector

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/delivery"
)

func asked(id string) event {
	return event{service: "nova", publisher: "nova-api", kind: eventRequest, id: id, outcome: audit.OutcomePending}
}

func answered(id string) event {
	return event{service: "nova", publisher: "nova-api", kind: eventResponse, id: id, outcome: audit.OutcomeSuccess}
}

func (e event) sent(at time.Time) event { e.at = at; return e }

func (e event) of(service, publisher string) event {
	e.service, e.publisher = service, publisher
	return e
}

func TestResponseThatDoesNotCome(t *testing.T) {
	l := newLab(t)
	l.come(asked("a"), answered("a"), asked("b")).pass(10*time.Minute).come(asked("c"), answered("c")).pass(10 * time.Minute)
	require.Empty(t, l.sentences(), "nobody has sent anything later yet")
	l.come(asked("d"), answered("d")).pass(time.Minute)
	require.Equal(t, []string{"open: nova (nova-api) sent no response to request b of 2026-11-21T00:00:00Z within 15m0s"}, l.sentences())
	l.pass(time.Hour).come(answered("d")).pass(time.Hour)
	require.Empty(t, l.sentences(), "it is told once")
	l.come(answered("b"))
	require.Equal(t, []string{
		"closed: the response of nova (nova-api) to request b of 2026-11-21T00:00:00Z came after all, sent 2h21m0s later",
	}, l.sentences())
	require.EqualValues(t, 1, l.values()["nova openstack.audit.gaps openstack.audit.gap.kind=response"])
	require.Empty(t, l.requests.waiting)
}

// Of batches that are delivered at the same time the later one may come first: its response is one to the request of the earlier one.
func TestResponseInABatchThatOvertakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		s := &side{checker: &checker{tracker: l.tracker}}
		queue := delivery.NewQueue(2, func(*int) int { return 1 })
		var turns []context.Context
		for i := range 2 {
			queue.Put(i)
			batch, err := queue.Take(t.Context(), 1)
			require.NoError(t, err)
			turns = append(turns, batch.Turn.Context(t.Context()))
		}
		request, response := l.logsOf(asked("a")), l.logsOf(answered("a"))
		later := make(chan error, 1)
		go func() { later <- s.ConsumeLogs(turns[1], response) }()
		synctest.Wait()
		require.NoError(t, s.ConsumeLogs(turns[0], request))
		require.NoError(t, <-later)
		require.Empty(t, l.requests.waiting)
	})
}

// A host that went down sends nothing later: others do.
func TestResponseOfPublisherThatIsGone(t *testing.T) {
	l := newLab(t)
	l.come(asked("a"), answered("a"), asked("b"))
	for range 5 {
		l.pass(10 * time.Minute).come(keystone1)
	}
	require.Empty(t, l.sentences())
	l.pass(15 * time.Minute).come(keystone1)
	require.Len(t, l.sentences(), 1)
}

func TestResponsesThatAreNotMissed(t *testing.T) {
	for _, test := range []struct {
		name string
		run  func(l *lab)
	}{
		{"one that comes in time", func(l *lab) {
			l.come(asked("a")).pass(14*time.Minute).come(asked("b"), answered("b")).pass(30 * time.Second).come(answered("a"))
		}},
		{"an upload", func(l *lab) {
			l.come(asked("x").of("glance", "glance-api"), answered("x").of("glance", "glance-api"), asked("a").of("glance", "glance-api"))
			for range 5 {
				l.pass(time.Hour).come(asked("y").of("glance", "glance-api"), answered("y").of("glance", "glance-api"))
			}
			l.come(answered("a").of("glance", "glance-api"))
		}},
		{"those of a publisher that sends requests alone", func(l *lab) {
			for _, id := range []string{"a", "b", "c", "d"} {
				l.come(asked(id)).pass(10 * time.Minute)
			}
		}},
		{"those of a publisher that sends responses alone", func(l *lab) {
			for _, id := range []string{"a", "b", "c", "d"} {
				l.come(answered(id)).pass(10 * time.Minute)
			}
		}},
		{"single events of the same id of another publisher", func(l *lab) {
			l.come(asked("a"), answered("a").of("nova", "nova-api-2"), answered("a"))
		}},
		{"a day's backlog within a minute, with pairs that are 14 minutes apart", func(l *lab) {
			day := began.Add(-24 * time.Hour)
			for i := range 24 {
				hour := day.Add(time.Duration(i) * time.Hour)
				id := hour.String()
				l.come(asked(id).sent(hour)).pass(time.Second)
				l.come(keystone1.sent(hour.Add(7*time.Minute)), answered(id).sent(hour.Add(14*time.Minute)))
			}
		}},
		{"a request that was read before the collector lost its broker for an hour", func(l *lab) {
			l.come(asked("x"), answered("x"), asked("a")).pass(time.Hour).come(answered("a").sent(began.Add(time.Second)), keystone1)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLab(t)
			test.run(l)
			l.pass(20 * time.Minute).come(keystone1).pass(2 * time.Hour).come(keystone1).pass(time.Minute)
			require.Empty(t, l.sentences())
		})
	}
}

// The Rust Keystone tells of an attempt before it changes something, and of the outcome under another id.
func TestAttemptWithoutOutcome(t *testing.T) {
	change := func(number int, id, target, outcome string) event {
		return event{
			service: "keystone", host: "node-1", kind: "identity.user.created", id: id, outcome: outcome, requestID: "req-1", target: target,
			session: "s", number: number,
		}
	}
	l := newLab(t)
	l.come(change(0, "n:1", "alice", audit.OutcomePending), change(1, "n:2", "alice", audit.OutcomeSuccess),
		change(2, "n:3", "bob", audit.OutcomePending), change(3, "n:4", "carol", audit.OutcomePending),
		change(4, "n:5", "carol", audit.OutcomeFailure)).pass(20 * time.Minute)
	l.come(change(5, "n:6", "dave", audit.OutcomeSuccess)).pass(time.Minute)
	require.Equal(t, []string{"open: keystone (node-1) sent no response to request n:3 of 2026-11-21T00:00:00Z within 15m0s"}, l.sentences())
}

func TestRequestsAreBounded(t *testing.T) {
	l := newLab(t, func(c *Config) { c.MaxRequests = 2 })
	l.come(asked("a"), asked("b"), asked("c"), answered("c"), answered("a"), answered("b"))
	require.EqualValues(t, 1, l.check(l.now)["request"])
	require.Empty(t, l.requests.waiting)
}

// Of a real capture all responses are there; the two that are taken out are found, and no other.
func TestResponsesOfCapture(t *testing.T) {
	for _, test := range []struct {
		name    string
		without []int // responses
		want    int
	}{
		{"amqp-audit-middleware", nil, 0},
		{"amqp-audit-middleware", []int{0, 50}, 2},
		{"amqp-audit-middleware-sapcc", nil, 0},
		{"amqp-keystone-messagingv2", nil, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			logs := capture(t, test.name)
			responses, taken := 0, map[string]bool{}
			for _, rl := range logs.ResourceLogs().All() {
				for _, sl := range rl.ScopeLogs().All() {
					sl.LogRecords().RemoveIf(func(record plog.LogRecord) bool {
						if audit.Text(record.Attributes(), audit.AttrNotificationEventType) != eventResponse {
							return false
						}
						responses++
						take := slices.Contains(test.without, responses-1)
						if take {
							taken[audit.Text(record.Attributes(), audit.AttrEventID)] = true
						}
						return take
					})
				}
			}
			l := newLab(t)
			l.observe(logs, l.now)
			l.pass(30 * time.Minute)
			for _, p := range l.publishers.known {
				l.come(event{service: p.Source.ServiceName, publisher: p.Source.Publisher})
			}
			l.pass(7 * time.Hour)
			require.Len(t, l.unsent(), test.want)
			for _, f := range l.unsent() {
				require.True(t, taken[f.EventID], f.Sentence)
			}
			for key, value := range l.values() {
				require.False(t, value != 0 && key[len(key)-len("sent_again"):] == "sent_again", key)
			}
		})
	}
}
