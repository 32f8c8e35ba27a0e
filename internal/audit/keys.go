package audit

import semconv "go.opentelemetry.io/otel/semconv/v1.41.0"

// SchemaURL is the schema of the names that the OpenTelemetry semantic conventions give.
const SchemaURL = semconv.SchemaURL

// Attribute keys of an audit log record. They are the only place where a name is spelled; docs/attributes.md describes each and a test
// holds the two together. Names that the OpenTelemetry semantic conventions know are used with their meaning there; openstack.* are
// concepts of OpenStack, cadf.* properties of the event format itself (DMTF DSP0262).

// Resource and scope.
const (
	AttrServiceName          = string(semconv.ServiceNameKey)
	AttrServiceNamespace     = string(semconv.ServiceNamespaceKey)
	AttrHostName             = string(semconv.HostNameKey)
	AttrCloudProvider        = string(semconv.CloudProviderKey)
	AttrCloudRegion          = string(semconv.CloudRegionKey)
	AttrOpenStackServiceType = "openstack.service.type"
	// AttrEncodingFormat is the name that encoding extensions of the Collector give to the scope.
	AttrEncodingFormat = "encoding.format"
)

// The notification and its envelope.
const (
	AttrRecordUID               = string(semconv.LogRecordUIDKey)
	AttrRecordOriginal          = string(semconv.LogRecordOriginalKey)
	AttrNotificationEventType   = "openstack.notification.event_type"
	AttrNotificationPublisherID = "openstack.notification.publisher_id"
	AttrNotificationTimestamp   = "openstack.notification.timestamp"
	// AttrNotificationExtraPrefix is followed by the path of a field that has no attribute of its own, joined with underscores.
	AttrNotificationExtraPrefix = "openstack.notification.extra."
	// AttrNotificationDecodeError is the reason for which bytes are no notification.
	AttrNotificationDecodeError = "openstack.notification.decode_error"
	// AttrNotificationPlainText says that the event was read from plain text, in which a line that somebody typed whole looks like a true one.
	AttrNotificationPlainText  = "openstack.notification.plain_text"
	AttrNotificationBodySize   = "openstack.notification.body.size"
	AttrNotificationBodySHA256 = "openstack.notification.body.sha256"
)

// Who published the notification, where the collector knows: one that came straight from a service.
const (
	AttrPeerAddress      = string(semconv.NetworkPeerAddressKey)
	AttrTLSClientSubject = string(semconv.TLSClientSubjectKey)
)

// The actor and where the request came from.
const (
	AttrUserID                    = string(semconv.UserIDKey)
	AttrUserName                  = string(semconv.UserNameKey)
	AttrUserHash                  = string(semconv.UserHashKey)
	AttrUserDomainID              = "openstack.user.domain.id"
	AttrUserDomainName            = "openstack.user.domain.name"
	AttrUserGroupIDs              = "openstack.user.group.ids"
	AttrProjectID                 = "openstack.project.id"
	AttrProjectName               = "openstack.project.name"
	AttrProjectDomainID           = "openstack.project.domain.id"
	AttrProjectDomainName         = "openstack.project.domain.name"
	AttrDomainID                  = "openstack.domain.id"
	AttrDomainName                = "openstack.domain.name"
	AttrRequestID                 = "openstack.request.id"
	AttrRequestGlobalID           = "openstack.request.global_id"
	AttrApplicationCredentialID   = "openstack.application_credential.id"
	AttrApplicationCredentialName = "openstack.application_credential.name"
	AttrIdentityProviderID        = "openstack.identity_provider.id"
	AttrClientAddress             = string(semconv.ClientAddressKey)
	AttrUserAgentOriginal         = string(semconv.UserAgentOriginalKey)
	AttrInitiatorID               = "cadf.initiator.id"
	AttrInitiatorTypeURI          = "cadf.initiator.type_uri"
	AttrInitiatorHostID           = "cadf.initiator.host.id"
	AttrInitiatorHostPlatform     = "cadf.initiator.host.platform"
	AttrInitiatorGeolocation      = "cadf.initiator.geolocation"
	AttrCredentialType            = "cadf.initiator.credential.type"
	AttrCredentialIdentityStatus  = "cadf.initiator.credential.identity_status"
	AttrPartialPasswordHash       = "openstack.auth.partial_password_hash"
)

// The event: what was done, and how it ended.
const (
	AttrEventID            = "cadf.event.id"
	AttrEventType          = "cadf.event.type"
	AttrEventTypeURI       = "cadf.event.type_uri"
	AttrEventTime          = "cadf.event.time"
	AttrEventName          = "cadf.event.name"
	AttrEventSeverity      = "cadf.event.severity"
	AttrAction             = "cadf.action"
	AttrOutcome            = "cadf.outcome"
	AttrReasonCode         = "cadf.reason.code"
	AttrReasonType         = "cadf.reason.type"
	AttrReasonPolicyType   = "cadf.reason.policy.type"
	AttrReasonPolicyID     = "cadf.reason.policy.id"
	AttrHTTPStatusCode     = string(semconv.HTTPResponseStatusCodeKey)
	AttrURLPath            = string(semconv.URLPathKey)
	AttrURLQuery           = string(semconv.URLQueryKey)
	AttrObserverID         = "cadf.observer.id"
	AttrObserverTypeURI    = "cadf.observer.type_uri"
	AttrObserverName       = "cadf.observer.name"
	AttrTags               = "cadf.tags"
	AttrReporterChain      = "cadf.reporter_chain"
	AttrAttachments        = "cadf.attachments"
	AttrMeasurements       = "cadf.measurements"
	AttrErrorType          = string(semconv.ErrorTypeKey)
	AttrAuditCategory      = "openstack.audit.category"
	AttrAuditAction        = "openstack.audit.action"
	AttrAuditOutcome       = "openstack.audit.outcome"
	AttrAuditDuration      = "openstack.audit.duration"
	AttrAuditCorrelationID = "openstack.audit.correlation_id"
	AttrAuditTruncated     = "openstack.audit.truncated"
)

// The target: what it was done to.
const (
	AttrTargetID   = "openstack.target.id"
	AttrTargetType = "openstack.target.type"
	AttrTargetName = "openstack.target.name"
	// AttrTargetPreviousName is the name that the target had until an update changed it.
	AttrTargetPreviousName = "openstack.target.previous_name"
	AttrTargetUserID       = "openstack.target.user.id"
	AttrTargetGroupID      = "openstack.target.group.id"
	// AttrTargetProjectID is the affected project, or the project that holds the target.
	AttrTargetProjectID         = "openstack.target.project.id"
	AttrTargetDomainID          = "openstack.target.domain.id"
	AttrTargetRoleID            = "openstack.target.role.id"
	AttrTargetUserName          = "openstack.target.user.name"
	AttrTargetGroupName         = "openstack.target.group.name"
	AttrTargetProjectName       = "openstack.target.project.name"
	AttrTargetDomainName        = "openstack.target.domain.name"
	AttrTargetRoleName          = "openstack.target.role.name"
	AttrTargetUserDomainID      = "openstack.target.user.domain.id"
	AttrTargetUserDomainName    = "openstack.target.user.domain.name"
	AttrTargetProjectDomainID   = "openstack.target.project.domain.id"
	AttrTargetProjectDomainName = "openstack.target.project.domain.name"
	AttrRoleAssignmentInherited = "openstack.role_assignment.inherited"
	AttrCADFTargetID            = "cadf.target.id"
	AttrCADFTargetTypeURI       = "cadf.target.type_uri"
	AttrCADFTargetName          = "cadf.target.name"
	// AttrCADFTargetAddressPrefix is followed by the name of an endpoint: public, private, admin.
	AttrCADFTargetAddressPrefix = "cadf.target.address."
	AttrCADFTargetAttachments   = "cadf.target.attachments"
)

// AttrEnrichmentSource says where names are from that were added to ids after the mapping.
const AttrEnrichmentSource = "openstack.enrichment.source"

// What is missing: a record of the connector openstack_audit_completeness.
const (
	AttrGapKind  = "openstack.audit.gap.kind"
	AttrGapState = "openstack.audit.gap.state"
	AttrGapSince = "openstack.audit.gap.since"
	AttrGapFirst = "openstack.audit.gap.first"
	AttrGapLast  = "openstack.audit.gap.last"
	// AttrPublisher is the publisher_id, or without one the host.
	AttrPublisher = "openstack.audit.publisher"
	// AttrSignature is what came of checking the event's signature.
	AttrSignature = "openstack.audit.signature"
	// AttrSequenceNumber counts the events of a session, which is a process of the Rust Keystone.
	AttrSequenceNumber  = "openstack.audit.sequence.number"
	AttrSequenceSession = "openstack.audit.sequence.session"
)

// A checkpoint of the evidence log: a record of the processor openstack_audit_evidence.
const (
	// AttrCheckpointNote is the signed note, with all signatures.
	AttrCheckpointNote   = "openstack.audit.checkpoint.note"
	AttrCheckpointOrigin = "openstack.audit.checkpoint.origin"
	AttrCheckpointSize   = "openstack.audit.checkpoint.size"
)
