package derive

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/redact"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/request"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/cadf"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// UnknownUserNames is what becomes of what was typed as the name of a user whom Keystone does not know: it may be a password.
type UnknownUserNames string

// The values of UnknownUserNames.
const (
	UnknownUserNamesKeep UnknownUserNames = "keep"
	UnknownUserNamesHash UnknownUserNames = "hash"
	UnknownUserNamesDrop UnknownUserNames = "drop"
)

// actor fills in who did it, and where from.
func (d *Deriver) actor(e *audit.Event, n *oslo.Notification) {
	a, i := &e.Actor, &n.Event.Initiator
	a.RequestID, a.GlobalRequestID = n.Basic.RequestID, n.Basic.GlobalRequestID
	if n.Kind == oslo.KindBasic || !n.Event.HasInitiator {
		fromLine(e, n.Line)
		return
	}
	keystone := e.Notification.FromKeystone()
	e.Client = audit.Client{Address: plainAddress(i.Host.Address), UserAgent: redact.Text(i.Host.Agent)}
	*a = audit.Actor{
		User: audit.DomainEntity{
			ID: actorID(n.EventType, i), Name: cmp.Or(i.Name, i.Username, i.SubmittedName),
			Domain: audit.Entity{ID: i.UserDomainID, Name: cmp.Or(i.Domain, i.UserDomainName)},
		},
		GroupIDs:              i.Credential.Groups,
		Project:               audit.DomainEntity{ID: i.ProjectID, Name: i.ProjectName, Domain: audit.Entity{Name: i.ProjectDomainName}},
		ApplicationCredential: audit.Entity{ID: i.ApplicationCredentialID},
		IdentityProviderID:    i.Credential.IdentityProvider,
		RequestID:             i.RequestID,
		GlobalRequestID:       i.GlobalRequestID,
	}
	if e.Action == audit.ActionAuthenticate {
		// Before the login there is no scope: it is the domain of the (claimed) user.
		a.User.Domain.ID = cmp.Or(a.User.Domain.ID, i.DomainID)
		a.User.Domain.Name = cmp.Or(a.User.Domain.Name, i.DomainName)
	} else {
		a.Domain = audit.Entity{ID: i.DomainID, Name: i.DomainName}
	}
	if keystone && a.User.ID == "" && request.IsID(a.User.Name) && strings.HasPrefix(i.ID, "openstack:") {
		// Icehouse and Juno wrote the user's id into the name.
		a.User.ID, a.User.Name = a.User.Name, cmp.Or(i.Username, i.SubmittedName)
	}
	if e.ErrorType == audit.ErrorUserNotFound {
		d.hideUnknown(a)
	}
}

// actorID is initiator.id only where that is an id of Keystone's, as it is in the events of the audit middlewares: for a user who is not
// known pyCADF makes one up, and for ids of other forms than a UUID (LDAP, federation) Keystone hashes it, keystone/notifications.py
// build_audit_initiator.
func actorID(eventType string, i *cadf.Initiator) string {
	if i.UserID != "" {
		return i.UserID
	}
	if i.Credential.User != "" && i.Credential.User != filler {
		return i.Credential.User
	}
	switch {
	case i.ID == filler, i.ID == "default", i.ID == "initiator", strings.HasPrefix(i.ID, "openstack:"):
		return ""
	case !strings.HasPrefix(eventType, fromMiddleware) && request.IsUUID(i.ID):
		return ""
	default:
		return i.ID
	}
}

// fromLine takes the actor from the log line: oslo.log's context knows it where Keystone's event does not.
func fromLine(e *audit.Event, line *oslo.Line) {
	if line == nil || !e.Notification.FromKeystone() {
		return
	}
	a := &e.Actor
	a.User.ID, a.User.Domain.ID = line.UserID, line.UserDomainID
	a.Project.ID, a.Domain.ID = line.ProjectID, line.DomainID
	a.RequestID = cmp.Or(a.RequestID, line.RequestID)
	a.GlobalRequestID = cmp.Or(a.GlobalRequestID, line.GlobalRequestID)
}

// hideUnknown keeps what was typed as a user's name or id out of the event.
func (d *Deriver) hideUnknown(a *audit.Actor) {
	if d.UnknownUserNames == UnknownUserNamesKeep {
		return
	}
	typed := cmp.Or(a.User.Name, a.User.ID)
	a.User.Name, a.User.ID = "", ""
	if d.UnknownUserNames == UnknownUserNamesHash && typed != "" {
		sum := sha256.Sum256([]byte(typed))
		a.UserHash = hex.EncodeToString(sum[:])
	}
}

// DropFiller takes out the "unknown" that the audit middlewares write where they know nothing. In Keystone's events the word is a name like
// any other, and so is a name whose id is known: a token has both or neither.
func DropFiller(n *oslo.Notification) {
	if !strings.HasPrefix(n.EventType, fromMiddleware) {
		return
	}
	e := &n.Event
	t, i := &e.Target, &e.Initiator
	for _, pair := range [...]struct{ id, name *string }{
		{&i.ID, &i.Name}, {&i.UserID, &i.Username}, {&i.ProjectID, &i.ProjectName}, {&i.DomainID, &i.DomainName},
		{&i.UserDomainID, &i.UserDomainName},
	} {
		if *pair.name == filler && (*pair.id == filler || *pair.id == "") {
			*pair.name = ""
		}
	}
	for _, field := range [...]*string{
		&t.ID, &t.Name, &t.ProjectID, &t.DomainID,
		&i.ID, &i.Domain, &i.UserID, &i.SubmittedName, &i.UserDomainID,
		&i.ProjectID, &i.ProjectDomainName, &i.DomainID,
		&i.RequestID, &i.GlobalRequestID, &i.ApplicationCredentialID, &i.Host.ID, &i.Host.Address, &i.Host.Agent, &i.Host.Platform,
		&i.Credential.Type, &i.Credential.IdentityStatus, &i.Credential.IdentityProvider,
	} {
		if *field == filler {
			*field = ""
		}
	}
	for a := range t.Addresses {
		if t.Addresses[a].URL == filler {
			t.Addresses[a].URL = "" // a catalog without that interface
		}
	}
}

// filler is CADF's word for what is not known.
const filler = "unknown"
