// Package derive makes an audit event of a notification: what was done, by whom and to what, and how and when it ended, whichever service
// sent it. Each rule names the code of OpenStack that it follows.
package derive

import (
	"cmp"
	"net/netip"
	"strings"
	"time"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/redact"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/request"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/cadf"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// Event types of the audit middlewares.
const (
	HTTPRequest  = "audit.http.request"
	HTTPResponse = "audit.http.response"
)

// fromMiddleware is the start of the event types of the audit middlewares.
const fromMiddleware = "audit."

// Deriver derives events, one after the other.
type Deriver struct {
	// UnknownUserNames is what becomes of what was typed as the name of an unknown user.
	UnknownUserNames UnknownUserNames
	// Texts keeps the texts that are no parts of the message.
	Texts Texts
}

// Source is what an event is derived from.
type Source struct {
	*oslo.Notification
	// Service is who emitted the notification.
	Service *audit.Service
	// Sent is the notification's Timestamp; zero where it is no time.
	Sent time.Time
}

// Unplaced is what has no field in an event, beside the lists and extras of the notification.
type Unplaced struct {
	// Extras are fields that have a place on other records, not on this one.
	Extras []cadf.Extra
	// UsualReporter reports that the reporter chain says no more than the time of the event.
	UsualReporter bool
}

// Derive fills e, which must be audit.Event{}.
func (d *Deriver) Derive(e *audit.Event, s Source) Unplaced {
	c := &s.Event
	e.Service = *s.Service
	d.envelope(e, s)
	keystone := e.Notification.FromKeystone()
	if c.Reason.Type == "HTTP" {
		e.Request.StatusCode = int64(reasonCode(c.Reason.Code))
	}
	e.Request.Path, e.Request.Query, _ = strings.Cut(redact.URL(c.RequestPath), "?")
	if c.Target.TypeURI != keystoneUserURI || !keystone {
		e.CADF.TargetTypeURI = c.Target.TypeURI
	}
	if keystone {
		identityEvent(e, s.Notification)
	} else {
		requestEvent(e, c)
	}
	e.Category = category(e, keystone)
	if c.Action != e.Action && !turnedRound(s.EventType, c.Action) {
		e.CADF.Action = c.Action
	}
	if c.Action == "" || keystone {
		request.Operate(&e.Request, cmp.Or(e.CADF.Action, e.Action))
	}
	e.Outcome = outcome(s.Notification)
	e.ErrorType = errorType(s.Notification, e.Action, e.Outcome)
	d.actor(e, s.Notification)
	hidden := e.ErrorType == audit.ErrorUserNotFound && d.UnknownUserNames != UnknownUserNamesKeep
	e.CADF.ReasonType = redact.Text(c.Reason.Type)
	if hidden {
		e.CADF.ReasonType = strings.TrimSuffix(userNotFound, ":")
	}
	unplaced := Unplaced{Extras: extras(e, s.Notification, hidden)}
	fromReporter := d.times(e, s)
	if chain := c.ReporterChain; len(chain) == 1 {
		unplaced.UsualReporter = fromReporter && chain[0].Role == "modifier" && chain[0].Reporter.ID == "target"
	}
	d.fromCADF(e, c, hidden)
	return unplaced
}

func (d *Deriver) envelope(e *audit.Event, s Source) {
	e.Notification.EventType, e.Notification.PublisherID = s.EventType, s.PublisherID
	e.Notification.Timestamp = d.iso(s.Timestamp, s.Sent)
	e.Notification.PlainText = s.Line != nil && s.Line.PlainText
}

// Envelope fills in what a notification says that is no audit event.
func (d *Deriver) Envelope(e *audit.Event, s Source) {
	e.Service = *s.Service
	d.envelope(e, s)
}

// keystoneUserURI is a constant of Keystone's initiators, and of the targets of its authentications and role assignments.
const keystoneUserURI = "service/security/account/user"

// correlationTag starts the tag that joins a request with its response, keystonemiddleware/audit/_api.py.
const correlationTag = "correlation_id?value="

// fromCADF fills in what the event says itself. A value that only repeats a derived one, or a constant of every producer, is left out.
func (d *Deriver) fromCADF(e *audit.Event, c *cadf.Event, hidden bool) {
	to, i := &e.CADF, &c.Initiator
	if i.ID != e.Actor.User.ID && (!hidden || request.IsUUID(i.ID)) {
		to.InitiatorID = i.ID
	}
	if i.TypeURI != keystoneUserURI {
		to.InitiatorTypeURI = i.TypeURI
	}
	to.InitiatorHostID, to.InitiatorHostPlatform = i.Host.ID, i.Host.Platform
	to.CredentialType, to.CredentialIdentityStatus = i.Credential.Type, i.Credential.IdentityStatus
	to.EventID, to.Name, to.Severity = c.ID, c.Name, c.Severity
	if c.EventType != "activity" {
		to.EventType = c.EventType
	}
	if !strings.HasSuffix(c.TypeURI, "/cloud/audit/1.0/event") {
		to.TypeURI = c.TypeURI
	}
	if c.Outcome != e.Outcome {
		to.Outcome = c.Outcome
	}
	if e.Request.StatusCode == 0 {
		to.ReasonCode = c.Reason.Code
	} else {
		to.ReasonType = ""
	}
	to.ReasonPolicyType, to.ReasonPolicyID = c.Reason.PolicyType, c.Reason.PolicyID
	correlated := false
	for _, tag := range c.Tags {
		if id, ok := strings.CutPrefix(tag, correlationTag); ok && !correlated {
			correlated, e.CorrelationID = true, strings.TrimPrefix(id, "openstack:")
		} else {
			to.Tags = append(to.Tags, redact.Text(tag))
		}
	}
	if t := &c.Target; t.ID != e.Target.ID && t.ID != e.Service.Name && t.ID != c.Observer.ID {
		to.TargetID = t.ID
	}
	if t := &c.Target; t.Name != e.Target.Name && t.Name != e.Service.Name {
		to.TargetName = t.Name
	}
	if o := &c.Observer; o.ID != "target" { // a back-reference: observer and target are the same
		to.ObserverID = o.ID
	}
	if o := &c.Observer; o.Name != e.Service.Name {
		to.ObserverName = o.Name
	}
	if kind, part, ok := serviceTypeOfURI(c.Observer.TypeURI); !ok || part != "" || kind != e.Service.Type {
		to.ObserverTypeURI = c.Observer.TypeURI
	}
}

// plainAddress writes an IPv4 address as such that a server which listens for IPv6 too has as ::ffff:192.0.2.7: filters for networks of
// IPv4 do not find it otherwise.
func plainAddress(address string) string {
	if !strings.HasPrefix(address, "::ffff:") {
		return address
	}
	if a, err := netip.ParseAddr(address); err == nil && a.Is4In6() && a.Zone() == "" {
		return a.Unmap().String()
	}
	return address
}
