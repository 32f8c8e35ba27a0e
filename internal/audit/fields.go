package audit

// Field joins a field of an Event with the key of its attribute.
type Field struct {
	// Key is the attribute's.
	Key string
	// Name reports that the text is a name, a path, a query or a user agent, which are shorter than other texts.
	Name bool
	// text is the place of a text, value that of anything else: *int64, *bool, *Optional[bool], *Optional[float64], *[]string.
	text  func(*Event) *string
	value func(*Event) any
}

// Text returns the place of the field in an event, nil where it is none of a text.
func (f *Field) Text(e *Event) *string {
	if f.text == nil {
		return nil
	}
	return f.text(e)
}

// Value returns the place of a field that is no text: *int64, *bool, *Optional[bool], *Optional[float64] or *[]string.
func (f *Field) Value(e *Event) any { return f.value(e) }

// Fields are all fields that have an attribute of the record, in the order in which they are written. What comes first is kept where a
// record is too large.
func Fields() []Field { return fields[:] }

// FieldOf returns the field of an attribute, nil where there is none.
func FieldOf(key string) *Field {
	for i := range fields {
		if fields[i].Key == key {
			return &fields[i]
		}
	}
	return nil
}

// fields is the one table of fields and attributes, for writing and for reading back.
var fields = [...]Field{
	// First: a sender must not be able to crowd out who he is.
	{Key: AttrPeerAddress, text: func(e *Event) *string { return &e.Publisher.Address }},
	{Key: AttrTLSClientSubject, Name: true, text: func(e *Event) *string { return &e.Publisher.CertificateSubject }},

	{Key: AttrRecordUID, text: func(e *Event) *string { return &e.UID }},
	{Key: AttrAuditCategory, text: func(e *Event) *string { return &e.Category }},
	{Key: AttrAuditAction, text: func(e *Event) *string { return &e.Action }},
	{Key: AttrAuditOutcome, text: func(e *Event) *string { return &e.Outcome }},
	{Key: AttrErrorType, text: func(e *Event) *string { return &e.ErrorType }},

	{Key: AttrNotificationEventType, text: func(e *Event) *string { return &e.Notification.EventType }},
	{Key: AttrNotificationPublisherID, text: func(e *Event) *string { return &e.Notification.PublisherID }},
	{Key: AttrNotificationTimestamp, text: func(e *Event) *string { return &e.Notification.Timestamp }},
	{Key: AttrNotificationPlainText, value: func(e *Event) any { return &e.Notification.PlainText }},

	{Key: AttrUserID, text: func(e *Event) *string { return &e.Actor.User.ID }},
	{Key: AttrUserName, Name: true, text: func(e *Event) *string { return &e.Actor.User.Name }},
	{Key: AttrUserHash, text: func(e *Event) *string { return &e.Actor.UserHash }},
	{Key: AttrUserDomainID, text: func(e *Event) *string { return &e.Actor.User.Domain.ID }},
	{Key: AttrUserDomainName, Name: true, text: func(e *Event) *string { return &e.Actor.User.Domain.Name }},
	{Key: AttrProjectID, text: func(e *Event) *string { return &e.Actor.Project.ID }},
	{Key: AttrProjectName, Name: true, text: func(e *Event) *string { return &e.Actor.Project.Name }},
	{Key: AttrProjectDomainID, text: func(e *Event) *string { return &e.Actor.Project.Domain.ID }},
	{Key: AttrProjectDomainName, Name: true, text: func(e *Event) *string { return &e.Actor.Project.Domain.Name }},
	{Key: AttrDomainID, text: func(e *Event) *string { return &e.Actor.Domain.ID }},
	{Key: AttrDomainName, Name: true, text: func(e *Event) *string { return &e.Actor.Domain.Name }},
	{Key: AttrRequestID, text: func(e *Event) *string { return &e.Actor.RequestID }},
	{Key: AttrRequestGlobalID, text: func(e *Event) *string { return &e.Actor.GlobalRequestID }},

	{Key: AttrInitiatorID, text: func(e *Event) *string { return &e.CADF.InitiatorID }},
	{Key: AttrInitiatorTypeURI, text: func(e *Event) *string { return &e.CADF.InitiatorTypeURI }},
	{Key: AttrClientAddress, text: func(e *Event) *string { return &e.Client.Address }},
	{Key: AttrUserAgentOriginal, Name: true, text: func(e *Event) *string { return &e.Client.UserAgent }},
	{Key: AttrInitiatorHostID, text: func(e *Event) *string { return &e.CADF.InitiatorHostID }},
	{Key: AttrInitiatorHostPlatform, text: func(e *Event) *string { return &e.CADF.InitiatorHostPlatform }},
	{Key: AttrApplicationCredentialID, text: func(e *Event) *string { return &e.Actor.ApplicationCredential.ID }},
	{Key: AttrApplicationCredentialName, Name: true, text: func(e *Event) *string { return &e.Actor.ApplicationCredential.Name }},
	{Key: AttrIdentityProviderID, text: func(e *Event) *string { return &e.Actor.IdentityProviderID }},
	{Key: AttrCredentialType, text: func(e *Event) *string { return &e.CADF.CredentialType }},
	{Key: AttrCredentialIdentityStatus, text: func(e *Event) *string { return &e.CADF.CredentialIdentityStatus }},
	{Key: AttrUserGroupIDs, value: func(e *Event) any { return &e.Actor.GroupIDs }},

	{Key: AttrTargetType, text: func(e *Event) *string { return &e.Target.Type }},
	{Key: AttrTargetID, text: func(e *Event) *string { return &e.Target.ID }},
	{Key: AttrTargetName, Name: true, text: func(e *Event) *string { return &e.Target.Name }},
	{Key: AttrTargetUserID, text: func(e *Event) *string { return &e.Target.User.ID }},
	{Key: AttrTargetUserName, Name: true, text: func(e *Event) *string { return &e.Target.User.Name }},
	{Key: AttrTargetUserDomainID, text: func(e *Event) *string { return &e.Target.User.Domain.ID }},
	{Key: AttrTargetUserDomainName, Name: true, text: func(e *Event) *string { return &e.Target.User.Domain.Name }},
	{Key: AttrTargetGroupID, text: func(e *Event) *string { return &e.Target.Group.ID }},
	{Key: AttrTargetGroupName, Name: true, text: func(e *Event) *string { return &e.Target.Group.Name }},
	{Key: AttrTargetProjectID, text: func(e *Event) *string { return &e.Target.Project.ID }},
	{Key: AttrTargetProjectName, Name: true, text: func(e *Event) *string { return &e.Target.Project.Name }},
	{Key: AttrTargetProjectDomainID, text: func(e *Event) *string { return &e.Target.Project.Domain.ID }},
	{Key: AttrTargetProjectDomainName, Name: true, text: func(e *Event) *string { return &e.Target.Project.Domain.Name }},
	{Key: AttrTargetDomainID, text: func(e *Event) *string { return &e.Target.Domain.ID }},
	{Key: AttrTargetDomainName, Name: true, text: func(e *Event) *string { return &e.Target.Domain.Name }},
	{Key: AttrTargetRoleID, text: func(e *Event) *string { return &e.Target.Role.ID }},
	{Key: AttrTargetRoleName, Name: true, text: func(e *Event) *string { return &e.Target.Role.Name }},
	{Key: AttrRoleAssignmentInherited, value: func(e *Event) any { return &e.Target.Inherited }},

	{Key: AttrEventID, text: func(e *Event) *string { return &e.CADF.EventID }},
	{Key: AttrEventType, text: func(e *Event) *string { return &e.CADF.EventType }},
	{Key: AttrEventTypeURI, text: func(e *Event) *string { return &e.CADF.TypeURI }},
	{Key: AttrEventTime, text: func(e *Event) *string { return &e.CADF.EventTime }},
	{Key: AttrEventName, Name: true, text: func(e *Event) *string { return &e.CADF.Name }},
	{Key: AttrEventSeverity, text: func(e *Event) *string { return &e.CADF.Severity }},
	{Key: AttrAction, text: func(e *Event) *string { return &e.CADF.Action }},
	{Key: AttrOutcome, text: func(e *Event) *string { return &e.CADF.Outcome }},
	{Key: AttrHTTPStatusCode, value: func(e *Event) any { return &e.Request.StatusCode }},
	{Key: AttrReasonCode, text: func(e *Event) *string { return &e.CADF.ReasonCode }},
	{Key: AttrReasonType, text: func(e *Event) *string { return &e.CADF.ReasonType }},
	{Key: AttrReasonPolicyType, text: func(e *Event) *string { return &e.CADF.ReasonPolicyType }},
	{Key: AttrReasonPolicyID, text: func(e *Event) *string { return &e.CADF.ReasonPolicyID }},
	{Key: AttrURLPath, Name: true, text: func(e *Event) *string { return &e.Request.Path }},
	{Key: AttrURLQuery, Name: true, text: func(e *Event) *string { return &e.Request.Query }},
	{Key: AttrAuditCorrelationID, text: func(e *Event) *string { return &e.CorrelationID }},
	{Key: AttrTags, value: func(e *Event) any { return &e.CADF.Tags }},
	{Key: AttrCADFTargetID, text: func(e *Event) *string { return &e.CADF.TargetID }},
	{Key: AttrCADFTargetName, Name: true, text: func(e *Event) *string { return &e.CADF.TargetName }},
	{Key: AttrCADFTargetTypeURI, text: func(e *Event) *string { return &e.CADF.TargetTypeURI }},
	{Key: AttrObserverID, text: func(e *Event) *string { return &e.CADF.ObserverID }},
	{Key: AttrObserverName, Name: true, text: func(e *Event) *string { return &e.CADF.ObserverName }},
	{Key: AttrObserverTypeURI, text: func(e *Event) *string { return &e.CADF.ObserverTypeURI }},
	{Key: AttrAuditDuration, value: func(e *Event) any { return &e.Duration }},

	{Key: AttrEnrichmentSource, text: func(e *Event) *string { return &e.NamesSource }},
	{Key: AttrAuditTruncated, value: func(e *Event) any { return &e.Truncated }},
}
