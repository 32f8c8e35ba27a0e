package auditlog

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/cadf"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// Categories of audit events.
const (
	CategoryAuthentication = "authentication"
	CategoryIAM            = "iam"
	CategoryConfiguration  = "configuration"
	CategoryResource       = "resource"
)

// Outcomes of audit events.
const (
	OutcomeSuccess = "success"
	OutcomeFailure = "failure"
	OutcomePending = "pending"
	OutcomeUnknown = "unknown"
)

// Values of error.type; a status code is the other. errorStatusUnknown is a response that the audit middleware did not see.
const (
	errorUserNotFound           = "user_not_found"
	errorAccountLocked          = "account_locked"
	errorAccountDisabled        = "account_disabled"
	errorPasswordExpired        = "password_expired"
	errorPasswordRequirements   = "password_requirements"
	errorPasswordHistory        = "password_history"
	errorPasswordMinAge         = "password_min_age"
	errorPasswordChangeDisabled = "password_change_disabled"
	errorInvalidCredentials     = "invalid_credentials"
	errorStatusUnknown          = "status_unknown"
	errorOther                  = "_OTHER"
)

// What was done to a role assignment or to the members of a group.
const (
	actionAuthenticate = "authenticate"
	actionAssign       = "assign"
	actionRevoke       = "revoke"
	actionAddMember    = "add_member"
	actionRemoveMember = "remove_member"
	actionList         = "list"
	actionOther        = "other"
)

// userNotFoundPrefix is the start of Keystone's UserNotFound, keystone/exception.py.
const userNotFoundPrefix = "Could not find user:"

// reasonPrefixes are the starts of Keystone's messages, keystone/exception.py.
// Only a prefix is safe: the rest of the text holds what the client typed.
var reasonPrefixes = []struct{ prefix, errorType string }{
	{"The account is locked", errorAccountLocked},
	{"The account is disabled", errorAccountDisabled},
	{"The password is expired", errorPasswordExpired},
	{"The password does not match the requirements", errorPasswordRequirements},
	{"The new password cannot be identical", errorPasswordHistory},
	{"You cannot change your password at this time due to the minimum", errorPasswordMinAge},
	{"You cannot change your password at this time due to password policy", errorPasswordChangeDisabled},
}

// isConfiguration recognises the types of what Keystone holds that is not identity.
func isConfiguration(targetType string) bool {
	switch targetType {
	case "region", "endpoint", "service", "policy", "limit":
		return true
	default:
		return false
	}
}

// isCADFAction recognises the first words of CADF's action taxonomy, DSP0262 appendix A.3,
// and list, which OpenStack writes as read/list.
func isCADFAction(word string) bool {
	switch word {
	case "backup", "capture", "create", "configure", "read", actionList, "update", "delete", "monitor", "start", "stop", "deploy",
		"undeploy", "enable", "disable", "send", "receive", actionAuthenticate, "renew", actionRevoke, "restore", "evaluate",
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
func requestAction(action, urlPath string, path pathTarget, status int) string {
	first, rest, _ := strings.Cut(action, "/")
	if o, _, ok := operationOf(action, urlPath, path); ok && o.action != "" {
		return o.action
	}
	switch {
	case first == "read" && (rest == actionList || strings.HasPrefix(rest, actionList+"/")):
		return actionList
	case action == "update" && (status == http.StatusCreated || path.id == "" && path.kind != "" && path.part == ""):
		return "create" // keystonemiddleware makes update of a POST to a collection that the audit map does not have
	case isCADFAction(first):
		return first
	default:
		return actionOther
	}
}

func identityAction(n *oslo.Notification, targetType, operation string) string {
	switch n.Basic.ActorOperation {
	case operationAdded:
		return actionAddMember
	case operationRemoved:
		return actionRemoveMember
	}
	if targetType == "role_assignment" {
		switch operation {
		case "created":
			return actionAssign
		case "deleted":
			return actionRevoke
		}
	}
	if action, ok := keystoneOperations[operation]; ok {
		return action
	}
	if isCADFAction(operation) {
		return operation
	}
	return actionOther
}

func categoryOf(n *oslo.Notification, targetType, action string) string {
	switch {
	case action == actionAuthenticate:
		return CategoryAuthentication
	case !strings.HasPrefix(n.EventType, "identity."):
		return CategoryResource
	case isConfiguration(targetType):
		return CategoryConfiguration
	default:
		return CategoryIAM
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

// outcomeOf returns how it really ended: a password change that the policy
// rejects says success with the code 400, keystone/notifications.py Audit._emit.
func outcomeOf(n *oslo.Notification) string {
	if n.Kind == oslo.KindBasic {
		// Sent after a success, or a password change that the policy rejected: the reason of that is in CADF events alone.
		return OutcomeSuccess
	}
	switch n.Event.Outcome {
	case OutcomeSuccess:
		if reasonCode(n.Event.Reason.Code) >= 400 {
			return OutcomeFailure
		}
		return OutcomeSuccess
	case OutcomeFailure, "failed":
		return OutcomeFailure
	case OutcomePending, "attempt", "attempted":
		return OutcomePending
	default:
		if raisedThrough(n) {
			return OutcomeFailure
		}
		return OutcomeUnknown
	}
}

// raisedThrough reports whether the service raised an exception through the audit middleware, which then knows no status: so most
// services refuse, keystonemiddleware/audit/__init__.py _process_response.
func raisedThrough(n *oslo.Notification) bool {
	return n.EventType == httpResponseEvent && n.Event.Outcome == OutcomeUnknown && n.Event.Reason == (cadf.Reason{})
}

// errorTypeOf returns why it did not succeed, one of a short list.
func errorTypeOf(n *oslo.Notification, action, outcome string) string {
	if outcome != OutcomeFailure && outcome != OutcomeUnknown {
		return ""
	}
	e := &n.Event
	if unknownUser(n) {
		return errorUserNotFound
	}
	for _, r := range reasonPrefixes {
		if strings.HasPrefix(e.Reason.Type, r.prefix) {
			return r.errorType
		}
	}
	if action == actionAuthenticate && outcome == OutcomeFailure && wrongPassword(n) {
		return errorInvalidCredentials
	}
	if raisedThrough(n) {
		return errorStatusUnknown
	}
	if e.Reason.Code != "" && len(e.Reason.Code) <= 3 && isDecimal(e.Reason.Code) {
		return e.Reason.Code
	}
	return errorOther
}

// unknownUser recognises the login of a user whom Keystone does not know. Only
// that event has a user_name, whatever language its reason is in,
// keystone/auth/plugins/core.py.
func unknownUser(n *oslo.Notification) bool {
	e := &n.Event
	if strings.HasPrefix(e.Reason.Type, userNotFoundPrefix) {
		return true
	}
	return n.EventType == "identity.authenticate" && e.Outcome == OutcomeFailure && e.Initiator.SubmittedName != ""
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
