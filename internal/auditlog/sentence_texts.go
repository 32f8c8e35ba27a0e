package auditlog

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
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
	// redirected reports that nothing was done: the client has to ask elsewhere.
	redirected bool
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
		} else if key == audit.AttrHTTPStatusCode {
			t.redirected = isRedirection(int(value.Int()))
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
	case audit.AttrAction:
		return &t.rawAction
	case audit.AttrAuditAction:
		return &t.action
	case audit.AttrAuditCategory:
		return &t.category
	case audit.AttrAuditOutcome:
		return &t.outcome
	case audit.AttrCADFTargetTypeURI:
		return &t.cadfTargetTypeURI
	case audit.AttrClientAddress:
		return &t.clientAddress
	case audit.AttrDomainID:
		return &t.actor.domainID
	case audit.AttrDomainName:
		return &t.actor.domainName
	case audit.AttrErrorType:
		return &t.errorType
	case audit.AttrIdentityProviderID:
		return &t.identityProviderID
	case audit.AttrNotificationEventType:
		return &t.eventType
	case audit.AttrProjectDomainName:
		return &t.actor.projectDomainName
	case audit.AttrProjectID:
		return &t.actor.projectID
	case audit.AttrProjectName:
		return &t.actor.projectName
	case audit.AttrRoleAssignmentInherited:
		return &t.target.inherited
	case audit.AttrTargetDomainID:
		return &t.target.domainID
	case audit.AttrTargetDomainName:
		return &t.targetDomainName
	case audit.AttrTargetGroupID:
		return &t.target.groupID
	case audit.AttrTargetGroupName:
		return &t.targetGroupName
	case audit.AttrTargetID:
		return &t.target.id
	case audit.AttrTargetName:
		return &t.target.name
	case audit.AttrTargetProjectDomainName:
		return &t.targetProjectDomainName
	case audit.AttrTargetProjectID:
		return &t.target.projectID
	case audit.AttrTargetProjectName:
		return &t.targetProjectName
	case audit.AttrTargetRoleID:
		return &t.target.roleID
	case audit.AttrTargetRoleName:
		return &t.targetRoleName
	case audit.AttrTargetType:
		return &t.target.kind
	case audit.AttrTargetUserDomainName:
		return &t.targetUserDomainName
	case audit.AttrTargetUserID:
		return &t.target.userID
	case audit.AttrTargetUserName:
		return &t.targetUserName
	case audit.AttrURLPath:
		return &t.urlPath
	case audit.AttrUserDomainName:
		return &t.actor.userDomainName
	case audit.AttrUserID:
		return &t.actor.userID
	case audit.AttrUserName:
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
