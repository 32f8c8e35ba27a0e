// Package sentence says what happened in one line that a person reads without a legend: in the past tense, names before ids. Whatever a
// user typed is quoted so that it cannot be taken for a part of the sentence.
package sentence

import (
	"cmp"
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/request"
)

// Append appends the sentence of an event; nothing where it is no audit event. Of an event that was read back, request.Restore has to
// derive again what the path of the request names.
func Append(dst []byte, e *audit.Event) []byte {
	if e.Outcome == "" {
		return dst
	}
	if e.Category == audit.CategoryAuthentication {
		dst = append(dst, "login"...)
		if e.Actor.User.Name != "" || e.Actor.User.ID != "" {
			dst = appendNamed(append(dst, " of "...), &e.Actor.User)
		}
		dst = appendPart(dst, " via ", e.Actor.IdentityProviderID)
	} else {
		dst = appendScope(appendDeed(dst, e), e)
	}
	dst = appendPart(dst, " from ", e.Client.Address)
	dst = append(append(dst, ": "...), e.Outcome...)
	if e.ErrorType != "" {
		dst = append(appendQuoted(append(dst, " ("...), e.ErrorType), ')')
	}
	return dst
}

// Ends reports whether a body is the sentence of the event: it ends as that does, in the outcome and the reason. To say it again for the
// comparison would cost as much as to write it anew.
func Ends(body string, e *audit.Event) bool {
	if e.ErrorType != "" {
		var buffer [maxWord]byte
		end := append(appendQuoted(append(buffer[:0], " ("...), e.ErrorType), ')')
		var ends bool
		if body, ends = strings.CutSuffix(body, string(end)); !ends {
			return false
		}
	}
	body, ok := strings.CutSuffix(body, e.Outcome)
	return ok && e.Outcome != "" && strings.HasSuffix(body, ": ")
}

// appendPart appends a text behind a preposition, if there is one.
func appendPart(dst []byte, preposition, text string) []byte {
	if text == "" {
		return dst
	}
	return appendQuoted(append(dst, preposition...), text)
}

// appendNamed appends the name of a user or project with its domain where that tells it from a namesake, or the id.
func appendNamed(dst []byte, n *audit.DomainEntity) []byte {
	if n.Name == "" {
		return appendQuoted(dst, n.ID)
	}
	dst = appendQuoted(dst, n.Name)
	if n.Domain.Name == "" || n.Domain.Name == "Default" {
		return dst
	}
	return append(appendQuoted(append(dst, " ("...), n.Domain.Name), ')')
}

func isNamed(n *audit.DomainEntity) bool { return n.Name != "" || n.ID != "" }

// room is how many bytes the parts of a sentence have before they need memory of their own.
const room = 256

// deed is what was done: <past> <object><tail>, as in granted, role member, to user bob. Its methods return it with more words: the memory
// of the parts stays on the stack.
type deed struct {
	// base and past are the verb; past is empty for a verb whose past is formed.
	base, past string
	object     []byte
	// tail stands behind the object, and also behind the verb of the passive.
	tail []byte
	// plural reports that the object is many.
	plural bool
}

func appendDeed(dst []byte, e *audit.Event) []byte {
	var object, tail [room]byte
	d := deed{object: object[:0], tail: tail[:0]}.say(e)
	active, outcome := isNamed(&e.Actor.User), e.Outcome
	if e.Request.IsRedirected() && e.Action != audit.ActionRead && e.Action != audit.ActionList {
		outcome = audit.OutcomePending
	}
	if active {
		dst = append(appendNamed(dst, &e.Actor.User), ' ')
	}
	switch {
	case outcome != audit.OutcomeSuccess:
		dst = append(append(dst, attempt(outcome, active)...), d.base...)
		dst = append(append(dst, ' '), d.object...)
	case active:
		dst = append(append(d.appendPast(dst), ' '), d.object...)
	case d.plural:
		dst = d.appendPast(append(append(dst, d.object...), " were "...))
	default:
		dst = d.appendPast(append(append(dst, d.object...), " was "...))
	}
	return append(dst, d.tail...)
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

// appendScope appends the scope of the token, but behind targets for which a project would be read as theirs.
func appendScope(dst []byte, e *audit.Event) []byte {
	switch e.Target.Type {
	case audit.TypeProject, audit.TypeProjectTag, audit.TypeDomain, audit.TypeRole, audit.TypeRoleAssignment:
		return dst
	}
	switch {
	case audit.IsConfiguration(e.Target.Type), request.OfProject(&e.Target) != "":
		return dst
	case isNamed(&e.Actor.Project):
		return appendNamed(append(dst, " in project "...), &e.Actor.Project)
	default:
		return appendPart(dst, " in domain ", cmp.Or(e.Actor.Domain.Name, e.Actor.Domain.ID))
	}
}

// say finds the words.
func (d deed) say(e *audit.Event) deed {
	switch {
	case e.Action == audit.ActionAssign:
		return d.assignment(e, "grant", "granted", " to ")
	case e.Action == audit.ActionRevoke && e.Target.Type == audit.TypeRoleAssignment:
		return d.assignment(e, "revoke", "revoked", " from ")
	case e.Action == audit.ActionAddMember:
		return d.membership(e, "add", "added", " to ")
	case e.Action == audit.ActionRemoveMember:
		return d.membership(e, "remove", "removed", " from ")
	case e.Target.Type == audit.TypeUser && strings.HasPrefix(e.ErrorType, "password_"):
		d.base, d.past = "change", "changed"
		d.object = appendTarget(append(d.object, "the password of user "...), e)
		return d
	case e.Target.PreviousName != "" && hasName(&e.Target):
		d.base, d.past = "rename", "renamed"
		d.object = appendQuoted(append(appendNoun(d.object, e, e.Target.Type), ' '), e.Target.PreviousName)
		d.tail = appendTarget(append(d.tail, " to "...), e)
		return d
	default:
		return d.request(e)
	}
}

func (d deed) assignment(e *audit.Event, base, past, preposition string) deed {
	t := &e.Target
	d.base, d.past = base, past
	if role := cmp.Or(t.Role.Name, t.Role.ID); role != "" {
		d.object = appendPart(d.object, "role ", role)
	} else {
		d.object = append(d.object, "a role"...)
	}
	if isNamed(&t.User) {
		d.tail = appendNamed(append(append(d.tail, preposition...), "user "...), &t.User)
	}
	if group := cmp.Or(t.Group.Name, t.Group.ID); group != "" {
		d.tail = appendPart(append(d.tail, preposition...), "group ", group)
	}
	if isNamed(&t.Project) {
		d.tail = appendNamed(append(d.tail, " on project "...), &t.Project)
	}
	d.tail = appendPart(d.tail, " on domain ", cmp.Or(t.Domain.Name, t.Domain.ID))
	if t.Inherited.Value {
		d.tail = append(d.tail, " (inherited)"...)
	}
	return d
}

func (d deed) membership(e *audit.Event, base, past, preposition string) deed {
	t := &e.Target
	d.base, d.past = base, past
	if isNamed(&t.User) {
		d.object = appendNamed(append(d.object, "user "...), &t.User)
	} else {
		d.object = append(d.object, "a member"...)
	}
	if group := cmp.Or(t.Group.Name, t.Name, t.Group.ID, t.ID); group != "" {
		d.tail = appendPart(append(d.tail, preposition...), "group ", group)
	}
	return d
}
