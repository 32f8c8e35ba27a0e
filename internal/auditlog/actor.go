package auditlog

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/cadf"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// actor is who did it, and with which token. Empty where the notification does not say.
type actor struct {
	userID, userName, userHash   string
	userDomainID, userDomainName string
	projectID, projectName       string
	projectDomainName            string
	domainID, domainName         string
	requestID, globalRequestID   string
}

func (m *Mapper) actorOf(n *oslo.Notification, action, errorType string) actor {
	if n.Kind == oslo.KindBasic {
		a := actor{requestID: n.Basic.RequestID, globalRequestID: n.Basic.GlobalRequestID}
		a.fromLine(n)
		return a
	}
	i := &n.Event.Initiator
	if !n.Event.HasInitiator {
		var a actor
		a.fromLine(n)
		return a
	}
	a := actor{
		userID:            actorID(n, i),
		userName:          cmp.Or(i.Name, i.Username, i.SubmittedName),
		userDomainID:      i.UserDomainID,
		userDomainName:    cmp.Or(i.Domain, i.UserDomainName),
		projectID:         i.ProjectID,
		projectName:       i.ProjectName,
		projectDomainName: i.ProjectDomainName,
		requestID:         i.RequestID,
		globalRequestID:   i.GlobalRequestID,
	}
	if action == audit.ActionAuthenticate {
		// Before the login there is no scope: it is the domain of the (claimed) user.
		a.userDomainID = cmp.Or(a.userDomainID, i.DomainID)
		a.userDomainName = cmp.Or(a.userDomainName, i.DomainName)
	} else {
		a.domainID, a.domainName = i.DomainID, i.DomainName
	}
	if strings.HasPrefix(n.EventType, "identity.") && a.userID == "" && a.userName != "" && isPathID(a.userName) &&
		strings.HasPrefix(i.ID, "openstack:") {
		// Icehouse and Juno wrote the user's id into the name.
		a.userID, a.userName = a.userName, cmp.Or(i.Username, i.SubmittedName)
	}
	if errorType == audit.ErrorUserNotFound {
		m.hideUnknownName(&a)
	}
	return a
}

// actorID is initiator.id only where that is an id of Keystone's, as it is in the
// events of the audit middlewares: for a user who is not known pyCADF makes one up, and for ids of other forms than a UUID (LDAP,
// federation) Keystone hashes it, keystone/notifications.py build_audit_initiator.
func actorID(n *oslo.Notification, i *cadf.Initiator) string {
	if i.UserID != "" {
		return i.UserID
	}
	if i.Credential.User != "" && i.Credential.User != filler {
		return i.Credential.User
	}
	switch {
	case i.ID == filler, i.ID == "default", i.ID == "initiator", strings.HasPrefix(i.ID, "openstack:"):
		return ""
	case !strings.HasPrefix(n.EventType, "audit.") && isUUID(i.ID):
		return ""
	default:
		return i.ID
	}
}

// fromLine takes the actor from the log line: oslo.log's context knows it where
// Keystone's event does not.
func (a *actor) fromLine(n *oslo.Notification) {
	if n.Line == nil || !strings.HasPrefix(n.EventType, "identity.") {
		return
	}
	a.userID, a.userDomainID = n.Line.UserID, n.Line.UserDomainID
	a.projectID, a.domainID = n.Line.ProjectID, n.Line.DomainID
	a.requestID = cmp.Or(a.requestID, n.Line.RequestID)
	a.globalRequestID = cmp.Or(a.globalRequestID, n.Line.GlobalRequestID)
}

// hideUnknownName keeps what was typed as a user's name or id out of the record:
// it may be a password.
func (m *Mapper) hideUnknownName(a *actor) {
	if m.config.UnknownUserNames == UnknownUserNamesKeep {
		return
	}
	typed := cmp.Or(a.userName, a.userID)
	a.userName, a.userID = "", ""
	if m.config.UnknownUserNames == UnknownUserNamesHash && typed != "" {
		sum := sha256.Sum256([]byte(typed))
		a.userHash = hex.EncodeToString(sum[:])
	}
}

// dropFiller takes out the "unknown" that the audit middlewares write where they
// know nothing. In Keystone's events the word is a name like any other, and so is a
// name whose id is known: a token has both or neither.
func dropFiller(e *cadf.Event) {
	t, i := &e.Target, &e.Initiator
	for _, pair := range [...]struct{ id, name *string }{
		{&i.ID, &i.Name}, {&i.UserID, &i.Username}, {&i.ProjectID, &i.ProjectName}, {&i.DomainID, &i.DomainName}, {&i.UserDomainID, &i.UserDomainName},
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

func (w *writer) actor(a *actor) {
	w.text(audit.AttrUserID, a.userID)
	w.name(audit.AttrUserName, a.userName)
	w.text(audit.AttrUserHash, a.userHash)
	w.text(audit.AttrUserDomainID, a.userDomainID)
	w.name(audit.AttrUserDomainName, a.userDomainName)
	w.text(audit.AttrProjectID, a.projectID)
	w.name(audit.AttrProjectName, a.projectName)
	w.name(audit.AttrProjectDomainName, a.projectDomainName)
	w.text(audit.AttrDomainID, a.domainID)
	w.name(audit.AttrDomainName, a.domainName)
	w.text(audit.AttrRequestID, a.requestID)
	w.text(audit.AttrRequestGlobalID, a.globalRequestID)
}
