package auditlog

import "strings"

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

// linkOf returns the operation of a request that puts something to a resource or takes it from it, and the path with its preposition.
func linkOf(action string, path pathTarget) (operation, pathTarget, bool) {
	parent, child := path.parentKind, path.kind
	collection, element := path.part, ""
	if path.part != "" {
		if before, last := cutLastSegment(path.part); before != "" {
			collection, element = before, last
		}
		parent, child = path.kind, singular(collection)
	}
	l, ok := links[parent+"/"+child]
	if !ok {
		l, ok = links["/"+child]
	}
	if !ok || parent == "" || strings.Contains(collection, "/") {
		return operation{}, path, false
	}
	var verb linkVerb
	switch {
	case action == "create", action == "update" && element != "":
		verb = l.add
	case action == "delete":
		verb = l.remove
	}
	o := operation{base: verb.base, past: verb.past}
	if action == "delete" && l.inBody && path.part != "" && element == "" {
		noun := spoken(child)
		o.object, path.part = article(noun)+" "+noun+" "+verb.preposition, ""
	}
	path.preposition = verb.preposition
	return o, path, verb.base != ""
}
