package auditlog

import (
	"cmp"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
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
	if e, ok := record.Attributes().Get(audit.AttrErrorType); ok {
		var m textMaker
		if text, ok = strings.CutSuffix(text, m.join(" (", m.quoted(e.AsString()), ")")); !ok {
			return false
		}
	}
	outcome, ok := record.Attributes().Get(audit.AttrAuditOutcome)
	return ok && strings.HasSuffix(text, ": "+outcome.Str())
}

// Sentence renders the body of an audit log record from its attributes alone, so
// that it can be rendered again once more is known. Records that are no audit
// events have none.
func Sentence(resource pcommon.Map, record plog.LogRecord) string {
	var (
		m textMaker
		t texts
	)
	t.read(record.Attributes())
	return m.sentence(textOf(resource, audit.AttrServiceName), &t)
}

// firstQuoted returns the first text that there is, made safe for the sentence.
func (m *textMaker) firstQuoted(texts ...string) string {
	if text := cmp.Or(texts...); text != "" {
		return m.quoted(text)
	}
	return ""
}

// named returns a name with its domain where that tells it from a namesake, or an id.
func (m *textMaker) named(name, id, domain string) string {
	if name == "" {
		return m.firstQuoted(id)
	}
	if name = m.quoted(name); domain == "" || domain == "Default" {
		return name
	}
	return m.join(name, " (", m.quoted(domain), ")")
}

// phrase are texts that follow each other.
type phrase []string

// part adds a text behind a preposition, if there is one.
func (p phrase) part(preposition, text string) phrase {
	if text == "" {
		return p
	}
	return append(p, preposition, text)
}

// clause says what was done: <past> <kind> <head><tail>, as in granted role member to user bob.
type clause struct {
	base, past string
	// kind is empty where head says it.
	kind, head, tail string
	plural           bool
}

func (m *textMaker) sentence(service string, t *texts) string {
	if t.outcome == "" {
		return ""
	}
	var room [maxPhrase]string
	p := phrase(room[:0])
	user := m.named(t.actor.userName, t.actor.userID, t.actor.userDomainName)
	if t.category == audit.CategoryAuthentication {
		p = append(p, "login").part(" of ", user).part(" via ", m.firstQuoted(t.identityProviderID))
	} else {
		c := m.clause(t, service)
		wording := t.outcome
		if t.redirected && t.action != "read" && t.action != audit.ActionList {
			wording = audit.OutcomePending
		}
		p = m.scope(t, c.appendTo(p, user, wording))
	}
	p = append(p.part(" from ", m.firstQuoted(t.clientAddress)), ": ", t.outcome)
	if t.errorType != "" {
		p = append(p, " (", m.quoted(t.errorType), ")")
	}
	return m.join(p...)
}

// maxPhrase is how many texts the longest sentence has.
const maxPhrase = 20

func (c *clause) appendTo(p phrase, user, outcome string) phrase {
	space := ""
	if c.kind != "" {
		space = " "
	}
	if user != "" {
		p = append(p, user, " ")
	}
	switch {
	case outcome == audit.OutcomeSuccess && user != "":
		return append(p, c.past, " ", c.kind, space, c.head, c.tail)
	case outcome == audit.OutcomeSuccess && c.plural:
		return append(p, c.kind, space, c.head, " were ", c.past, c.tail)
	case outcome == audit.OutcomeSuccess:
		return append(p, c.kind, space, c.head, " was ", c.past, c.tail)
	default:
		return append(p, attempt(outcome, user != ""), c.base, " ", c.kind, space, c.head, c.tail)
	}
}

func attempt(outcome string, active bool) string {
	switch {
	case outcome == audit.OutcomePending && active:
		return "asked to "
	case outcome == audit.OutcomePending:
		return "request to "
	case active:
		return "tried to "
	default:
		return "attempt to "
	}
}

// hasOwnPlace recognises types for which a project behind them would be read as theirs,
// while it is the token's.
func hasOwnPlace(targetType string) bool {
	switch targetType {
	case audit.TypeProject, "project_tag", audit.TypeDomain, audit.TypeRole, audit.TypeRoleAssignment:
		return true
	default:
		return audit.IsConfiguration(targetType)
	}
}

// scope adds the scope of the token.
func (m *textMaker) scope(t *texts, p phrase) phrase {
	if hasOwnPlace(t.target.kind) || isOfProject(&t.target) {
		return p
	}
	if project := m.named(t.actor.projectName, t.actor.projectID, t.actor.projectDomainName); project != "" {
		return append(p, " in project ", project)
	}
	return p.part(" in domain ", m.firstQuoted(t.actor.domainName, t.actor.domainID))
}

func (m *textMaker) clause(t *texts, service string) clause {
	action, kind := t.action, t.target.kind
	switch action {
	case audit.ActionAssign:
		return m.assignment(t, "grant", "granted", " to ")
	case audit.ActionRevoke:
		if kind == audit.TypeRoleAssignment {
			return m.assignment(t, "revoke", "revoked", " from ")
		}
	case audit.ActionAddMember:
		return m.membership(t, "add", "added", " to ")
	case audit.ActionRemoveMember:
		return m.membership(t, "remove", "removed", " from ")
	}
	if kind == audit.TypeUser && strings.HasPrefix(t.errorType, "password_") {
		return clause{base: "change", past: "changed", head: m.join("the password of user ", m.targetName(t))}
	}
	known, performed, path := t.operation()
	c := m.object(t, service, &path, known.base != "")
	space := ""
	if c.kind != "" {
		space = " "
	}
	switch {
	case known.base != "" && known.object != "":
		return clause{base: known.base, past: known.past, head: m.join(known.object, " ", c.kind, space, c.head)}
	case known.base != "":
		c.base, c.past = known.base, known.past
	case performed != "":
		if performed != unknownOperation {
			performed = m.quoted(spokenName(performed))
		}
		return clause{base: "perform", past: "performed", head: performed, tail: m.join(" on ", c.kind, space, c.head)}
	case c.base != "":
		c.past = m.pastOf(c.base)
	case action == "backup":
		c.base, c.past = "back up", "backed up"
	default:
		c.base, c.past = action, m.pastOf(action)
	}
	return c
}

func (m *textMaker) assignment(t *texts, base, past, preposition string) clause {
	c := clause{base: base, past: past, head: "a role"}
	if role := m.firstQuoted(t.targetRoleName, t.target.roleID); role != "" {
		c.head = m.join("role ", role)
	}
	var room [maxPhrase]string
	p := phrase(room[:0])
	if user := m.named(t.targetUserName, t.target.userID, t.targetUserDomainName); user != "" {
		p = append(p, preposition, "user ", user)
	}
	if group := m.firstQuoted(t.targetGroupName, t.target.groupID); group != "" {
		p = append(p, preposition, "group ", group)
	}
	p = p.part(" on project ", m.named(t.targetProjectName, t.target.projectID, t.targetProjectDomainName))
	p = p.part(" on domain ", m.firstQuoted(t.targetDomainName, t.target.domainID))
	if inherited, _ := t.target.isInherited(); inherited {
		p = append(p, " (inherited)")
	}
	c.tail = m.join(p...)
	return c
}

func (m *textMaker) membership(t *texts, base, past, preposition string) clause {
	c := clause{base: base, past: past, head: "a member"}
	if user := m.named(t.targetUserName, t.target.userID, t.targetUserDomainName); user != "" {
		c.head = m.join("user ", user)
	}
	if group := m.firstQuoted(t.targetGroupName, t.target.name, t.target.groupID, t.target.id); group != "" {
		c.tail = m.join(preposition, "group ", group)
	}
	return c
}
