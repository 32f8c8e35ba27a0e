package auditlog

import (
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/cadf"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// target is what something was done to. Empty where the notification does not say.
type target struct {
	kind, id, name string

	userID, groupID, projectID, domainID, roleID string
	// inherited is true or false for role assignments.
	inherited string
}

// targetOf returns the target, and what the path of the request names.
func targetOf(n *oslo.Notification, kind, path string) (target, pathTarget) {
	if strings.HasPrefix(n.EventType, "identity.") {
		return identityTarget(n, kind), pathTarget{}
	}
	e := &n.Event
	t := target{projectID: e.Target.ProjectID, domainID: e.Target.DomainID}
	if isHTTP(n.EventType) {
		p := walkPath(path, e.Target.TypeURI, e.Initiator.ProjectID)
		t.kind, t.id, t.name = p.kind, p.id, p.name
		if isOfProject(&t) && t.projectID == "" {
			t.projectID = t.id
		}
		return t, p
	}
	p := walkPath(path, "", e.Initiator.ProjectID)
	t.fromResource(e, path, &p)
	p.belongTo(t.id)
	return t, p
}

// isHTTP recognises the events of keystonemiddleware, whose type URI follows the path.
func isHTTP(eventType string) bool { return strings.HasPrefix(eventType, "audit.http.") }

// belongTo takes out of p what it says of another than the target: openstack-audit-middleware names that itself.
func (p *pathTarget) belongTo(id string) {
	if id != p.id {
		p.part = ""
	}
}

func identityTarget(n *oslo.Notification, kind string) target {
	t := target{kind: kind}
	e := &n.Event
	t.userID, t.groupID, t.projectID, t.domainID, t.roleID = e.User, e.Group, e.Project, e.Domain, e.Role
	t.inherited = e.Inherited
	if kind == "" || kind == audit.TypeRoleAssignment {
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
	case audit.TypeUser:
		t.userID = n.Basic.ActorID
	case audit.TypeGroup:
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
	case audit.TypeUser:
		return &t.userID
	case audit.TypeGroup:
		return &t.groupID
	case audit.TypeProject:
		return &t.projectID
	case audit.TypeDomain:
		return &t.domainID
	case audit.TypeRole:
		return &t.roleID
	default:
		return nil
	}
}

// fromResource reads the target that openstack-audit-middleware names. Of a part of
// a resource it has the id of the resource with the type of the part, and types that
// its map lacks it makes up, with a leading X: there the path knows better.
func (t *target) fromResource(e *cadf.Event, path string, p *pathTarget) {
	if rest, ok := resourceType(e); ok {
		if i := strings.LastIndexByte(rest, '/'); i >= 0 {
			rest = rest[i+1:]
		}
		name, undeclared := strings.CutPrefix(rest, "X")
		if undeclared && path != "" {
			t.kind = p.kind
		} else if name != "unknown" {
			t.kind = singular(name)
		}
	}
	if e.Target.ID != "" && e.Target.ID == e.Observer.ID {
		// A call on a collection: id and name are the service's. The path may name an element that the map does not know.
		if p.id != "" && (t.kind == "" || t.kind == p.kind) {
			t.kind, t.id, t.name = p.kind, p.id, p.name
		}
		return
	}
	t.id, t.name = decimalID(e.Target.ID), e.Target.Name
	if t.id != "" && t.id == p.id && p.part != "" && t.kind != p.kind {
		t.kind, t.name = p.kind, "" // the name is that of the part
	}
}

// resourceType returns the type URI of a target below its service's: that of a
// service type that is known, or of the observer.
func resourceType(e *cadf.Event) (string, bool) {
	_, rest, ok := serviceTypeOfURI(e.Target.TypeURI)
	if ok {
		return rest, true
	}
	_, service, _ := serviceTypeOfURI(e.Observer.TypeURI)
	below, found := strings.CutPrefix(rest, service)
	if service == "" || !found {
		return "", false
	}
	return strings.CutPrefix(below, "/")
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
	w.text(audit.AttrTargetType, t.kind)
	w.text(audit.AttrTargetID, t.id)
	w.name(audit.AttrTargetName, t.name)
	w.text(audit.AttrTargetUserID, t.userID)
	w.text(audit.AttrTargetGroupID, t.groupID)
	w.text(audit.AttrTargetProjectID, t.projectID)
	w.text(audit.AttrTargetDomainID, t.domainID)
	w.text(audit.AttrTargetRoleID, t.roleID)
	if inherited, known := t.isInherited(); known {
		w.boolean(audit.AttrRoleAssignmentInherited, inherited)
	}
}
