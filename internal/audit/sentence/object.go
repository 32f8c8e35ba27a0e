package sentence

import (
	"bytes"
	"cmp"
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/request"
)

// describe appends what the verb is about to the object: a target with its name or id, a part of it, one or many of a type, or the path of
// the request where it says more than the type.
func (d deed) describe(e *audit.Event, doing *request.Doing) deed {
	things := request.OfProject(&e.Target)
	switch {
	case e.Target.Type == "" && request.IsEmpty(e.Request.Path):
		d.object = append(appendQuoted(append(d.object, "the "...), e.Service.Name), " API"...)
		return d
	case e.Target.Type == "":
		return d.path(e)
	case !hasName(&e.Target):
		return d.collection(e, doing)
	case things != "":
		return d.ofProject(e, things, doing.Part)
	case doing.Part == "":
		return d.target(e, doing.Preposition)
	}
	said, ok := d.part(doing.Part, e.Action)
	switch {
	case !ok:
		d.object = appendQuotedTo(d.object, doing.Part, maxPath)
	case doing.Preposition != "":
		said.tail = append(append(append(said.tail, ' '), doing.Preposition...), ' ')
		said.tail = deed{object: said.tail}.target(e, "").object
		return said
	default:
		d = said
	}
	d.object = append(d.object, " of "...)
	d.object = deed{object: d.object}.target(e, "").object
	return d
}

// target says the target, and what it belongs to where the path names that: behind the object or, with a preposition, behind the verb.
func (d deed) target(e *audit.Event, preposition string) deed {
	if e.Action == audit.ActionList {
		d.base = "read" // what is one cannot be listed, whatever the audit map calls it
	}
	d.object = appendTarget(append(appendNoun(d.object, e, e.Target.Type), ' '), e)
	names := &e.Request.Names
	if names.ParentID == "" || names.ID != e.Target.ID {
		return d
	}
	if preposition == "" {
		d.object = appendParent(append(d.object, " of "...), e)
	} else {
		d.tail = appendParent(append(append(append(d.tail, ' '), preposition...), ' '), e)
	}
	return d
}

func appendParent(dst []byte, e *audit.Event) []byte {
	return appendQuoted(append(appendNoun(dst, e, e.Request.Names.ParentType), ' '), e.Request.Names.ParentID)
}

// ofProject says what there is for each project: the quotas of project payments-prod.
func (d deed) ofProject(e *audit.Event, things, part string) deed {
	d.object = append(d.object, "the "...)
	switch part {
	case "":
	case "default", "defaults":
		d.object = append(d.object, "default "...)
	case "detail", "details":
		d.object = append(d.object, "details of the "...)
	default:
		d.object = append(appendQuotedTo(d.object, part, maxPath), ' ')
	}
	d.object = append(append(d.object, things...), " of project "...)
	if e.Target.Project.ID == e.Target.ID {
		d.object = appendNamed(d.object, &e.Target.Project)
	} else {
		d.object = appendQuoted(d.object, e.Target.ID)
	}
	return d
}

func hasName(t *audit.Target) bool {
	return t.Name != "" || t.ID != "" || t.Type == audit.TypeUser && t.User.Name != "" || t.Type == audit.TypeProject && t.Project.Name != ""
}

// appendTarget appends the name or the id of the target.
func appendTarget(dst []byte, e *audit.Event) []byte {
	t := &e.Target
	switch {
	case t.Type == audit.TypeUser && t.User.Name != "":
		return appendNamed(dst, &t.User)
	case t.Type == audit.TypeProject && t.Project.Name != "":
		return appendNamed(dst, &t.Project)
	default:
		return appendPart(dst, "", cmp.Or(t.Name, t.ID))
	}
}

// collection is the object of a request that names no single target.
func (d deed) collection(e *audit.Event, doing *request.Doing) deed {
	var buffer [room]byte
	noun := appendNoun(buffer[:0], e, e.Target.Type)
	part, ofMethod, names := doing.Part, isOfMethod(e.Action), &e.Request.Names
	switch {
	case doing.Base != "" && e.Action != audit.ActionList && part == "":
		return d.one(noun)
	case part == "default" && ofMethod:
		d.object = append(append(d.object, "the default "...), noun...)
	case part == "defaults" && ofMethod:
		d.object, d.plural = request.AppendPlural(append(d.object, "the default "...), string(noun)), true
	case (part == "global-default" || part == "preferred") && ofMethod:
		d.object = append(append(request.AppendWords(append(d.object, "the "...), part), ' '), noun...)
	case part != "" && ofMethod:
		said, ok := d.part(part, e.Action)
		if !ok {
			return d.path(e)
		}
		d = said
		d.object = request.AppendPlural(append(d.object, " of the "...), string(noun))
	case e.Action == audit.ActionList:
		d.object, d.plural = request.AppendPlural(d.object, string(noun)), true
	case e.Action == audit.ActionRead && names.Plural:
		d.object, d.plural = request.AppendPlural(append(d.object, "the "...), string(noun)), true
	case (e.Action == audit.ActionRead || e.Action == audit.ActionDelete) && names.Type != "" && !names.Plural:
		d.object = append(append(d.object, "the "...), noun...)
	default:
		return d.one(noun)
	}
	return d
}

func (d deed) one(noun []byte) deed {
	d.object = append(append(append(d.object, request.Article(string(noun))...), ' '), noun...)
	return d
}

// isOfMethod recognises the actions that a method gives, so that they are of all that the path says. Others are what the end of the path
// asked for: services/disable.
func isOfMethod(action string) bool {
	switch action {
	case audit.ActionCreate, audit.ActionRead, audit.ActionList, audit.ActionUpdate, audit.ActionDelete:
		return true
	default:
		return false
	}
}

// path says the path of the request itself.
func (d deed) path(e *audit.Event) deed {
	d.object = appendQuotedTo(d.object, e.Request.Path, maxPath)
	d.object = appendQuoted(append(d.object, " at "...), e.Service.Name)
	return d
}

// maxParts is how many segments a part may have to be said in words.
const maxParts = 6

// element is one or two segments of a part, which are said together.
type element struct {
	word string
	// name is the name of an element of a collection, or of a state.
	name  string
	state bool
	// supported is how often the word supported stands behind.
	supported int
}

// part says the part of a path in words, the last first: resources/db/metadata is the metadata of resource db. It reports false, and says
// nothing, where the path does not read as words and names.
func (d deed) part(path, action string) (deed, bool) {
	var (
		segmentBuffer [maxParts]string
		elementBuffer [maxParts]element
	)
	segments, elements := segmentBuffer[:0], elementBuffer[:0]
	for segment := range strings.SplitSeq(path, "/") {
		if len(segments) == maxParts {
			return d, false
		}
		segments = append(segments, segment)
	}
	for i := 0; i < len(segments); i++ {
		word, next := segments[i], ""
		if i+1 < len(segments) {
			next = segments[i+1]
		}
		if !request.IsWord(word) {
			return d, false
		}
		switch {
		case request.IsGroup(word) && next != "":
			continue
		case word == "supported" && len(elements) > 0:
			elements[len(elements)-1].supported++
			continue
		case word == "encryption" && next == "provider": // of a volume type: there is one
			elements = append(elements, element{word: word})
			i++
		case word == "volume" && (next == "connectors" || next == "targets"): // of a bare-metal node
			elements = append(elements, element{word: "volume_" + next})
			i++
		case word == "states" && request.IsWord(next): // of a bare-metal node: states/power
			elements = append(elements, element{word: "state", name: next, state: true})
			i++
		case (request.IsPlural(word) || word == "metadata") && next != "":
			elements = append(elements, element{word: word, name: next})
			i++
		default:
			elements = append(elements, element{word: word})
		}
	}
	last := &elements[len(elements)-1]
	if last.name == "" || last.state {
		many := request.IsPlural(last.word)
		d.plural = many && action != audit.ActionCreate
		if action == audit.ActionList && !many {
			d.base = "read" // what is one cannot be listed, whatever the audit map calls it
		}
	}
	for i := len(elements) - 1; i >= 0; i-- {
		d.object = elements[i].append(d.object, action)
		if i > 0 {
			d.object = append(d.object, " of "...)
		}
	}
	return d, true
}

// append appends one word of a path: the acl; of a collection: tags where they are listed, a tag where one was created.
func (el *element) append(dst []byte, action string) []byte {
	start := len(dst)
	many := request.IsPlural(el.word)
	switch {
	case el.state:
		dst = append(request.AppendWords(append(dst, "the "...), el.name), " state"...)
	case el.name != "":
		if el.word == "metadata" {
			dst = append(dst, "metadata item "...)
		} else {
			dst = append(request.AppendSpoken(dst, request.Singular(el.word)), ' ')
		}
		dst = appendQuoted(dst, request.Unescape(el.name))
	case many && action == audit.ActionList:
		dst = request.AppendWords(dst, el.word)
	case many && action == audit.ActionCreate:
		var buffer [room]byte
		asked := request.AppendSpoken(buffer[:0], request.Singular(el.word))
		dst = append(append(append(dst, request.Article(string(asked))...), ' '), asked...)
	default:
		dst = request.AppendWords(append(dst, "the "...), el.word)
	}
	if el.supported == 0 {
		return dst
	}
	var buffer [room]byte
	words := append(buffer[:0], bytes.TrimPrefix(dst[start:], []byte("the "))...)
	dst = append(dst[:start], "the "...)
	for range el.supported {
		dst = append(dst, "supported "...)
	}
	return append(dst, words...)
}
