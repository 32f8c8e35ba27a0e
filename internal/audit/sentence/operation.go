package sentence

import (
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/request"
)

// unknownOperation is what was performed where the event does not say.
const unknownOperation = "an unknown action"

// request finds the words for what was asked of a service, or done to what Keystone holds.
func (d deed) request(e *audit.Event) deed {
	doing := request.DoingOf(e)
	if doing.Base != "" {
		if doing.Object != "" {
			d.object = append(append(d.object, doing.Object...), ' ')
		}
		d = d.describe(e, &doing)
		d.base, d.past = doing.Base, doing.Past
		if doing.Object != "" {
			d.tail, d.plural = d.tail[:0], false
		}
		return d
	}
	var performed string
	if performed, doing.Part = performance(e, doing.Part); performed != "" {
		d.base, d.past = "perform", "performed"
		d.tail = deed{object: append(d.tail, " on "...)}.describe(e, &doing).object
		if performed == unknownOperation {
			d.object = append(d.object, performed...)
		} else {
			var buffer [room]byte
			d.object = appendQuoted(d.object, string(request.AppendName(buffer[:0], performed)))
		}
		return d
	}
	d = d.describe(e, &doing)
	switch {
	case d.base != "":
	case e.Action == audit.ActionBackup:
		d.base, d.past = "back up", "backed up"
	default:
		d.base = e.Action
	}
	return d
}

// performance returns what was performed, where the action is more than its first word, such as update/rotate, or none of CADF's: its name;
// empty where the action says it. It returns the part without the word for it too.
func performance(e *audit.Event, part string) (name, partLeft string) {
	raw := e.CADF.Action
	first, sub, more := strings.Cut(raw, "/")
	switch {
	case e.Action == audit.ActionOther:
		name = raw
		if name == "" {
			name = e.Notification.EventType[strings.LastIndexByte(e.Notification.EventType, '.')+1:]
		}
		if name == "" || name == "unknown" {
			name = unknownOperation
		}
		return name, part
	case e.Action == audit.ActionCreate && !more && e.Request.OnAction() && e.Target.ID != "":
		return unknownOperation, part // a body without an action, keystonemiddleware/audit/_api.py get_action
	case e.Action == audit.ActionList || isKeyAction(raw) || !more:
		return "", part
	case first == audit.ActionUpdate:
		name = sub
	default:
		name = raw
	}
	if e.Request.OnAction() {
		return name, part
	}
	// The audit map's own actions go by the end of the path: that is the operation itself, and no part.
	before, last := request.CutLast(part)
	if strings.HasPrefix(last, name+"_") {
		name = last // add of add_something
	}
	return name, before
}

// isKeyAction recognises what openstack-audit-middleware adds to the actions on a part that its map does not know: it says no more than the
// action.
func isKeyAction(action string) bool {
	switch action {
	case "read/get", "update/set", "create/put", "delete/unset":
		return true
	default:
		return false
	}
}
