package openstackauditcompletenessconnector

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
)

// loggedIn is what the processor tells, authenticated what Keystone sends.
func loggedIn(at time.Time) event {
	return event{service: "otelcol-openstack-audit", kind: audit.EventCanary, user: "reader", at: at, uid: "canary-" + at.String()}
}

func authenticated(at time.Time) event {
	return event{
		service: "keystone", publisher: "identity.ctl01", kind: eventAuthenticate, user: "reader", outcome: audit.OutcomeSuccess, at: at,
	}
}

func TestLoginsThatComeBack(t *testing.T) {
	for _, test := range []struct {
		name string
		run  func(l *lab)
	}{
		{"after it was told", func(l *lab) { l.come(loggedIn(l.now)).pass(time.Second).come(authenticated(began)) }},
		{"before it was told", func(l *lab) { l.come(authenticated(l.now)).pass(time.Second).come(loggedIn(began)) }},
		{"by a clock that is behind", func(l *lab) { l.come(loggedIn(l.now), authenticated(l.now.Add(-4*time.Minute))) }},
		{"told by two pipelines", func(l *lab) { l.come(loggedIn(l.now), authenticated(l.now), loggedIn(l.now)) }},
		{"behind a backlog of an hour", func(l *lab) {
			l.come(loggedIn(l.now))
			for i := range 60 {
				l.come(nova.sent(began.Add(time.Duration(i-60) * time.Minute))).pass(time.Minute - time.Second)
			}
			l.come(authenticated(began))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLab(t)
			test.run(l)
			l.pass(time.Hour)
			require.Empty(t, l.sentences())
			require.Empty(t, l.canaries.waiting)
		})
	}
}

func TestLoginThatDoesNotComeBack(t *testing.T) {
	for _, test := range []struct {
		name string
		run  func(l *lab)
	}{
		{"nothing comes", func(*lab) {}},
		{"others' events come", func(l *lab) { l.come(nova) }},
		{"a failure of the same user", func(l *lab) {
			failed := authenticated(l.now)
			failed.outcome = audit.OutcomeFailure
			l.come(failed)
		}},
		{"another user's", func(l *lab) {
			other := authenticated(l.now)
			other.user = "alice"
			l.come(other)
		}},
		{"one of long ago", func(l *lab) { l.come(authenticated(l.now.Add(-time.Hour))) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLab(t)
			l.come(loggedIn(l.now)).pass(time.Second)
			test.run(l)
			l.pass(9 * time.Minute)
			require.Empty(t, l.sentences())
			l.pass(2 * time.Minute)
			require.Equal(t, []string{
				"open: the login of the collector at Keystone as user reader at 2026-11-21T00:00:00Z did not come back as an event within 10m0s",
			}, l.sentences())
			require.EqualValues(t, 1, l.values()["otelcol-openstack-audit openstack.audit.gaps.open openstack.audit.gap.kind=canary"])

			l.pass(time.Hour).come(loggedIn(l.now), authenticated(l.now))
			require.Equal(t, []string{
				"closed: logins of the collector come back as events again; that of 2026-11-21T00:00:00Z did not come in time",
			}, l.sentences())
			require.EqualValues(t, 0, l.values()["otelcol-openstack-audit openstack.audit.gaps.open openstack.audit.gap.kind=canary"])
		})
	}
}

func TestLoginThatComesBackLate(t *testing.T) {
	l := newLab(t)
	l.come(loggedIn(l.now)).pass(20 * time.Minute)
	require.Len(t, l.sentences(), 1)
	l.come(authenticated(began))
	require.Len(t, l.sentences(), 1)
	require.Empty(t, l.canaries.waiting)
}
