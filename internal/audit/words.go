package audit

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
	// OutcomePending is of the announcement of a request, whose response follows.
	OutcomePending = "pending"
	OutcomeUnknown = "unknown"
)

// Actions that have a meaning here. Further ones are the first words of CADF's taxonomy, DSP0262 appendix A.3.
const (
	ActionCreate       = "create"
	ActionRead         = "read"
	ActionList         = "list" // OpenStack writes read/list
	ActionUpdate       = "update"
	ActionDelete       = "delete"
	ActionBackup       = "backup"
	ActionDisable      = "disable"
	ActionAuthenticate = "authenticate"
	ActionAssign       = "assign" // of a role
	ActionRevoke       = "revoke" // of a role, or a token
	ActionAddMember    = "add_member"
	ActionRemoveMember = "remove_member"
	ActionOther        = "other"
)

// Values of error.type; a status code is the other.
const (
	ErrorUserNotFound           = "user_not_found"
	ErrorAccountLocked          = "account_locked"
	ErrorAccountDisabled        = "account_disabled"
	ErrorPasswordExpired        = "password_expired"
	ErrorPasswordRequirements   = "password_requirements"
	ErrorPasswordHistory        = "password_history"
	ErrorPasswordMinAge         = "password_min_age"
	ErrorPasswordChangeDisabled = "password_change_disabled"
	ErrorInvalidCredentials     = "invalid_credentials"
	// ErrorStatusUnknown is of a response that the audit middleware did not see.
	ErrorStatusUnknown = "status_unknown"
	ErrorOther         = "_OTHER"
)

// AuthenticationErrors are the values of error.type with which authentications fail.
func AuthenticationErrors() []string {
	return []string{
		ErrorInvalidCredentials, ErrorUserNotFound, ErrorAccountLocked, ErrorAccountDisabled, ErrorPasswordExpired, ErrorOther,
	}
}

// Types of targets with a meaning of their own: those whose ids have a place beside the target's, and what Keystone holds that is no
// identity.
const (
	TypeUser           = "user"
	TypeGroup          = "group"
	TypeProject        = "project"
	TypeProjectTag     = "project_tag"
	TypeDomain         = "domain"
	TypeRole           = "role"
	TypeRoleAssignment = "role_assignment"
)

// IsConfiguration reports whether a target is of a type that Keystone holds and that is not identity.
func IsConfiguration(targetType string) bool {
	switch targetType {
	case "region", "endpoint", "service", "policy", "limit":
		return true
	default:
		return false
	}
}

// EventCanary is the name of the record in which the processor keystone_attributes tells of a login of its own.
const EventCanary = "openstack.audit.canary"

// EventCheckpoint is the name of the record in which the processor openstack_audit_evidence tells of a checkpoint of its log.
const EventCheckpoint = "openstack.audit.checkpoint"
