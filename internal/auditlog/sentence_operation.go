package auditlog

import (
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
)

// unknownOperation is what was performed where the event does not say.
const unknownOperation = "an unknown action"

// operation is what was performed: a known one, or where the action is more than its first word, such as update/rotate, or none of
// CADF's, its name; and what the path names beside it. Where all is empty the action says it.
func (t *texts) operation() (known operation, name string, path pathTarget) {
	path = t.path
	action := t.rawAction
	if action == "" {
		action = t.action
	}
	onAction := strings.HasSuffix(t.urlPath, "/action")
	first, sub, more := strings.Cut(t.rawAction, "/")
	if o, rest, ok := operationOf(action, t.urlPath, path); ok {
		return o, "", rest
	}
	if t.action == "create" && path.id == "" && strings.HasPrefix(path.kind, "manageable_") {
		return operations["manage"], "", path
	}
	if o, rest, ok := linkOf(t.action, path); ok {
		return o, "", rest
	}
	switch {
	case t.action == audit.ActionOther:
		name = t.rawAction
		if name == "" {
			_, name, _ = cutLast(t.eventType)
		}
		if name == "" || name == "unknown" {
			name = unknownOperation
		}
		return known, name, path
	case t.action == "create" && !more && onAction && t.target.id != "":
		return known, unknownOperation, path // a body without an action, keystonemiddleware/audit/_api.py get_action
	case t.action == audit.ActionList || isKeyAction(t.rawAction) || !more:
		return known, "", path
	case first == "update":
		name = sub
	default:
		name = t.rawAction
	}
	if onAction {
		return known, name, path
	}
	// The audit map's own actions go by the end of the path: that is the operation itself, and no part.
	before, last := cutLastSegment(path.part)
	path.part = before
	if strings.HasPrefix(last, name+"_") {
		name = last // add of add_something
	}
	return known, name, path
}

// isKeyAction recognises what openstack-audit-middleware adds to the actions on a
// part that its map does not know: it says no more than the action.
func isKeyAction(action string) bool {
	switch action {
	case "read/get", "update/set", "create/put", "delete/unset":
		return true
	default:
		return false
	}
}

func cutLastSegment(path string) (before, last string) {
	i := strings.LastIndexByte(path, '/')
	return path[:max(0, i)], path[i+1:]
}
