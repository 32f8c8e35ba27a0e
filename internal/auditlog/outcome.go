package auditlog

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/cadf"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// userNotFoundPrefix is the start of Keystone's UserNotFound, keystone/exception.py.
const userNotFoundPrefix = "Could not find user:"

// reasonPrefixes are the starts of Keystone's messages, keystone/exception.py.
// Only a prefix is safe: the rest of the text holds what the client typed.
var reasonPrefixes = []struct{ prefix, errorType string }{
	{"The account is locked", audit.ErrorAccountLocked},
	{"The account is disabled", audit.ErrorAccountDisabled},
	{"The password is expired", audit.ErrorPasswordExpired},
	{"The password does not match the requirements", audit.ErrorPasswordRequirements},
	{"The new password cannot be identical", audit.ErrorPasswordHistory},
	{"You cannot change your password at this time due to the minimum", audit.ErrorPasswordMinAge},
	{"You cannot change your password at this time due to password policy", audit.ErrorPasswordChangeDisabled},
	// The Rust Keystone's, crates/keystone/src/audit.rs sanitize_authentication_error.
	{"UserLocked", audit.ErrorAccountLocked},
	{"UserDisabled", audit.ErrorAccountDisabled},
	{"UserPasswordExpired", audit.ErrorPasswordExpired},
	{"UserNameOrPasswordWrong", audit.ErrorInvalidCredentials},
}

// isCADFAction recognises the first words of CADF's action taxonomy, DSP0262 appendix A.3,
// and list, which OpenStack writes as read/list.
func isCADFAction(word string) bool {
	switch word {
	case "backup", "capture", "create", "configure", "read", audit.ActionList, "update", "delete", "monitor", "start", "stop", "deploy",
		"undeploy", "enable", "disable", "send", "receive", audit.ActionAuthenticate, "renew", audit.ActionRevoke, "restore", "evaluate",
		"allow", "deny", "notify":
		return true
	default:
		return false
	}
}

// What basic notifications call the change of a group's members.
const (
	operationAdded   = "added"
	operationRemoved = "removed"
)

// keystoneOperations are the operations of Keystone's event types, keystone/notifications.py ACTIONS.
var keystoneOperations = map[string]string{
	"created": "create", "updated": "update", "deleted": "delete", "disabled": "disable",
}

// splitIdentityEvent takes apart identity.<type>.<operation>, and the form of
// Kilo and before, identity.<operation>.<type>.
func splitIdentityEvent(eventType string) (targetType, operation string) {
	middle, ok := strings.CutPrefix(eventType, "identity.")
	if !ok {
		return "", ""
	}
	first, last, ok := cutLast(middle)
	if !ok {
		return "", middle
	}
	if _, known := keystoneOperations[last]; !known {
		if _, known := keystoneOperations[first]; known {
			return normalize(last), first
		}
	}
	return strings.ReplaceAll(normalize(first), ".", "_"), last
}

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '.')
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+1:], true
}

// requestAction returns the action of a request to a service, one of a short list.
func requestAction(e *cadf.Event, urlPath string, path pathTarget, status int) string {
	action := e.Action
	first, rest, _ := strings.Cut(action, "/")
	o, _, known := operationOf(action, urlPath, path)
	switch {
	case o.action != "":
		return o.action
	case first == "read" && (rest == audit.ActionList || strings.HasPrefix(rest, audit.ActionList+"/")):
		return audit.ActionList
	case action == "update" && (status == http.StatusCreated || !known && path.createdByUpdate(e.Target.TypeURI)):
		return "create" // keystonemiddleware makes update of a POST to a collection that the audit map does not have
	case isCADFAction(first):
		return first
	default:
		return audit.ActionOther
	}
}

// createdByUpdate recognises an update of what cannot be updated, since it is a collection. typeURI is the target's: of words that the
// audit map has it ends in them, and their POST was a create.
func (p *pathTarget) createdByUpdate(typeURI string) bool {
	if p.id == "" {
		return p.kind != "" && p.part == ""
	}
	switch p.part {
	case "aggregates", "allocations", "extra_specs", "group-specs", "group_specs", "inventories", "members", "tags", "traits", "users":
		return false // which are set as a whole
	default:
		return isPlural(p.part) && isPathWord(p.part) && !strings.HasSuffix(typeURI, "/"+p.part)
	}
}

func identityAction(n *oslo.Notification, targetType, operation string) string {
	switch n.Basic.ActorOperation {
	case operationAdded:
		return audit.ActionAddMember
	case operationRemoved:
		return audit.ActionRemoveMember
	}
	if targetType == "role_assignment" {
		switch operation {
		case "created":
			return audit.ActionAssign
		case "deleted":
			return audit.ActionRevoke
		}
	}
	if action, ok := keystoneOperations[operation]; ok {
		return action
	}
	if isCADFAction(operation) {
		return operation
	}
	return audit.ActionOther
}

func categoryOf(n *oslo.Notification, targetType, action string) string {
	switch {
	case action == audit.ActionAuthenticate:
		return audit.CategoryAuthentication
	case !strings.HasPrefix(n.EventType, "identity."):
		return audit.CategoryResource
	case audit.IsConfiguration(targetType):
		return audit.CategoryConfiguration
	default:
		return audit.CategoryIAM
	}
}

// reasonCode is the code of the reason as a number, or 0.
func reasonCode(code string) int {
	if code == "" {
		return 0 // the usual case, without an error to make
	}
	c, err := strconv.Atoi(code)
	if err != nil || c < 100 || c > 599 {
		return 0
	}
	return c
}

func isRedirection(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	default:
		return false
	}
}

// outcomeOf returns how it really ended: a password change that the policy
// rejects says success with the code 400, keystone/notifications.py Audit._emit.
func outcomeOf(n *oslo.Notification) string {
	if n.Kind == oslo.KindBasic {
		// Sent after a success, or a password change that the policy rejected: the reason of that is in CADF events alone.
		return audit.OutcomeSuccess
	}
	switch n.Event.Outcome {
	case audit.OutcomeSuccess:
		if reasonCode(n.Event.Reason.Code) >= 400 {
			return audit.OutcomeFailure
		}
		return audit.OutcomeSuccess
	case audit.OutcomeFailure, "failed":
		return audit.OutcomeFailure
	case audit.OutcomePending, "attempt", "attempted":
		return audit.OutcomePending
	default:
		if raisedThrough(n) {
			return audit.OutcomeFailure
		}
		return audit.OutcomeUnknown
	}
}

// raisedThrough reports whether the service raised an exception through the audit middleware, which then knows no status: so most
// services refuse, keystonemiddleware/audit/__init__.py _process_response.
func raisedThrough(n *oslo.Notification) bool {
	return n.EventType == httpResponseEvent && n.Event.Outcome == audit.OutcomeUnknown && n.Event.Reason == (cadf.Reason{})
}

// errorTypeOf returns why it did not succeed, one of a short list.
func errorTypeOf(n *oslo.Notification, action, outcome string) string {
	if outcome != audit.OutcomeFailure && outcome != audit.OutcomeUnknown {
		return ""
	}
	e := &n.Event
	if unknownUser(n) {
		return audit.ErrorUserNotFound
	}
	for _, r := range reasonPrefixes {
		if strings.HasPrefix(e.Reason.Type, r.prefix) {
			return r.errorType
		}
	}
	if action == audit.ActionAuthenticate && outcome == audit.OutcomeFailure && wrongPassword(n) {
		return audit.ErrorInvalidCredentials
	}
	if raisedThrough(n) {
		return audit.ErrorStatusUnknown
	}
	if e.Reason.Code != "" && len(e.Reason.Code) <= 3 && isDecimal(e.Reason.Code) {
		return e.Reason.Code
	}
	return audit.ErrorOther
}

// unknownUser recognises the login of a user whom Keystone does not know. Only
// that event has a user_name, whatever language its reason is in,
// keystone/auth/plugins/core.py.
func unknownUser(n *oslo.Notification) bool {
	e := &n.Event
	if strings.HasPrefix(e.Reason.Type, userNotFoundPrefix) {
		return true
	}
	return n.EventType == "identity.authenticate" && e.Outcome == audit.OutcomeFailure && e.Initiator.SubmittedName != ""
}

// wrongPassword recognises the one failure for which Keystone gives no reason. It
// knows the user then; without the user's name the user store was out of reach.
func wrongPassword(n *oslo.Notification) bool {
	e := &n.Event
	for _, a := range e.Attachments {
		if a.Name == partialPasswordHash {
			return true
		}
	}
	i := &e.Initiator
	return i.UserID != "" && (i.Name != "" || i.Username != "") && e.Reason == (cadf.Reason{}) && i.Credential.Empty()
}
