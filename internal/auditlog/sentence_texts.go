package auditlog

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// texts are the attributes of a record that its sentence is made of, empty where there is none.
type texts struct {
	category, action, outcome, errorType string
	// rawAction is cadf.action, where it says more than the action.
	rawAction          string
	eventType          string
	clientAddress      string
	identityProviderID string
	urlPath            string
	cadfTargetTypeURI  string
	// path is what the path of a request over HTTP names.
	path   pathTarget
	actor  actor
	target target

	// Names that are added to ids after the mapping.
	targetUserName, targetUserDomainName       string
	targetProjectName, targetProjectDomainName string
	targetGroupName, targetDomainName          string
	targetRoleName                             string
}

// read looks at each attribute once: to look for each text would go through them all each time. t must be empty.
func (t *texts) read(attributes pcommon.Map) {
	for key, value := range attributes.All() {
		if field := t.field(key); field != nil {
			*field = value.AsString()
		}
	}
	switch {
	case strings.HasPrefix(t.eventType, "identity."):
	case isHTTP(t.eventType):
		t.path = walkPath(t.urlPath, t.cadfTargetTypeURI, t.actor.projectID)
	default:
		t.path = walkPath(t.urlPath, "", t.actor.projectID)
		t.path.belongTo(t.target.id)
	}
}

func (t *texts) field(key string) *string {
	switch key {
	case AttrAction:
		return &t.rawAction
	case AttrAuditAction:
		return &t.action
	case AttrAuditCategory:
		return &t.category
	case AttrAuditOutcome:
		return &t.outcome
	case AttrCADFTargetTypeURI:
		return &t.cadfTargetTypeURI
	case AttrClientAddress:
		return &t.clientAddress
	case AttrDomainID:
		return &t.actor.domainID
	case AttrDomainName:
		return &t.actor.domainName
	case AttrErrorType:
		return &t.errorType
	case AttrIdentityProviderID:
		return &t.identityProviderID
	case AttrNotificationEventType:
		return &t.eventType
	case AttrProjectDomainName:
		return &t.actor.projectDomainName
	case AttrProjectID:
		return &t.actor.projectID
	case AttrProjectName:
		return &t.actor.projectName
	case AttrRoleAssignmentInherited:
		return &t.target.inherited
	case AttrTargetDomainID:
		return &t.target.domainID
	case AttrTargetDomainName:
		return &t.targetDomainName
	case AttrTargetGroupID:
		return &t.target.groupID
	case AttrTargetGroupName:
		return &t.targetGroupName
	case AttrTargetID:
		return &t.target.id
	case AttrTargetName:
		return &t.target.name
	case AttrTargetProjectDomainName:
		return &t.targetProjectDomainName
	case AttrTargetProjectID:
		return &t.target.projectID
	case AttrTargetProjectName:
		return &t.targetProjectName
	case AttrTargetRoleID:
		return &t.target.roleID
	case AttrTargetRoleName:
		return &t.targetRoleName
	case AttrTargetType:
		return &t.target.kind
	case AttrTargetUserDomainName:
		return &t.targetUserDomainName
	case AttrTargetUserID:
		return &t.target.userID
	case AttrTargetUserName:
		return &t.targetUserName
	case AttrURLPath:
		return &t.urlPath
	case AttrUserDomainName:
		return &t.actor.userDomainName
	case AttrUserID:
		return &t.actor.userID
	case AttrUserName:
		return &t.actor.userName
	default:
		return nil
	}
}

// textOf returns the text of one attribute, empty where there is none.
func textOf(attributes pcommon.Map, key string) string {
	value, ok := attributes.Get(key)
	if !ok {
		return ""
	}
	return value.AsString()
}
