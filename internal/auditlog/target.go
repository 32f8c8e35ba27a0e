package auditlog

import (
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// target is what something was done to. Empty where the notification does not say.
type target struct {
	kind, id, name string

	userID, groupID, projectID, domainID, roleID string
	// inherited is true or false for role assignments.
	inherited string
}

// The types of targets whose ids have a place of their own.
const (
	typeUser           = "user"
	typeGroup          = "group"
	typeProject        = "project"
	typeDomain         = "domain"
	typeRole           = "role"
	typeRoleAssignment = "role_assignment"
)

// targetOf returns the target, and what was asked of it where that is a part of it.
func targetOf(n *oslo.Notification, kind, path string) (t target, part string) {
	switch {
	case strings.HasPrefix(n.EventType, "identity."):
		return identityTarget(n, kind), ""
	case strings.HasPrefix(n.EventType, "audit.http."):
		return httpTarget(n, path)
	default:
		return resourceTarget(n), ""
	}
}

func identityTarget(n *oslo.Notification, kind string) target {
	t := target{kind: kind}
	e := &n.Event
	t.userID, t.groupID, t.projectID, t.domainID, t.roleID = e.User, e.Group, e.Project, e.Domain, e.Role
	t.inherited = e.Inherited
	if kind == "" || kind == typeRoleAssignment {
		return t // the target of both is a random id
	}
	switch {
	case n.Kind == oslo.KindBasic:
		t.id = n.Basic.ResourceInfo
	case e.ResourceInfo != "":
		t.id = e.ResourceInfo
	case !isUUID(e.Target.ID):
		t.id = e.Target.ID
	}
	t.name = e.Target.Name
	switch n.Basic.ActorType {
	case typeUser:
		t.userID = n.Basic.ActorID
	case typeGroup:
		t.groupID = n.Basic.ActorID
	}
	if field := t.idField(kind); field != nil && *field == "" {
		*field = t.id
	}
	return t
}

// idField is the place of the id of a kind of target.
func (t *target) idField(kind string) *string {
	switch kind {
	case typeUser:
		return &t.userID
	case typeGroup:
		return &t.groupID
	case typeProject:
		return &t.projectID
	case typeDomain:
		return &t.domainID
	case typeRole:
		return &t.roleID
	default:
		return nil
	}
}

func httpTarget(n *oslo.Notification, path string) (t target, part string) {
	e := &n.Event
	p := walkPath(path, e.Target.TypeURI, e.Initiator.ProjectID)
	return target{kind: p.kind, id: p.id, projectID: e.Target.ProjectID, domainID: e.Target.DomainID}, p.part
}

// resourceTarget reads the target that openstack-audit-middleware names.
func resourceTarget(n *oslo.Notification) target {
	e := &n.Event
	t := target{projectID: e.Target.ProjectID, domainID: e.Target.DomainID}
	if _, rest, ok := serviceTypeOfURI(e.Target.TypeURI); ok {
		if i := strings.LastIndexByte(rest, '/'); i >= 0 {
			rest = rest[i+1:]
		}
		t.kind = singular(strings.TrimPrefix(rest, "X"))
	}
	if e.Target.ID != "" && e.Target.ID == e.Observer.ID {
		return t // a call on a collection: id and name are the service's
	}
	t.id, t.name = decimalID(e.Target.ID), e.Target.Name
	return t
}

// decimalID undoes uuid.UUID(int=n), openstack-audit-middleware/auditmiddleware/_api.py.
func decimalID(id string) string {
	if !isUUID(id) || !strings.HasPrefix(id, "00000000-0000-0000-") {
		return id
	}
	u, err := uuid.Parse(id)
	if err != nil {
		return id
	}
	var n uint64
	for _, b := range u[8:] {
		n = n<<8 | uint64(b)
	}
	return strconv.FormatUint(n, 10)
}

// isInherited reads the text of inherited_to_projects.
func (t *target) isInherited() (inherited, known bool) {
	if t.inherited == "" {
		return false, false
	}
	inherited, err := strconv.ParseBool(t.inherited)
	return inherited, err == nil
}

func (w *writer) target(t *target) {
	w.text(AttrTargetType, t.kind)
	w.text(AttrTargetID, t.id)
	w.name(AttrTargetName, t.name)
	w.text(AttrTargetUserID, t.userID)
	w.text(AttrTargetGroupID, t.groupID)
	w.text(AttrTargetProjectID, t.projectID)
	w.text(AttrTargetDomainID, t.domainID)
	w.text(AttrTargetRoleID, t.roleID)
	if inherited, known := t.isInherited(); known {
		w.boolean(AttrRoleAssignmentInherited, inherited)
	}
}
