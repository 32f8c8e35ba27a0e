package keystoneattributesprocessor

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
)

// field is an attribute that this processor reads or writes.
type field uint8

const (
	noField field = iota
	eventType
	category
	action
	outcome
	errorType
	reasonCode
	identityStatus
	enrichmentSource
	userID
	userName
	userDomainID
	userDomainName
	projectID
	projectName
	projectDomainID
	projectDomainName
	domainID
	domainName
	credentialID
	credentialName
	targetID
	targetType
	targetName
	targetUserID
	targetUserName
	targetUserDomainID
	targetUserDomainName
	targetGroupID
	targetGroupName
	targetProjectID
	targetProjectName
	targetProjectDomainID
	targetProjectDomainName
	targetDomainID
	targetDomainName
	targetRoleID
	targetRoleName

	fieldCount
)

// keys are the attribute keys of the fields.
var keys = [fieldCount]string{
	eventType:               auditlog.AttrNotificationEventType,
	category:                auditlog.AttrAuditCategory,
	action:                  auditlog.AttrAuditAction,
	outcome:                 auditlog.AttrAuditOutcome,
	errorType:               auditlog.AttrErrorType,
	reasonCode:              auditlog.AttrReasonCode,
	identityStatus:          auditlog.AttrCredentialIdentityStatus,
	enrichmentSource:        auditlog.AttrEnrichmentSource,
	userID:                  auditlog.AttrUserID,
	userName:                auditlog.AttrUserName,
	userDomainID:            auditlog.AttrUserDomainID,
	userDomainName:          auditlog.AttrUserDomainName,
	projectID:               auditlog.AttrProjectID,
	projectName:             auditlog.AttrProjectName,
	projectDomainID:         auditlog.AttrProjectDomainID,
	projectDomainName:       auditlog.AttrProjectDomainName,
	domainID:                auditlog.AttrDomainID,
	domainName:              auditlog.AttrDomainName,
	credentialID:            auditlog.AttrApplicationCredentialID,
	credentialName:          auditlog.AttrApplicationCredentialName,
	targetID:                auditlog.AttrTargetID,
	targetType:              auditlog.AttrTargetType,
	targetName:              auditlog.AttrTargetName,
	targetUserID:            auditlog.AttrTargetUserID,
	targetUserName:          auditlog.AttrTargetUserName,
	targetUserDomainID:      auditlog.AttrTargetUserDomainID,
	targetUserDomainName:    auditlog.AttrTargetUserDomainName,
	targetGroupID:           auditlog.AttrTargetGroupID,
	targetGroupName:         auditlog.AttrTargetGroupName,
	targetProjectID:         auditlog.AttrTargetProjectID,
	targetProjectName:       auditlog.AttrTargetProjectName,
	targetProjectDomainID:   auditlog.AttrTargetProjectDomainID,
	targetProjectDomainName: auditlog.AttrTargetProjectDomainName,
	targetDomainID:          auditlog.AttrTargetDomainID,
	targetDomainName:        auditlog.AttrTargetDomainName,
	targetRoleID:            auditlog.AttrTargetRoleID,
	targetRoleName:          auditlog.AttrTargetRoleName,
}

// fieldOf is the reverse of keys.
var fieldOf = func() map[string]field {
	fields := make(map[string]field, fieldCount)
	for f := noField + 1; f < fieldCount; f++ {
		fields[keys[f]] = f
	}
	return fields
}()

// fields are the texts of a record's attributes, empty where there is none.
type fields [fieldCount]string

func (f *fields) read(attributes pcommon.Map) {
	for key, value := range attributes.All() {
		if at, wanted := fieldOf[key]; wanted && value.Type() == pcommon.ValueTypeStr {
			f[at] = value.Str()
		}
	}
}
