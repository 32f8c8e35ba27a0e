package keystoneattributesprocessor

import (
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
)

// reference is an id of a record and the fields that what it names fills in.
type reference struct {
	kind     keystone.Kind
	id, name *audit.Field
	// domainID is that of a user or project; nil for others.
	domainID *audit.Field
}

// referenceTo is a reference by the keys of its attributes; domainID is empty for none.
func referenceTo(kind keystone.Kind, id, name, domainID string) reference {
	return reference{kind: kind, id: audit.FieldOf(id), name: audit.FieldOf(name), domainID: audit.FieldOf(domainID)}
}

// references are all ids that have names, in the order in which they are filled in. Domains come last: users and projects may tell theirs.
// The target, whose kind stands in the record, is none of them.
var references = [...]reference{
	referenceTo(keystone.User, audit.AttrUserID, audit.AttrUserName, audit.AttrUserDomainID),
	referenceTo(keystone.Project, audit.AttrProjectID, audit.AttrProjectName, audit.AttrProjectDomainID),
	referenceTo(keystone.ApplicationCredential, audit.AttrApplicationCredentialID, audit.AttrApplicationCredentialName, ""),
	referenceTo(keystone.User, audit.AttrTargetUserID, audit.AttrTargetUserName, audit.AttrTargetUserDomainID),
	referenceTo(keystone.Project, audit.AttrTargetProjectID, audit.AttrTargetProjectName, audit.AttrTargetProjectDomainID),
	referenceTo(keystone.Group, audit.AttrTargetGroupID, audit.AttrTargetGroupName, ""),
	referenceTo(keystone.Role, audit.AttrTargetRoleID, audit.AttrTargetRoleName, ""),
	referenceTo(keystone.Domain, audit.AttrTargetDomainID, audit.AttrTargetDomainName, ""),
	referenceTo(keystone.Domain, audit.AttrDomainID, audit.AttrDomainName, ""),
	referenceTo(keystone.Domain, audit.AttrUserDomainID, audit.AttrUserDomainName, ""),
	referenceTo(keystone.Domain, audit.AttrProjectDomainID, audit.AttrProjectDomainName, ""),
	referenceTo(keystone.Domain, audit.AttrTargetUserDomainID, audit.AttrTargetUserDomainName, ""),
	referenceTo(keystone.Domain, audit.AttrTargetProjectDomainID, audit.AttrTargetProjectDomainName, ""),
}

// referenceCount is how many references a record has, its target among them.
const referenceCount = target + 1

// target is the index of the target behind the references.
const target = len(references)

// domainOf is the index in references of the domain that a user or project tells, 0 for others.
var domainOf = func() (indexes [len(references)]uint8) {
	for i := range references {
		for d := range references {
			if references[i].domainID != nil && references[d].id == references[i].domainID {
				indexes[i] = uint8(d)
			}
		}
	}
	return indexes
}()

// lacks reports whether an event lacks anything that the reference could fill in.
func (r *reference) lacks(e *audit.Event) bool {
	return *r.id.Text(e) != "" && (*r.name.Text(e) == "" || r.domainID != nil && *r.domainID.Text(e) == "")
}

// targetKind returns what Keystone calls the target, false where Keystone has no name for it. Other services have groups and roles of their
// own: only Keystone's word counts.
func targetKind(e *audit.Event) (keystone.Kind, bool) {
	if !e.Notification.FromKeystone() || e.Target.ID == "" {
		return 0, false
	}
	return keystone.ParseKind(e.Target.Type)
}

// isTrusted reports whether the names beside ids may be learned: not what somebody typed, not what was added to the record before, and not
// what keystonemiddleware could not confirm.
func isTrusted(e *audit.Event) bool {
	return !e.UnknownUser() && e.NamesSource == "" && (e.CADF.CredentialIdentityStatus == "" || e.CADF.CredentialIdentityStatus == "Confirmed")
}

// lookupID returns the id as Keystone spells it, and false for what cannot be an id of Keystone's: those are never
// looked up.
func lookupID(kind keystone.Kind, id string, identity bool) (string, bool) {
	if len(id) == 36 && !identity && strings.Count(id, "-") == 4 {
		// Keystone's ids have no hyphens; services that write them as UUIDs add them. In Keystone's own
		// events a hyphenated id is one that pycadf made up.
		id = strings.ReplaceAll(id, "-", "")
	}
	switch len(id) {
	case 32:
		// keystone/notifications.py puts a UUIDv5 of the user id where the id is no UUID; its ids are UUIDv4.
		hashed := kind == keystone.User && id[12] == '5'
		return id, isHex(id) && !hashed
	case 64:
		// Keystone's ids for LDAP and federated users and groups, keystone/identity/id_generators/sha256.py.
		return id, isHex(id) && (kind == keystone.User || kind == keystone.Group)
	default:
		return id, kind == keystone.Domain && id == "default"
	}
}

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
