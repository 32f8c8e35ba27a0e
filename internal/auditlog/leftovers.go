package auditlog

import (
	"slices"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/cadf"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// leftovers are fields that are known, but whose place on the record another
// field took, or that mean nothing in an event of this kind.
func leftovers(n *oslo.Notification, f *facts) (extras []cadf.Extra) {
	add := func(path, text string, places ...string) {
		if text != "" && !slices.Contains(places, text) {
			extras = append(extras, cadf.Extra{Path: path, Value: literal.Value{Kind: literal.String, Text: text}})
		}
	}
	e, b, t, a := &n.Event, &n.Basic, &f.target, &f.actor
	add("resource_info", e.ResourceInfo, t.id)
	add("user", e.User, t.userID)
	add("group", e.Group, t.groupID)
	add("project", e.Project, t.projectID)
	add("domain", e.Domain, t.domainID)
	add("role", e.Role, t.roleID)
	if _, known := t.isInherited(); !known || !f.identity {
		add("inherited_to_projects", e.Inherited)
	}
	add("resource_info", b.ResourceInfo, t.id)
	add("actor_id", b.ActorID, t.userID, t.groupID)
	add("actor_type", b.ActorType, audit.TypeUser, audit.TypeGroup)
	add("actor_operation", b.ActorOperation, operationAdded, operationRemoved)
	i := &e.Initiator
	add("initiator_domain_id", i.DomainID, a.domainID, a.userDomainID)
	add("initiator_domain_name", i.DomainName, a.domainName, a.userDomainName)
	add("initiator_user_domain_name", i.UserDomainName, a.userDomainName)
	if !f.hidden {
		add("initiator_username", i.Username, a.userName)
		add("initiator_user_name", i.SubmittedName, a.userName)
		add("initiator_credential_user", i.Credential.User, a.userID, "unknown")
	}
	return extras
}
