package derive

import (
	"strconv"
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/request"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/cadf"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// PartialPasswordHash is the attachment of Keystone's report_invalid_password_hash.
const PartialPasswordHash = "partial_password_hash"

// userNotFound is the start of Keystone's UserNotFound, keystone/exception.py.
const userNotFound = "Could not find user:"

// reasonPrefixes are the starts of Keystone's messages, keystone/exception.py.
// Only a prefix is safe: the rest of the text holds what the client typed.
var reasonPrefixes = [...]struct{ prefix, errorType string }{
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

// outcome returns how it really ended: a password change that the policy
// rejects says success with the code 400, keystone/notifications.py Audit._emit.
func outcome(n *oslo.Notification) string {
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
	return n.EventType == HTTPResponse && n.Event.Outcome == audit.OutcomeUnknown && n.Event.Reason == (cadf.Reason{})
}

// errorType returns why it did not succeed, one of a short list.
func errorType(n *oslo.Notification, action, outcome string) string {
	if outcome != audit.OutcomeFailure && outcome != audit.OutcomeUnknown {
		return ""
	}
	e := &n.Event
	if UnknownUser(n) {
		return audit.ErrorUserNotFound
	}
	for _, r := range &reasonPrefixes {
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
	if e.Reason.Code != "" && len(e.Reason.Code) <= 3 && request.IsDecimal(e.Reason.Code) {
		return e.Reason.Code
	}
	return audit.ErrorOther
}

// UnknownUser reports whether it is the login of a user whom Keystone does not know. Only
// that event has a user_name, whatever language its reason is in,
// keystone/auth/plugins/core.py.
func UnknownUser(n *oslo.Notification) bool {
	e := &n.Event
	if strings.HasPrefix(e.Reason.Type, userNotFound) {
		return true
	}
	return n.EventType == "identity.authenticate" && e.Outcome == audit.OutcomeFailure && e.Initiator.SubmittedName != ""
}

// wrongPassword recognises the one failure for which Keystone gives no reason. It
// knows the user then; without the user's name the user store was out of reach.
func wrongPassword(n *oslo.Notification) bool {
	e := &n.Event
	for _, a := range e.Attachments {
		if a.Name == PartialPasswordHash {
			return true
		}
	}
	i := &e.Initiator
	return i.UserID != "" && (i.Name != "" || i.Username != "") && e.Reason == (cadf.Reason{}) && i.Credential.Empty()
}
