package openstackauditcompletenessconnector

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/totals"
)

// canaries are logins of the processor keystone_attributes, whose events have to come back.
type canaries struct {
	waiting []canary
	// logins are the last that came: an event may come before the processor tells of its login.
	logins [256]login
	next   int
}

// canary is a login of ours.
type canary struct {
	Source source
	UserID string
	// Sent is when the login began, Came when we were told.
	Sent, Came time.Time
	Missed     bool
}

// login is an event of a login that succeeded.
type login struct {
	userID string
	at     time.Time
}

const (
	// maxCanaries bounds the logins that are waited for.
	maxCanaries = 100
	// clocksDiffer is how far Keystone's clock may be from ours.
	clocksDiffer = 5 * time.Minute
)

// canary is told of a login.
func (t *tracker) canary(r totals.Resource, record plog.LogRecord, now time.Time) {
	c := canary{
		Source: source{Resource: r}.clone(), UserID: strings.Clone(audit.Text(record.Attributes(), audit.AttrUserID)),
		Sent: record.Timestamp().AsTime(), Came: now,
	}
	if c.UserID == "" || t.uids.Seen(audit.Text(record.Attributes(), audit.AttrRecordUID), false) {
		return // several pipelines tell of it
	}
	t.gapsOf(r) // from zero
	if slices.ContainsFunc(t.canaries.logins[:], c.matches) {
		t.back(c.UserID, now)
		return
	}
	t.canaries.waiting = append(t.canaries.waiting, c)
	if len(t.canaries.waiting) > maxCanaries {
		t.canaries.waiting = slices.Delete(t.canaries.waiting, 0, 1)
	}
}

func (c *canary) matches(l login) bool {
	return l.userID == c.UserID && l.at.Sub(c.Sent).Abs() <= clocksDiffer
}

// login is an event that came.
func (t *tracker) login(o observation, now time.Time) {
	if o.Outcome != audit.OutcomeSuccess || o.Actor.User.ID == "" {
		return
	}
	l := login{userID: strings.Clone(o.Actor.User.ID), at: o.sent}
	if i := slices.IndexFunc(t.canaries.waiting, func(c canary) bool { return c.matches(l) }); i >= 0 {
		if !t.canaries.waiting[i].Missed {
			t.canaries.waiting = slices.Delete(t.canaries.waiting, i, i+1)
		}
		t.back(l.userID, now)
		return
	}
	t.canaries.logins[t.canaries.next%len(t.canaries.logins)] = l
	t.canaries.next++
}

// back closes the findings of a user whose login came back.
func (t *tracker) back(userID string, now time.Time) {
	t.canaries.waiting = slices.DeleteFunc(t.canaries.waiting, func(c canary) bool {
		if !c.Missed || c.UserID != userID {
			return false
		}
		t.find(finding{
			Source: c.Source, Kind: kindCanary, State: stateClosed, Since: c.Sent, Found: now, UserID: userID,
			Sentence: fmt.Sprintf("logins of the collector come back as events again; that of %s did not come in time", at(c.Sent)),
		})
		return true
	})
}

// checkCanaries looks for logins that should have come back: events that were sent later came, or none does any more.
func (t *tracker) checkCanaries(now time.Time) {
	for i := range t.canaries.waiting {
		c := &t.canaries.waiting[i]
		within := t.config.CanaryWithin
		if c.Missed || now.Sub(later(c.Came, t.started)) <= within || !t.progress(now).After(c.Sent) {
			continue
		}
		c.Missed = true
		t.find(finding{
			Source: c.Source, Kind: kindCanary, State: stateOpen, Since: c.Sent, Found: now, UserID: c.UserID,
			Sentence: fmt.Sprintf("the login of the collector at Keystone as user %s at %s did not come back as an event within %s",
				word(c.UserID), at(c.Sent), lasting(within)),
		})
	}
}

// overdue is how many logins of each resource did not come back.
func (c *canaries) overdue() map[totals.Resource]uint64 {
	overdue := map[totals.Resource]uint64{}
	for i := range c.waiting {
		if c.waiting[i].Missed {
			overdue[c.waiting[i].Source.Resource]++
		}
	}
	return overdue
}
