package auditlog

// targetName is the name or the id of the target.
func (m *textMaker) targetName(t *texts) string {
	switch {
	case t.target.kind == typeUser && t.targetUserName != "":
		return m.named(t.targetUserName, "", t.targetUserDomainName)
	case t.target.kind == typeProject && t.targetProjectName != "":
		return m.named(t.targetProjectName, "", t.targetProjectDomainName)
	default:
		return m.firstQuoted(t.target.name, t.target.id)
	}
}

// object is what the verb is about: a target with its name or id, a part of it,
// one or many of a type, or the path of the request where it says more than the type.
func (m *textMaker) object(t *texts, service string, path *pathTarget) clause {
	if t.target.kind == "" {
		var room [maxUsualSegments]string
		if segments := pathSegments(room[:0], t.urlPath, ""); len(segments) == 0 {
			return clause{head: m.join("the ", m.quoted(service), " API")}
		}
		return m.request(t, service)
	}
	words := spoken(t.target.kind)
	target := m.targetName(t)
	if target == "" {
		return m.collection(t, words, service, path)
	}
	part := path.part
	if part == "" {
		return clause{kind: words, head: target}
	}
	before, last := cutLastSegment(part)
	c := clause{plural: isPlural(last)}
	if t.action == actionList && !c.plural {
		c.base = "read" // what is one cannot be listed, whatever the audit map calls it
	}
	of := m.join(" of ", words, " ", target)
	switch {
	case before != "", !isPathWord(part):
		c.head = m.join(m.quotedPath(part), of)
	case c.plural && t.action == actionList:
		c.head = m.join(partWords(part), of)
	case c.plural && t.action == "create":
		asked := spoken(singular(part))
		c.head, c.plural = m.join(article(asked), " ", asked, of), false
	default:
		c.head = m.join("the ", partWords(part), of)
	}
	return c
}

// collection is the object of a request that names no single target.
func (m *textMaker) collection(t *texts, words, service string, path *pathTarget) clause {
	switch {
	case path.beyond && isPathAction(t.action):
		return m.request(t, service)
	case t.action == actionList:
		return clause{head: m.plural(words), plural: true}
	case t.action == "read" && path.plural:
		return clause{head: m.join("the ", m.plural(words)), plural: true}
	case t.action == "read" && path.kind != "":
		return clause{head: m.join("the ", words)}
	default:
		return clause{kind: article(words), head: words}
	}
}

// isPathAction recognises the actions that a method gives, so that they are of all
// that the path says. Others are what the end of the path asked for: services/disable.
func isPathAction(action string) bool {
	switch action {
	case "create", "read", actionList, "update", "delete":
		return true
	default:
		return false
	}
}

func (m *textMaker) request(t *texts, service string) clause {
	return clause{head: m.join(m.quotedPath(t.urlPath), " at ", m.quoted(service))}
}

func partWords(part string) string {
	return spoken(normalize(withoutPrefix(part)))
}
