package derive

import (
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/request"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/cadf"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// identityTarget fills in the target of an event of Keystone's, whose type is known.
func identityTarget(t *audit.Target, n *oslo.Notification) {
	c := &n.Event
	t.User.ID, t.Group.ID, t.Project.ID, t.Domain.ID, t.Role.ID = c.User, c.Group, c.Project, c.Domain, c.Role
	if c.Inherited != "" {
		inherited, err := strconv.ParseBool(c.Inherited)
		t.Inherited = audit.Optional[bool]{Value: inherited, Known: err == nil}
	}
	if t.Type == "" || t.Type == audit.TypeRoleAssignment {
		return // the target of both is a random id
	}
	switch {
	case n.Kind == oslo.KindBasic:
		t.ID = n.Basic.ResourceInfo
	case c.ResourceInfo != "":
		t.ID = c.ResourceInfo
	case !request.IsUUID(c.Target.ID):
		t.ID = c.Target.ID
	}
	t.Name = c.Target.Name
	switch n.Basic.ActorType {
	case audit.TypeUser:
		t.User.ID = n.Basic.ActorID
	case audit.TypeGroup:
		t.Group.ID = n.Basic.ActorID
	}
	if id := ownID(t); id != nil && *id == "" {
		*id = t.ID
	}
}

// ownID is the place of the id of the target's type, nil where it has none.
func ownID(t *audit.Target) *string {
	switch t.Type {
	case audit.TypeUser:
		return &t.User.ID
	case audit.TypeGroup:
		return &t.Group.ID
	case audit.TypeProject:
		return &t.Project.ID
	case audit.TypeDomain:
		return &t.Domain.ID
	case audit.TypeRole:
		return &t.Role.ID
	default:
		return nil
	}
}

// resourceTarget fills in the target that openstack-audit-middleware names. Of a part of a resource it has the id of the resource with the
// type of the part, and types that its map lacks it makes up, with a leading X: there the path knows better.
func resourceTarget(t *audit.Target, c *cadf.Event, path string, names *audit.Path) {
	if part, ok := resourceType(c); ok {
		if i := strings.LastIndexByte(part, '/'); i >= 0 {
			part = part[i+1:]
		}
		name, undeclared := strings.CutPrefix(part, "X")
		if undeclared && path != "" {
			t.Type = names.Type
		} else if name != filler {
			t.Type = request.Singular(name)
		}
	}
	if c.Target.ID != "" && c.Target.ID == c.Observer.ID {
		// A call on a collection: id and name are the service's. The path may name an element that the map does not know.
		if names.ID != "" && (t.Type == "" || t.Type == names.Type) {
			t.Type, t.ID, t.Name = names.Type, names.ID, names.Name
		}
		return
	}
	t.ID, t.Name = decimalID(c.Target.ID), c.Target.Name
	if t.ID != "" && t.ID == names.ID && names.Part != "" && t.Type != names.Type {
		t.Type, t.Name = names.Type, "" // the name is that of the part
	}
}

// resourceType returns the type URI of a target below its service's: that of a service type that is known, or of the observer.
func resourceType(c *cadf.Event) (string, bool) {
	_, part, ok := serviceTypeOfURI(c.Target.TypeURI)
	if ok {
		return part, true
	}
	_, service, _ := serviceTypeOfURI(c.Observer.TypeURI)
	below, found := strings.CutPrefix(part, service)
	if service == "" || !found {
		return "", false
	}
	return strings.CutPrefix(below, "/")
}

// decimalID undoes uuid.UUID(int=n), openstack-audit-middleware/auditmiddleware/_api.py.
func decimalID(id string) string {
	if !request.IsUUID(id) || !strings.HasPrefix(id, "00000000-0000-0000-") {
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
