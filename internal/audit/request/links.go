package request

import (
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
)

// link is what a request does where the child of a resource is a thing of its own, which is only put to the resource or taken from it: a
// network that a DHCP agent no longer serves is not deleted.
type link struct {
	add, remove linkVerb
	// inBody reports that a deletion of the collection takes the one away that its body names.
	inBody bool
}

// linkVerb is a verb, and the word between the child and the resource.
type linkVerb struct{ base, past, preposition string }

var (
	addTo      = linkVerb{"add", "added", "to"}
	removeFrom = linkVerb{"remove", "removed", "from"}
	attachTo   = linkVerb{"attach", "attached", "to"}
	detachFrom = linkVerb{"detach", "detached", "from"}
)

// links are the children by what they are put to and their type; without the former they are such anywhere.
var links = map[string]link{
	"/consumer":              {addTo, removeFrom, true},
	"/tag":                   {addTo, removeFrom, false},
	"/trait":                 {addTo, removeFrom, false},
	"agent/dhcp_network":     {addTo, removeFrom, false},
	"agent/l3_router":        {addTo, removeFrom, false},
	"aggregate/image":        {add: linkVerb{"cache", "cached", "on"}},
	"container/secret":       {addTo, removeFrom, true},
	"flavor/service_profile": {linkVerb{"associate", "associated", "with"}, linkVerb{"disassociate", "disassociated", "from"}, false},
	"node/vif":               {attachTo, detachFrom, false},
	"server/interface":       {attachTo, detachFrom, false},
	"server/share":           {attachTo, detachFrom, false},
}

// Doing is what a request does, in the words of the sentence.
type Doing struct {
	// Operation is what the service calls the action; its Base is empty where the action says it.
	audit.Operation
	// Part is the part of the target that it is done to.
	Part string
	// Preposition stands between a part, or a child, and what it belongs to; empty: of.
	Preposition string
}

// DoingOf returns what the request of an event does.
func DoingOf(e *audit.Event) Doing {
	r := &e.Request
	switch {
	case r.Operation != nil:
		return Doing{Operation: *r.Operation, Part: r.Part}
	case e.Action == audit.ActionCreate && r.Names.ID == "" && strings.HasPrefix(r.Names.Type, "manageable_"):
		return Doing{Operation: audit.Operation(*operations["manage"]), Part: r.Part}
	default:
		return linkOf(e.Action, &r.Names)
	}
}

// linkOf returns what a request does that puts something to a resource or takes it from it.
func linkOf(action string, names *audit.Path) Doing {
	parent, child := names.ParentType, names.Type
	collection, element := names.Part, ""
	if names.Part != "" {
		if before, last := CutLast(names.Part); before != "" {
			collection, element = before, last
		}
		parent, child = names.Type, Singular(collection)
	}
	none := Doing{Part: names.Part}
	if parent == "" || strings.Contains(collection, "/") {
		return none
	}
	l, ok := links[parent+"/"+child]
	if !ok {
		l, ok = links["/"+child]
	}
	if !ok {
		return none
	}
	var verb linkVerb
	switch {
	case action == audit.ActionCreate, action == audit.ActionUpdate && element != "":
		verb = l.add
	case action == audit.ActionDelete:
		verb = l.remove
	}
	if verb.base == "" {
		return none
	}
	d := Doing{Operation: audit.Operation{Base: verb.base, Past: verb.past}, Part: names.Part, Preposition: verb.preposition}
	if action == audit.ActionDelete && l.inBody && names.Part != "" && element == "" {
		noun := string(AppendSpoken(nil, child))
		d.Object, d.Part = Article(noun)+" "+noun+" "+verb.preposition, ""
	}
	return d
}
