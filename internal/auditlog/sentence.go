package auditlog

import (
	"cmp"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// HasSentence says whether the body of a record is its sentence: it ends as that
// does, in the outcome and the reason. To render it for the comparison would cost
// as much as to render it anew.
func HasSentence(record plog.LogRecord) bool {
	body := record.Body()
	if body.Type() != pcommon.ValueTypeStr {
		return false
	}
	text := body.Str()
	if e, ok := record.Attributes().Get(AttrErrorType); ok {
		if text, ok = strings.CutSuffix(text, " ("+quoted(e.AsString())+")"); !ok {
			return false
		}
	}
	outcome, ok := record.Attributes().Get(AttrAuditOutcome)
	return ok && strings.HasSuffix(text, ": "+outcome.Str())
}

// Sentence renders the body of an audit log record from its attributes alone, so
// that it can be rendered again once more is known. Records that are no audit
// events have none.
func Sentence(resource pcommon.Map, record plog.LogRecord) string {
	return sentence(textOf(resource, AttrServiceName), record.Attributes())
}

// firstQuoted returns the first text that there is, made safe for the sentence.
func firstQuoted(texts ...string) string {
	if text := cmp.Or(texts...); text != "" {
		return quoted(text)
	}
	return ""
}

// named returns a name with its domain where that tells it from a namesake, or an id.
func named(name, id, domain string) string {
	if name == "" {
		return firstQuoted(id)
	}
	if name = quoted(name); domain == "" || domain == "Default" {
		return name
	}
	return name + " (" + quoted(domain) + ")"
}

// clause says what was done: <past> <kind> <head><tail>, as in granted role member to user bob.
type clause struct {
	base, past string
	// kind is empty where head says it.
	kind, head, tail string
	plural           bool
}

func sentence(service string, attributes pcommon.Map) string {
	var t texts
	t.read(attributes)
	outcome := t.outcome
	if outcome == "" {
		return ""
	}
	var b strings.Builder
	b.Grow(192)
	user := named(t.userName, t.userID, t.userDomainName)
	if t.category == CategoryAuthentication {
		b.WriteString("login")
		part(&b, " of ", user)
		part(&b, " via ", firstQuoted(t.identityProviderID))
	} else {
		c := t.clause(service)
		c.write(&b, user, outcome)
		t.writeScope(&b)
	}
	part(&b, " from ", firstQuoted(t.clientAddress))
	writeAll(&b, ": ", outcome)
	if e := t.errorType; e != "" {
		writeAll(&b, " (", quoted(e), ")")
	}
	return b.String()
}

func writeAll(b *strings.Builder, texts ...string) {
	for _, text := range texts {
		b.WriteString(text)
	}
}

func part(b *strings.Builder, preposition, value string) {
	if value != "" {
		b.WriteString(preposition)
		b.WriteString(value)
	}
}

func (c *clause) write(b *strings.Builder, user, outcome string) {
	space := ""
	if c.kind != "" {
		space = " "
	}
	if user != "" {
		b.WriteString(user)
		b.WriteByte(' ')
	}
	switch {
	case outcome == OutcomeSuccess && user != "":
		writeAll(b, c.past, " ", c.kind, space, c.head, c.tail)
	case outcome == OutcomeSuccess && c.plural:
		writeAll(b, c.kind, space, c.head, " were ", c.past, c.tail)
	case outcome == OutcomeSuccess:
		writeAll(b, c.kind, space, c.head, " was ", c.past, c.tail)
	default:
		writeAll(b, attempt(outcome, user != ""), c.base, " ", c.kind, space, c.head, c.tail)
	}
}

func attempt(outcome string, active bool) string {
	switch {
	case outcome == OutcomePending && active:
		return "asked to "
	case outcome == OutcomePending:
		return "request to "
	case active:
		return "tried to "
	default:
		return "attempt to "
	}
}

// ownPlace are types for which a project behind them would be read as theirs,
// while it is the token's.
var ownPlace = map[string]bool{
	typeProject: true, "project_tag": true, typeDomain: true, typeRole: true, typeRoleAssignment: true,
	"region": true, "service": true, "endpoint": true, "policy": true, "limit": true,
}

// writeScope writes the scope of the token.
func (t *texts) writeScope(b *strings.Builder) {
	if ownPlace[t.targetType] {
		return
	}
	if project := named(t.projectName, t.projectID, t.projectDomainName); project != "" {
		part(b, " in project ", project)
	} else {
		part(b, " in domain ", firstQuoted(t.domainName, t.domainID))
	}
}

func (t *texts) clause(service string) clause {
	action, kind := t.action, t.targetType
	switch action {
	case actionAssign:
		return t.assignment("grant", "granted", " to ")
	case actionRevoke:
		if kind == typeRoleAssignment {
			return t.assignment("revoke", "revoked", " from ")
		}
	case actionAddMember:
		return t.membership("add", "added", " to ")
	case actionRemoveMember:
		return t.membership("remove", "removed", " from ")
	}
	if kind == typeUser && strings.HasPrefix(t.errorType, "password_") {
		return clause{base: "change", past: "changed", head: "the password of user " + t.target(kind)}
	}
	c := t.object(kind, action, service)
	switch operation := t.operation(action); {
	case operation != "":
		tail := " on " + c.head
		if c.kind != "" {
			tail = " on " + c.kind + " " + c.head
		}
		return clause{base: "perform", past: "performed", head: quoted(operation), tail: tail}
	case action == "backup":
		c.base, c.past = "back up", "backed up"
	default:
		c.base, c.past = action, pastOf(action)
	}
	return c
}

// operation is what was performed where the action is more than its first word:
// update/reboot, or where it is none of CADF's.
func (t *texts) operation(action string) string {
	raw := t.rawAction
	if action == actionOther {
		if raw == "" {
			_, raw, _ = cutLast(t.eventType)
		}
		return raw
	}
	if _, sub, ok := strings.Cut(raw, "/"); ok && action != actionList {
		return sub
	}
	return ""
}

func (t *texts) assignment(base, past, preposition string) clause {
	c := clause{base: base, past: past, head: "a role"}
	if role := firstQuoted(t.targetRoleName, t.targetRoleID); role != "" {
		c.head = "role " + role
	}
	var b strings.Builder
	part(&b, preposition+"user ", named(t.targetUserName, t.targetUserID, t.targetUserDomainName))
	part(&b, preposition+"group ", firstQuoted(t.targetGroupName, t.targetGroupID))
	part(&b, " on project ", named(t.targetProjectName, t.targetProjectID, t.targetProjectDomainName))
	part(&b, " on domain ", firstQuoted(t.targetDomainName, t.targetDomainID))
	if t.inherited == "true" {
		b.WriteString(" (inherited)")
	}
	c.tail = b.String()
	return c
}

func (t *texts) membership(base, past, preposition string) clause {
	c := clause{base: base, past: past, head: "a member"}
	if user := named(t.targetUserName, t.targetUserID, t.targetUserDomainName); user != "" {
		c.head = "user " + user
	}
	var b strings.Builder
	part(&b, preposition+"group ", firstQuoted(t.targetGroupName, t.targetName, t.targetGroupID, t.targetID))
	c.tail = b.String()
	return c
}

// target is the name or the id of the target.
func (t *texts) target(kind string) string {
	switch kind {
	case typeUser:
		if s := named(t.targetUserName, "", t.targetUserDomainName); s != "" {
			return s
		}
	case typeProject:
		if s := named(t.targetProjectName, "", t.targetProjectDomainName); s != "" {
			return s
		}
	}
	return firstQuoted(t.targetName, t.targetID)
}

// object is what the verb is about: a target with its name or id, a part of it,
// one or many of a type, or the path of the request where no type is known.
func (t *texts) object(kind, action, service string) clause {
	path := t.urlPath
	if kind == "" {
		if segments := pathSegments(nil, path, ""); len(segments) == 0 {
			return clause{head: "the " + quoted(service) + " API"}
		}
		return clause{head: quotedPath(path) + " at " + quoted(service)}
	}
	words := strings.ReplaceAll(kind, "_", " ")
	target := t.target(kind)
	if target == "" {
		if action == actionList {
			return clause{head: plural(words), plural: true}
		}
		return clause{head: withArticle(words)}
	}
	asked := ""
	if path != "" {
		asked = walkPath(path, t.cadfTargetTypeURI, t.projectID).part
	}
	// openstack-audit-middleware names the part itself as the target.
	if asked == "" || !strings.HasPrefix(t.eventType, "audit.http.") {
		return clause{kind: words, head: target}
	}
	whole := words + " " + target
	switch action {
	case actionList:
		return clause{head: partWords(asked) + " of " + whole, plural: true}
	case "create":
		return clause{head: withArticle(strings.ReplaceAll(singular(asked), "_", " ")) + " of " + whole}
	default:
		return clause{head: "the " + partWords(asked) + " of " + whole}
	}
}

func partWords(part string) string {
	return strings.ReplaceAll(normalize(strings.TrimPrefix(part, "os-")), "_", " ")
}
