package auditlog

import "strings"

// unknownOperation is what was performed where the event does not say.
const unknownOperation = "an unknown action"

// operation is what was performed where the action is more than its first word:
// update/reboot, or where it is none of CADF's; and what the path names beside it.
func (t *texts) operation() (operation string, path pathTarget) {
	path = t.path
	onAction := strings.HasSuffix(t.urlPath, "/action")
	first, sub, more := strings.Cut(t.rawAction, "/")
	switch {
	case t.action == actionOther:
		operation = t.rawAction
		if operation == "" {
			_, operation, _ = cutLast(t.eventType)
		}
		if operation == "" || operation == "unknown" {
			operation = unknownOperation
		}
		return operation, path
	case t.action == "create" && !more && onAction && t.target.id != "":
		return unknownOperation, path // a body without an action, keystonemiddleware/audit/_api.py get_action
	case t.action == actionList || isKeyAction(t.rawAction):
		return "", path
	case !more:
		if before, last := cutLastSegment(path.part); last == t.action {
			path.part = before // backups/<id>/restore
		}
		return "", path
	case first == "update":
		operation = sub
	default:
		operation = t.rawAction
	}
	if onAction {
		return operation, path
	}
	// The audit map's own actions go by the end of the path: that is the operation itself, and no part.
	before, last := cutLastSegment(path.part)
	path.part, path.beyond = before, false
	if strings.HasPrefix(last, operation+"_") {
		operation = last // add of add_router_interface
	}
	return operation, path
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
