package derive

import (
	"slices"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/cadf"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// extras returns fields that are known, but whose place in the event another field took, or that mean nothing in an event of its type.
func extras(e *audit.Event, n *oslo.Notification, hidden bool) (extras []cadf.Extra) {
	add := func(path, text string, places ...string) {
		if text != "" && !slices.Contains(places, text) {
			extras = append(extras, cadf.Extra{Path: path, Value: literal.Value{Kind: literal.String, Text: text}})
		}
	}
	c, b, t, a := &n.Event, &n.Basic, &e.Target, &e.Actor
	add("resource_info", c.ResourceInfo, t.ID)
	add("user", c.User, t.User.ID)
	add("group", c.Group, t.Group.ID)
	add("project", c.Project, t.Project.ID)
	add("domain", c.Domain, t.Domain.ID)
	add("role", c.Role, t.Role.ID)
	if !t.Inherited.Known {
		add("inherited_to_projects", c.Inherited)
	}
	add("resource_info", b.ResourceInfo, t.ID)
	add("actor_id", b.ActorID, t.User.ID, t.Group.ID)
	add("actor_type", b.ActorType, audit.TypeUser, audit.TypeGroup)
	add("actor_operation", b.ActorOperation, operationAdded, operationRemoved)
	i := &c.Initiator
	add("initiator_domain_id", i.DomainID, a.Domain.ID, a.User.Domain.ID)
	add("initiator_domain_name", i.DomainName, a.Domain.Name, a.User.Domain.Name)
	add("initiator_user_domain_name", i.UserDomainName, a.User.Domain.Name)
	if !hidden {
		add("initiator_username", i.Username, a.User.Name)
		add("initiator_user_name", i.SubmittedName, a.User.Name)
		add("initiator_credential_user", i.Credential.User, a.User.ID, filler)
	}
	return extras
}
