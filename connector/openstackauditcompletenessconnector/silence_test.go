package openstackauditcompletenessconnector

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func expecting(from ExpectFrom, services ...string) func(*Config) {
	return func(c *Config) {
		c.ExpectFrom, c.Expect = from, map[string]time.Duration{}
		for _, service := range services {
			c.Expect[service] = time.Hour
		}
	}
}

var (
	keystone1 = event{service: "keystone", publisher: "identity.ctl01"}
	keystone2 = event{service: "keystone", publisher: "identity.ctl02"}
	nova      = event{service: "nova", publisher: "nova-api"}
)

func TestPublisherFallsSilentAndComesBack(t *testing.T) {
	l := newLab(t, expecting(EachPublisher, "keystone"))
	l.come(keystone1, keystone2, nova)
	for range 6 {
		l.pass(10 * time.Minute).come(keystone2)
	}
	require.Empty(t, l.sentences())
	l.pass(5 * time.Minute).come(keystone2)
	require.Equal(t, []string{
		"open: no event of keystone (identity.ctl01) has come since 2026-11-21T00:00:00Z; at least one within 1h0m0s is expected",
	}, l.sentences(), "nova may be silent, ctl02 is not")
	require.EqualValues(t, 1, l.values()["keystone openstack.audit.gaps.open openstack.audit.gap.kind=silence"])
	l.pass(30 * time.Minute).come(keystone2)
	require.Empty(t, l.sentences(), "it is told once")

	l.come(keystone1).pass(time.Minute)
	require.Equal(t, []string{
		"closed: events of keystone (identity.ctl01) come again; none was sent from 2026-11-21T00:00:00Z to 2026-11-21T01:35:00Z",
	}, l.sentences())
	values := l.values()
	require.EqualValues(t, 0, values["keystone openstack.audit.gaps.open openstack.audit.gap.kind=silence"])
	require.EqualValues(t, 1, values["keystone openstack.audit.gaps openstack.audit.gap.kind=silence"])
}

func TestServiceIsHeardThroughAnyPublisher(t *testing.T) {
	l := newLab(t, expecting(AnyOfService, "keystone"))
	l.come(keystone1, keystone2)
	for range 12 {
		l.pass(10 * time.Minute).come(keystone2)
	}
	require.Empty(t, l.sentences())
	l.pass(2 * time.Hour)
	require.Equal(t, []string{
		"open: no event of keystone has come since 2026-11-21T02:00:00Z; at least one within 1h0m0s is expected",
	}, l.sentences())
}

func TestServiceThatWasNeverHeard(t *testing.T) {
	for _, from := range []ExpectFrom{EachPublisher, AnyOfService} {
		t.Run(string(from), func(t *testing.T) {
			l := newLab(t, expecting(from, "keystone"))
			l.pass(time.Hour)
			require.Empty(t, l.sentences(), "no alarm at the start")
			l.pass(2 * time.Minute)
			require.Equal(t, []string{
				"open: no event of keystone has come since the collector started at 2026-11-21T00:00:00Z; at least one within 1h0m0s is expected",
			}, l.sentences())
			l.come(keystone1).pass(time.Minute)
			require.Len(t, l.sentences(), 1)
		})
	}
}

// A backlog of a day comes in two hours: what each publisher sends is as far apart as it was sent.
func TestBacklogIsNoSilence(t *testing.T) {
	l := newLab(t, expecting(EachPublisher, "keystone", "nova"))
	sent := began.Add(-24 * time.Hour)
	for range 48 {
		k, n := keystone1, nova
		k.at, n.at = sent, sent.Add(time.Minute)
		l.come(k).pass(75 * time.Second)
		l.come(n).pass(75 * time.Second)
		sent = sent.Add(30 * time.Minute)
	}
	require.Empty(t, l.sentences())
}

// The events of the backlog come by publisher, one after the other, longer than expected: a silence by arrival alone.
func TestBacklogOfOneAgentIsNoSilence(t *testing.T) {
	l := newLab(t, expecting(EachPublisher, "keystone"))
	for i := range 100 {
		old := keystone1
		old.at = began.Add(-24*time.Hour + time.Duration(i)*time.Minute)
		l.come(keystone2, old).pass(time.Minute)
	}
	require.Empty(t, l.sentences(), "ctl01 is a day behind, and comes")
}

func TestClockOfPublisherIsWrong(t *testing.T) {
	l := newLab(t, expecting(EachPublisher, "keystone"))
	for range 30 {
		ahead, behind := keystone1, keystone2
		ahead.at, behind.at = l.now.Add(3*time.Hour), l.now.Add(-3*time.Hour)
		l.come(ahead, behind).pass(10 * time.Minute)
	}
	require.Empty(t, l.sentences())
}

func TestPublishersAreForgottenAndBounded(t *testing.T) {
	l := newLab(t, expecting(EachPublisher, "keystone"), func(c *Config) { c.ForgetAfter, c.MaxPublishers = 2*time.Hour, 2 })
	l.come(keystone1, nova, keystone2, keystone2)
	require.EqualValues(t, 2, l.check(l.now)["publisher"])
	require.EqualValues(t, 2, l.values()[" openstack.audit.publisher.records otel.metric.overflow=true"])
	for range 4 {
		l.pass(45 * time.Minute).come(nova)
	}
	require.Equal(t, []string{
		"open: no event of keystone (identity.ctl01) has come since 2026-11-21T00:00:00Z; at least one within 1h0m0s is expected",
		"closed: events of keystone (identity.ctl01) are not expected any more: none has come since 2026-11-21T00:00:00Z",
		"open: no event of keystone has come since 2026-11-21T00:00:00Z; at least one within 1h0m0s is expected",
	}, l.sentences(), "the service is expected all the same")
	l.come(keystone2).pass(time.Minute)
	require.Equal(t, []string{
		"closed: events of keystone come again; none was sent from 2026-11-21T00:00:00Z to 2026-11-21T03:00:00Z",
	}, l.sentences())
}
