package auditlog

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Sentence renders the body of an audit log record from its attributes alone, so
// that it can be rendered again once more is known. Records that are no audit
// events have none.
func Sentence(resource pcommon.Map, record plog.LogRecord) string {
	return sentence(attribute{resource}.get(AttrServiceName), record.Attributes())
}

// attribute reads texts.
type attribute struct{ pcommon.Map }

func (a attribute) get(key string) string {
	v, ok := a.Get(key)
	if !ok {
		return ""
	}
	return v.AsString()
}

// first returns the first attribute that there is, made safe for the sentence.
func (a attribute) first(keys ...string) string {
	for _, key := range keys {
		if s := a.get(key); s != "" {
			return quoted(s)
		}
	}
	return ""
}

// named returns a name with its domain where that tells it from a namesake, or an id.
func (a attribute) named(name, id, domain string) string {
	s := a.first(name)
	if s == "" {
		return a.first(id)
	}
	if d := a.get(domain); d != "" && d != "Default" {
		s += " (" + quoted(d) + ")"
	}
	return s
}

// clause says what was done: <past> <head><tail>, as in granted role member to user bob.
type clause struct {
	base, past string
	head, tail string
	plural     bool
}

func sentence(service string, attributes pcommon.Map) string {
	a := attribute{attributes}
	outcome := a.get(AttrAuditOutcome)
	if outcome == "" {
		return ""
	}
	var b strings.Builder
	b.Grow(192)
	user := a.named(AttrUserName, AttrUserID, AttrUserDomainName)
	if a.get(AttrAuditCategory) == CategoryAuthentication {
		b.WriteString("login")
		part(&b, " of ", user)
		part(&b, " via ", a.first(AttrIdentityProviderID))
	} else {
		c := a.clause(service)
		c.write(&b, user, outcome)
		a.writeScope(&b)
	}
	part(&b, " from ", a.first(AttrClientAddress))
	b.WriteString(": " + outcome)
	if e := a.get(AttrErrorType); e != "" {
		b.WriteString(" (" + quoted(e) + ")")
	}
	return b.String()
}

func part(b *strings.Builder, preposition, value string) {
	if value != "" {
		b.WriteString(preposition)
		b.WriteString(value)
	}
}

func (c *clause) write(b *strings.Builder, user, outcome string) {
	if user != "" {
		b.WriteString(user)
		b.WriteByte(' ')
	}
	switch {
	case outcome == OutcomeSuccess && user != "":
		b.WriteString(c.past + " " + c.head + c.tail)
	case outcome == OutcomeSuccess && c.plural:
		b.WriteString(c.head + " were " + c.past + c.tail)
	case outcome == OutcomeSuccess:
		b.WriteString(c.head + " was " + c.past + c.tail)
	default:
		b.WriteString(attempt(outcome, user != "") + c.base + " " + c.head + c.tail)
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
func (a attribute) writeScope(b *strings.Builder) {
	if ownPlace[a.get(AttrTargetType)] {
		return
	}
	if project := a.named(AttrProjectName, AttrProjectID, AttrProjectDomainName); project != "" {
		part(b, " in project ", project)
	} else {
		part(b, " in domain ", a.first(AttrDomainName, AttrDomainID))
	}
}

func (a attribute) clause(service string) clause {
	action, kind := a.get(AttrAuditAction), a.get(AttrTargetType)
	switch action {
	case actionAssign:
		return a.assignment("grant", "granted", " to ")
	case actionRevoke:
		if kind == typeRoleAssignment {
			return a.assignment("revoke", "revoked", " from ")
		}
	case actionAddMember:
		return a.membership("add", "added", " to ")
	case actionRemoveMember:
		return a.membership("remove", "removed", " from ")
	}
	if kind == typeUser && strings.HasPrefix(a.get(AttrErrorType), "password_") {
		return clause{base: "change", past: "changed", head: "the password of user " + a.target(kind)}
	}
	c := a.object(kind, action, service)
	switch operation := a.operation(action); {
	case operation != "":
		return clause{base: "perform", past: "performed", head: quoted(operation), tail: " on " + c.head}
	case action == "backup":
		c.base, c.past = "back up", "backed up"
	default:
		c.base, c.past = action, pastOf(action)
	}
	return c
}

// operation is what was performed where the action is more than its first word:
// update/reboot, or where it is none of CADF's.
func (a attribute) operation(action string) string {
	raw := a.get(AttrAction)
	if action == actionOther {
		if raw == "" {
			_, raw, _ = cutLast(a.get(AttrNotificationEventType))
		}
		return raw
	}
	if _, sub, ok := strings.Cut(raw, "/"); ok && action != actionList {
		return sub
	}
	return ""
}

func (a attribute) assignment(base, past, preposition string) clause {
	c := clause{base: base, past: past, head: "a role"}
	if role := a.first(AttrTargetRoleName, AttrTargetRoleID); role != "" {
		c.head = "role " + role
	}
	var b strings.Builder
	part(&b, preposition+"user ", a.named(AttrTargetUserName, AttrTargetUserID, AttrTargetUserDomainName))
	part(&b, preposition+"group ", a.first(AttrTargetGroupName, AttrTargetGroupID))
	part(&b, " on project ", a.named(AttrTargetProjectName, AttrTargetProjectID, AttrTargetProjectDomainName))
	part(&b, " on domain ", a.first(AttrTargetDomainName, AttrTargetDomainID))
	if a.get(AttrRoleAssignmentInherited) == "true" {
		b.WriteString(" (inherited)")
	}
	c.tail = b.String()
	return c
}

func (a attribute) membership(base, past, preposition string) clause {
	c := clause{base: base, past: past, head: "a member"}
	if user := a.named(AttrTargetUserName, AttrTargetUserID, AttrTargetUserDomainName); user != "" {
		c.head = "user " + user
	}
	var b strings.Builder
	part(&b, preposition+"group ", a.first(AttrTargetGroupName, AttrTargetName, AttrTargetGroupID, AttrTargetID))
	c.tail = b.String()
	return c
}

// target is the name or the id of the target.
func (a attribute) target(kind string) string {
	switch kind {
	case typeUser:
		if s := a.named(AttrTargetUserName, "", AttrTargetUserDomainName); s != "" {
			return s
		}
	case typeProject:
		if s := a.named(AttrTargetProjectName, "", AttrTargetProjectDomainName); s != "" {
			return s
		}
	}
	return a.first(AttrTargetName, AttrTargetID)
}

// object is what the verb is about: a target with its name or id, a part of it,
// one or many of a type, or the path of the request where no type is known.
func (a attribute) object(kind, action, service string) clause {
	path := a.get(AttrURLPath)
	if kind == "" {
		if segments := pathSegments(path, ""); len(segments) == 0 {
			return clause{head: "the " + quoted(service) + " API"}
		}
		return clause{head: quotedPath(path) + " at " + quoted(service)}
	}
	words := strings.ReplaceAll(kind, "_", " ")
	target := a.target(kind)
	if target == "" {
		if action == actionList {
			return clause{head: plural(words), plural: true}
		}
		return clause{head: withArticle(words)}
	}
	whole := words + " " + target
	asked := ""
	if path != "" {
		asked = walkPath(path, a.get(AttrCADFTargetTypeURI), a.get(AttrProjectID)).part
	}
	// openstack-audit-middleware names the part itself as the target.
	if asked == "" || !strings.HasPrefix(a.get(AttrNotificationEventType), "audit.http.") {
		return clause{head: whole}
	}
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
