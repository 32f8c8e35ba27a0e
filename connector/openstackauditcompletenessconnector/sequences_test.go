package openstackauditcompletenessconnector

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/totals"
)

var node1 = source{totals.Resource{ServiceName: "keystone", ServiceNamespace: "openstack"}, "node-1"}

func numbered(session string, number int) event {
	return event{service: "keystone", host: "node-1", session: session, number: number}
}

func numbers(session string, of ...int) (events []event) {
	for _, number := range of {
		events = append(events, numbered(session, number))
	}
	return events
}

func TestSequences(t *testing.T) {
	for _, test := range []struct {
		name string
		run  func(l *lab)
		want []string
	}{
		{"nothing is missing", func(l *lab) { l.come(numbers("s", 0, 1, 2, 3, 4)...) }, []string{}},
		{"joined in the middle", func(l *lab) { l.come(numbers("s", 17, 18, 16, 19)...) }, []string{}},
		{"out of order", func(l *lab) { l.come(numbers("s", 0, 4, 2, 3, 1, 5)...) }, []string{}},
		{"one is missing", func(l *lab) { l.come(numbers("s", 0, 1, 3)...) },
			[]string{"open: an event of keystone (node-1) is missing: number 2 of session s"}},
		{"some of a range come", func(l *lab) { l.come(numbers("s", 0, 9, 4)...) }, []string{
			"open: 3 events of keystone (node-1) are missing: numbers 1 to 3 of session s",
			"open: 4 events of keystone (node-1) are missing: numbers 5 to 8 of session s",
		}},
		{"a restart", func(l *lab) { l.come(numbers("s", 5, 6)...).come(numbers("t", 0, 1)...) }, []string{}},
		{"the beginning of the next session", func(l *lab) { l.come(numbers("s", 5, 6)...).come(numbers("t", 2, 3)...) },
			[]string{"open: 2 events of keystone (node-1) are missing: numbers 0 to 1 of session t"}},
		{"replayed", func(l *lab) { l.come(numbers("s", 0, 1, 2)...).come(numbers("s", 0, 1, 2)...) }, []string{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLab(t)
			test.run(l)
			l.pass(4 * time.Minute)
			require.Empty(t, l.sentences(), "they may come")
			l.pass(2 * time.Minute)
			for key, session := range l.sequences.sessions { // the next event of each session
				l.come(numbered(key.ID, int(session.Next)))
			}
			l.pass(time.Minute)
			require.Equal(t, test.want, l.sentences())
		})
	}
}

func TestNumberThatComesLate(t *testing.T) {
	l := newLab(t)
	l.come(numbers("s", 0, 4)...).pass(6 * time.Minute).come(numbered("s", 5)).pass(time.Minute)
	require.Equal(t, []string{"open: 3 events of keystone (node-1) are missing: numbers 1 to 3 of session s"}, l.sentences())
	l.come(numbered("s", 2))
	require.Equal(t, []string{"closed: an event of keystone (node-1) that was missing came after all: number 2 of session s"}, l.sentences())
	require.Len(t, l.sequences.sessions[sessionKey{node1, "s"}].Missing, 2)
}

func TestSequencesAreBounded(t *testing.T) {
	l := newLab(t, func(c *Config) { c.MaxPublishers = 2 })
	for _, id := range []string{"a", "b", "c"} {
		l.come(numbered(id, 0)).pass(time.Second)
	}
	require.Len(t, l.sequences.sessions, 2)
	require.NotContains(t, l.sequences.sessions, sessionKey{node1, "a"})
	for i := range 1000 {
		l.come(numbered("c", 2*i))
	}
	require.Len(t, l.sequences.sessions[sessionKey{node1, "c"}].Missing, maxMissing)
	require.Len(t, l.sentences(), 899, "the oldest gaps are told at once")
}
