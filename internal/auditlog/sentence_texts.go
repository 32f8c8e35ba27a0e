package auditlog

import "go.opentelemetry.io/collector/pdata/pcommon"

// texts are the attributes of a record that its sentence is made of, empty where there is none.
type texts struct {
	rawAction               string
	action                  string
	category                string
	outcome                 string
	cadfTargetTypeURI       string
	clientAddress           string
	domainID                string
	domainName              string
	errorType               string
	identityProviderID      string
	eventType               string
	projectDomainName       string
	projectID               string
	projectName             string
	inherited               string
	targetDomainID          string
	targetDomainName        string
	targetGroupID           string
	targetGroupName         string
	targetID                string
	targetName              string
	targetProjectDomainName string
	targetProjectID         string
	targetProjectName       string
	targetRoleID            string
	targetRoleName          string
	targetType              string
	targetUserDomainName    string
	targetUserID            string
	targetUserName          string
	urlPath                 string
	userDomainName          string
	userID                  string
	userName                string
}

// read looks at each attribute once: to look for each text would go through them all each time.
func (t *texts) read(attributes pcommon.Map) {
	for key, value := range attributes.All() {
		if field := t.field(key); field != nil {
			*field = value.AsString()
		}
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
		return &t.domainID
	case AttrDomainName:
		return &t.domainName
	case AttrErrorType:
		return &t.errorType
	case AttrIdentityProviderID:
		return &t.identityProviderID
	case AttrNotificationEventType:
		return &t.eventType
	case AttrProjectDomainName:
		return &t.projectDomainName
	case AttrProjectID:
		return &t.projectID
	case AttrProjectName:
		return &t.projectName
	case AttrRoleAssignmentInherited:
		return &t.inherited
	case AttrTargetDomainID:
		return &t.targetDomainID
	case AttrTargetDomainName:
		return &t.targetDomainName
	case AttrTargetGroupID:
		return &t.targetGroupID
	case AttrTargetGroupName:
		return &t.targetGroupName
	case AttrTargetID:
		return &t.targetID
	case AttrTargetName:
		return &t.targetName
	case AttrTargetProjectDomainName:
		return &t.targetProjectDomainName
	case AttrTargetProjectID:
		return &t.targetProjectID
	case AttrTargetProjectName:
		return &t.targetProjectName
	case AttrTargetRoleID:
		return &t.targetRoleID
	case AttrTargetRoleName:
		return &t.targetRoleName
	case AttrTargetType:
		return &t.targetType
	case AttrTargetUserDomainName:
		return &t.targetUserDomainName
	case AttrTargetUserID:
		return &t.targetUserID
	case AttrTargetUserName:
		return &t.targetUserName
	case AttrURLPath:
		return &t.urlPath
	case AttrUserDomainName:
		return &t.userDomainName
	case AttrUserID:
		return &t.userID
	case AttrUserName:
		return &t.userName
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
