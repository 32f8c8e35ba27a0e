package auditlog

import (
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
)

// targetName is the name or the id of the target.
func (m *textMaker) targetName(t *texts) string {
	switch {
	case t.target.kind == audit.TypeUser && t.targetUserName != "":
		return m.named(t.targetUserName, "", t.targetUserDomainName)
	case t.target.kind == audit.TypeProject && t.targetProjectName != "":
		return m.named(t.targetProjectName, "", t.targetProjectDomainName)
	default:
		return m.firstQuoted(t.target.name, t.target.id)
	}
}

// object is what the verb is about: a target with its name or id, a part of it,
// one or many of a type, or the path of the request where it says more than the type.
// known reports whether the verb is that of an operation.
func (m *textMaker) object(t *texts, service string, path *pathTarget, known bool) clause {
	if t.target.kind == "" {
		var room [maxUsualSegments]string
		if segments := pathSegments(room[:0], t.urlPath, ""); len(segments) == 0 {
			return clause{head: m.join("the ", m.quoted(service), " API")}
		}
		return m.request(t, service)
	}
	words := noun(service, t.target.kind, t.urlPath)
	target := m.targetName(t)
	if target == "" && known && t.action != audit.ActionList && path.part == "" {
		return clause{kind: article(words), head: words}
	}
	if target == "" {
		return m.collection(t, words, service, path)
	}
	if isOfProject(&t.target) {
		return clause{head: m.ofProject(t, ofProject[t.target.kind], path.part)}
	}
	c := clause{kind: words, head: target}
	if path.parentID != "" && path.id == t.target.id {
		c.belongTo(m, path.preposition, path.part == "", m.join(noun(service, path.parentKind, t.urlPath), " ", m.quoted(path.parentID)))
	}
	if path.part == "" {
		if t.action == audit.ActionList {
			c.base = "read" // what is one cannot be listed, whatever the audit map calls it
		}
		return c
	}
	whole := m.join(words, " ", c.head)
	c, ok := m.part(path.part, t.action)
	if !ok {
		return clause{head: m.join(m.quotedPath(path.part), " of ", whole)}
	}
	c.belongTo(m, path.preposition, true, whole)
	return c
}

// belongTo adds what the head is of or, where it is a thing of its own, what it is put to.
func (c *clause) belongTo(m *textMaker, preposition string, linked bool, whole string) {
	if preposition == "" || !linked {
		c.head = m.join(c.head, " of ", whole)
		return
	}
	c.tail = m.join(" ", preposition, " ", whole)
}

// ofProject are the types whose ids are those of the projects that they are of, and what there is one of for each.
var ofProject = map[string]string{
	"auto_allocated_topology": "auto-allocated topology", "default_type": "default volume type", "project_quota": "quotas", "quota": "quotas",
	"quota_set": "quotas", "simple_tenant_usage": "usage",
}

// isOfProject reports whether the id of a target is that of a project.
func isOfProject(t *target) bool { return ofProject[t.kind] != "" && isPathID(t.id) }

// ofProject says what there is for each project: the quotas of project payments-prod.
func (m *textMaker) ofProject(t *texts, things, part string) string {
	name := m.quoted(t.target.id)
	if t.target.projectID == t.target.id {
		name = m.named(t.targetProjectName, t.target.id, t.targetProjectDomainName)
	}
	of := m.join(" of project ", name)
	switch part {
	case "":
		return m.join("the ", things, of)
	case "default", "defaults":
		return m.join("the default ", things, of)
	case "detail", "details":
		return m.join("the details of the ", things, of)
	default:
		return m.join("the ", m.quotedPath(part), " ", things, of)
	}
}

// collection is the object of a request that names no single target.
func (m *textMaker) collection(t *texts, words, service string, path *pathTarget) clause {
	switch {
	case path.part == "default" && isPathAction(t.action):
		return clause{head: m.join("the default ", words)}
	case path.part == "defaults" && isPathAction(t.action):
		return clause{head: m.join("the default ", m.plural(words)), plural: true}
	case (path.part == "global-default" || path.part == "preferred") && isPathAction(t.action):
		return clause{head: m.join("the ", m.partWords(path.part), " ", words)}
	case path.part != "" && isPathAction(t.action):
		c, ok := m.part(path.part, t.action)
		if !ok {
			return m.request(t, service)
		}
		c.head = m.join(c.head, " of the ", m.plural(words))
		return c
	case t.action == audit.ActionList:
		return clause{head: m.plural(words), plural: true}
	case t.action == "read" && path.plural:
		return clause{head: m.join("the ", m.plural(words)), plural: true}
	case (t.action == "read" || t.action == "delete") && path.kind != "" && !path.plural:
		return clause{head: m.join("the ", words)}
	default:
		return clause{kind: article(words), head: words}
	}
}

// isPathAction recognises the actions that a method gives, so that they are of all
// that the path says. Others are what the end of the path asked for: services/disable.
func isPathAction(action string) bool {
	switch action {
	case "create", "read", audit.ActionList, "update", "delete":
		return true
	default:
		return false
	}
}

func (m *textMaker) request(t *texts, service string) clause {
	return clause{head: m.join(m.quotedPath(t.urlPath), " at ", m.quoted(service))}
}

// maxPart is how many segments a part may have to be said in words.
const maxPart = 6

// part says the rest of a path in words, the last first: resources/db/metadata is the metadata of resource db. It reports false where
// the path does not read as words and names.
func (m *textMaker) part(path, action string) (clause, bool) {
	var (
		room [maxPart]string
		said string // what is said of the segments so far
		c    clause
	)
	segments := room[:0]
	for segment := range strings.SplitSeq(path, "/") {
		if len(segments) == maxPart {
			return clause{}, false
		}
		segments = append(segments, segment)
	}
	for i := 0; i < len(segments); i++ {
		word, next := segments[i], ""
		if i+1 < len(segments) {
			next = segments[i+1]
		}
		if !isPathWord(word) {
			return clause{}, false
		}
		var last string
		switch {
		case isGroup(word) && next != "":
			continue
		case word == "encryption" && next == "provider": // of a volume type: there is one
			last, c = m.lastPart(word, action)
			i++
		case word == "volume" && (next == "connectors" || next == "targets"): // of a bare-metal node
			last, c = m.lastPart("volume_"+next, action)
			i++
		case word == "states" && isPathWord(next): // of a bare-metal node: states/power
			_, c = m.lastPart("state", action)
			last = m.join("the ", m.partWords(next), " state")
			i++
		case word == "supported" && said != "":
			said = m.join("the supported ", strings.TrimPrefix(said, "the "))
			continue
		case (isPlural(word) || word == "metadata") && next != "":
			of := spoken(singular(word))
			if word == "metadata" {
				of = "metadata item"
			}
			last, c = m.join(of, " ", m.quoted(unescaped(next))), clause{}
			i++
		default:
			last, c = m.lastPart(word, action)
		}
		if said != "" {
			last = m.join(last, " of ", said)
		}
		said = last
	}
	c.head = said
	return c, said != ""
}

// lastPart says one word of a path: the acl; of a collection: tags where they are listed, a tag where one was created.
func (m *textMaker) lastPart(word, action string) (string, clause) {
	c := clause{plural: isPlural(word)}
	if action == audit.ActionList && !c.plural {
		c.base = "read" // what is one cannot be listed, whatever the audit map calls it
	}
	switch {
	case c.plural && action == audit.ActionList:
		return m.partWords(word), c
	case c.plural && action == "create":
		asked := spoken(singular(word))
		c.plural = false
		return m.join(article(asked), " ", asked), c
	default:
		return m.join("the ", m.partWords(word)), c
	}
}

func (m *textMaker) partWords(part string) string {
	part = withoutPrefix(part)
	if one, ok := spokenWords[singularWord(part)]; ok && isPlural(part) {
		return m.plural(one)
	}
	return spoken(normalize(part))
}
