package derive

import (
	"net/http"
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/request"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/cadf"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// isCADFAction recognises the first words of CADF's action taxonomy, DSP0262 appendix A.3, and list, which OpenStack writes as read/list.
func isCADFAction(word string) bool {
	switch word {
	case audit.ActionBackup, "capture", audit.ActionCreate, "configure", audit.ActionRead, audit.ActionList, audit.ActionUpdate,
		audit.ActionDelete, "monitor", "start", "stop", "deploy", "undeploy", "enable", audit.ActionDisable, "send", "receive",
		audit.ActionAuthenticate, "renew", audit.ActionRevoke, "restore", "evaluate", "allow", "deny", "notify":
		return true
	default:
		return false
	}
}

// What basic notifications call the change of a group's members.
const (
	operationAdded   = "added"
	operationRemoved = "removed"
)

// keystoneOperations are the operations of Keystone's event types, keystone/notifications.py ACTIONS.
var keystoneOperations = map[string]string{
	"created": audit.ActionCreate, "updated": audit.ActionUpdate, "deleted": audit.ActionDelete, "disabled": audit.ActionDisable,
}

// splitIdentityEvent takes apart identity.<type>.<operation>, and the form of Kilo and before, identity.<operation>.<type>.
func splitIdentityEvent(eventType string) (targetType, operation string) {
	middle, ok := strings.CutPrefix(eventType, "identity.")
	if !ok {
		return "", ""
	}
	first, last, ok := cutLast(middle)
	if !ok {
		return "", middle
	}
	if _, known := keystoneOperations[last]; !known {
		if _, known := keystoneOperations[first]; known {
			return request.Normalize(last), first
		}
	}
	return strings.ReplaceAll(request.Normalize(first), ".", "_"), last
}

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '.')
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+1:], true
}

// turnedRound recognises created.user of identity.user.created.
func turnedRound(eventType, action string) bool {
	middle, ok := strings.CutPrefix(eventType, "identity.")
	if !ok {
		return false
	}
	targetType, operation, ok := cutLast(middle)
	if !ok {
		return false
	}
	after, ok := strings.CutPrefix(action, operation)
	return ok && len(after) == len(targetType)+1 && after[0] == '.' && after[1:] == targetType
}

// identityEvent fills in the action and the target of an event of Keystone's.
func identityEvent(e *audit.Event, n *oslo.Notification) {
	targetType, operation := splitIdentityEvent(n.EventType)
	e.Action = identityAction(n, targetType, operation)
	if e.Action == audit.ActionAuthenticate {
		targetType = ""
	}
	e.Target.Type = targetType
	identityTarget(&e.Target, n)
}

func identityAction(n *oslo.Notification, targetType, operation string) string {
	switch n.Basic.ActorOperation {
	case operationAdded:
		return audit.ActionAddMember
	case operationRemoved:
		return audit.ActionRemoveMember
	}
	if targetType == audit.TypeRoleAssignment {
		switch operation {
		case "created":
			return audit.ActionAssign
		case "deleted":
			return audit.ActionRevoke
		}
	}
	if action, ok := keystoneOperations[operation]; ok {
		return action
	}
	if isCADFAction(operation) {
		return operation
	}
	return audit.ActionOther
}

// requestEvent fills in the action and the target of a request to a service.
func requestEvent(e *audit.Event, c *cadf.Event) {
	e.Actor.Project.ID = c.Initiator.ProjectID // the path may hold it
	names := request.Names(e)
	e.Target.Project.ID, e.Target.Domain.ID = c.Target.ProjectID, c.Target.DomainID
	if e.Notification.OverHTTP() {
		e.Target.Type, e.Target.ID, e.Target.Name = names.Type, names.ID, names.Name
		if request.OfProject(&e.Target) != "" && e.Target.Project.ID == "" {
			e.Target.Project.ID = e.Target.ID
		}
	} else {
		resourceTarget(&e.Target, c, e.Request.Path, &names)
		if e.Target.ID != names.ID {
			names.Part = "" // of another than the target: openstack-audit-middleware names that itself
		}
	}
	e.Request.Names = names
	e.Action = requestAction(&e.Request, c.Action, c.Target.TypeURI)
}

// requestAction returns the action of a request to a service, one of a short list. typeURI is the target's.
func requestAction(r *audit.Request, action, typeURI string) string {
	if own := request.Operate(r, action); own != "" {
		return own
	}
	first, sub, _ := strings.Cut(action, "/")
	switch {
	case first == audit.ActionRead && (sub == audit.ActionList || strings.HasPrefix(sub, audit.ActionList+"/")):
		return audit.ActionList
	case action == audit.ActionUpdate && (r.StatusCode == http.StatusCreated || r.Operation == nil && createdByUpdate(&r.Names, typeURI)):
		return audit.ActionCreate // keystonemiddleware makes update of a POST to a collection that the audit map does not have
	case isCADFAction(first):
		return first
	default:
		return audit.ActionOther
	}
}

// createdByUpdate recognises an update of what cannot be updated, since it is a collection. typeURI is the target's: of words that the
// audit map has it ends in them, and their POST was a create.
func createdByUpdate(names *audit.Path, typeURI string) bool {
	if names.ID == "" {
		return names.Type != "" && names.Part == ""
	}
	switch names.Part {
	case "aggregates", "allocations", "extra_specs", "group-specs", "group_specs", "inventories", "members", "tags", "traits", "users":
		return false // which are set as a whole
	default:
		return request.IsPlural(names.Part) && request.IsWord(names.Part) && !strings.HasSuffix(typeURI, "/"+names.Part)
	}
}

func category(e *audit.Event, keystone bool) string {
	switch {
	case e.Action == audit.ActionAuthenticate:
		return audit.CategoryAuthentication
	case !keystone:
		return audit.CategoryResource
	case audit.IsConfiguration(e.Target.Type):
		return audit.CategoryConfiguration
	default:
		return audit.CategoryIAM
	}
}
