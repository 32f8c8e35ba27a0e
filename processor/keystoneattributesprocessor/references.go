package keystoneattributesprocessor

import (
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
)

// reference is an id of a record and the attributes that what it names fills in.
type reference struct {
	kind keystone.Kind
	id   field
	name field
	// domainID and domainName are those of a user or project; noField for the rest.
	domainID, domainName field
}

// references are all ids that have names, in the order in which they are filled in. Domains come last: users and projects
// may tell theirs.
var references = [...]reference{
	{kind: keystone.User, id: userID, name: userName, domainID: userDomainID, domainName: userDomainName},
	{kind: keystone.Project, id: projectID, name: projectName, domainID: projectDomainID, domainName: projectDomainName},
	{kind: keystone.ApplicationCredential, id: credentialID, name: credentialName},
	{kind: keystone.User, id: targetUserID, name: targetUserName, domainID: targetUserDomainID, domainName: targetUserDomainName},
	{kind: keystone.Project, id: targetProjectID, name: targetProjectName, domainID: targetProjectDomainID, domainName: targetProjectDomainName},
	{kind: keystone.Group, id: targetGroupID, name: targetGroupName},
	{kind: keystone.Role, id: targetRoleID, name: targetRoleName},
	{kind: keystone.Domain, id: targetDomainID, name: targetDomainName},
	{kind: keystone.Domain, id: domainID, name: domainName},
	{kind: keystone.Domain, id: userDomainID, name: userDomainName},
	{kind: keystone.Domain, id: projectDomainID, name: projectDomainName},
	{kind: keystone.Domain, id: targetUserDomainID, name: targetUserDomainName},
	{kind: keystone.Domain, id: targetProjectDomainID, name: targetProjectDomainName},
}

// domainOf is the place in references of the domain that a user or project tells, 0 for the rest.
var domainOf = func() (places [len(references)]uint8) {
	for i := range references {
		for d := range references {
			if references[i].domainID != noField && references[d].id == references[i].domainID {
				places[i] = uint8(d)
			}
		}
	}
	return places
}()

// wanting says whether the record lacks anything that the reference could fill in.
func (r *reference) wanting(f *fields) bool {
	return f[r.id] != "" && (f[r.name] == "" || r.domainID != noField && f[r.domainID] == "")
}

// identity says whether Keystone itself sent the notification.
func (f *fields) identity() bool { return strings.HasPrefix(f[eventType], "identity.") }

// unknownUser says whether the record is about a login of somebody whom Keystone does not know: its user id and name are
// what somebody typed. Keystone may translate its texts; then the code is left, keystone/exception.py UserNotFound.
func (f *fields) unknownUser() bool {
	return f[category] == audit.CategoryAuthentication && f[outcome] == audit.OutcomeFailure &&
		(f[errorType] == audit.ErrorUserNotFound || f[errorType] == "404" || f[reasonCode] == "404")
}

// target is the target as a reference, if it is of a kind that Keystone names. Other services have groups and
// roles of their own: only Keystone's word counts.
func (f *fields) target() (keystone.Kind, bool) {
	if !f.identity() || f[targetID] == "" {
		return 0, false
	}
	return keystone.ParseKind(f[targetType])
}

// trusted says whether the names beside ids may be learned: not what somebody typed, not what was added to the record
// before, and not what keystonemiddleware could not confirm.
func (f *fields) trusted() bool {
	return !f.unknownUser() && f[enrichmentSource] == "" && (f[identityStatus] == "" || f[identityStatus] == "Confirmed")
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
