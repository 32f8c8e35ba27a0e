package audit

import (
	"fmt"
	"reflect"
	"unsafe"
)

// Field joins a field of an Event with the key of its attribute.
type Field struct {
	// Key is the attribute's.
	Key string
	// Name reports that the text is a name, a path, a query or a user agent, which are shorter than other texts.
	Name bool
	// place returns the field of an event. To call it would move the event to the heap, which costs a record a tenth of its time: hence the
	// offset.
	place  func(*Event) any
	offset uintptr
	kind   kind
}

// kind is the type of a field.
type kind uint8

const (
	text kind = iota
	number
	flag
	optionalFlag
	optionalNumber
	list
)

// Fields are all fields that have an attribute of the record, in the order in which they are written. What comes first is kept where a
// record is too large.
func Fields() []Field { return fields }

// FieldOf returns the field of an attribute, nil where there is none.
func FieldOf(key string) *Field {
	if i := find(key, 0); i >= 0 {
		return &fields[i]
	}
	return nil
}

// Text returns the place of a text in an event, nil for any other field.
func (f *Field) Text(e *Event) *string {
	if f.kind != text {
		return nil
	}
	return (*string)(f.at(e))
}

// Value returns the place of a field in an event: *string, *int64, *bool, *Optional[bool], *Optional[float64] or *[]string.
func (f *Field) Value(e *Event) any {
	switch f.kind {
	case number:
		return (*int64)(f.at(e))
	case flag:
		return (*bool)(f.at(e))
	case optionalFlag:
		return (*Optional[bool])(f.at(e))
	case optionalNumber:
		return (*Optional[float64])(f.at(e))
	case list:
		return (*[]string)(f.at(e))
	default:
		return (*string)(f.at(e))
	}
}

func (f *Field) at(e *Event) unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(e), f.offset) //nolint:gosec // bind found it within an Event, at a field of the kind
}

// bind finds where in an event the fields are.
func bind(fields []Field) []Field {
	e := new(Event)
	for i := range fields {
		f := &fields[i]
		place := f.place(e)
		switch place.(type) {
		case *string:
			f.kind = text
		case *int64:
			f.kind = number
		case *bool:
			f.kind = flag
		case *Optional[bool]:
			f.kind = optionalFlag
		case *Optional[float64]:
			f.kind = optionalNumber
		case *[]string:
			f.kind = list
		default:
			panic(fmt.Sprintf("audit: the field of %s has a type that no attribute has: %T", f.Key, place))
		}
		f.offset = reflect.ValueOf(place).Pointer() - reflect.ValueOf(e).Pointer()
	}
	return fields
}

// fields is the one table of fields and attributes, for writing and for reading back.
var fields = bind([]Field{
	// First: a sender must not be able to crowd out who he is.
	{Key: AttrPeerAddress, place: func(e *Event) any { return &e.Publisher.Address }},
	{Key: AttrTLSClientSubject, Name: true, place: func(e *Event) any { return &e.Publisher.CertificateSubject }},

	{Key: AttrRecordUID, place: func(e *Event) any { return &e.UID }},
	{Key: AttrAuditCategory, place: func(e *Event) any { return &e.Category }},
	{Key: AttrAuditAction, place: func(e *Event) any { return &e.Action }},
	{Key: AttrAuditOutcome, place: func(e *Event) any { return &e.Outcome }},
	{Key: AttrErrorType, place: func(e *Event) any { return &e.ErrorType }},

	{Key: AttrNotificationEventType, place: func(e *Event) any { return &e.Notification.EventType }},
	{Key: AttrNotificationPublisherID, place: func(e *Event) any { return &e.Notification.PublisherID }},
	{Key: AttrNotificationTimestamp, place: func(e *Event) any { return &e.Notification.Timestamp }},
	{Key: AttrNotificationPlainText, place: func(e *Event) any { return &e.Notification.PlainText }},

	{Key: AttrUserID, place: func(e *Event) any { return &e.Actor.User.ID }},
	{Key: AttrUserName, Name: true, place: func(e *Event) any { return &e.Actor.User.Name }},
	{Key: AttrUserHash, place: func(e *Event) any { return &e.Actor.UserHash }},
	{Key: AttrUserDomainID, place: func(e *Event) any { return &e.Actor.User.Domain.ID }},
	{Key: AttrUserDomainName, Name: true, place: func(e *Event) any { return &e.Actor.User.Domain.Name }},
	{Key: AttrProjectID, place: func(e *Event) any { return &e.Actor.Project.ID }},
	{Key: AttrProjectName, Name: true, place: func(e *Event) any { return &e.Actor.Project.Name }},
	{Key: AttrProjectDomainID, place: func(e *Event) any { return &e.Actor.Project.Domain.ID }},
	{Key: AttrProjectDomainName, Name: true, place: func(e *Event) any { return &e.Actor.Project.Domain.Name }},
	{Key: AttrDomainID, place: func(e *Event) any { return &e.Actor.Domain.ID }},
	{Key: AttrDomainName, Name: true, place: func(e *Event) any { return &e.Actor.Domain.Name }},
	{Key: AttrRequestID, place: func(e *Event) any { return &e.Actor.RequestID }},
	{Key: AttrRequestGlobalID, place: func(e *Event) any { return &e.Actor.GlobalRequestID }},

	{Key: AttrInitiatorID, place: func(e *Event) any { return &e.CADF.InitiatorID }},
	{Key: AttrInitiatorTypeURI, place: func(e *Event) any { return &e.CADF.InitiatorTypeURI }},
	{Key: AttrClientAddress, place: func(e *Event) any { return &e.Client.Address }},
	{Key: AttrUserAgentOriginal, Name: true, place: func(e *Event) any { return &e.Client.UserAgent }},
	{Key: AttrInitiatorHostID, place: func(e *Event) any { return &e.CADF.InitiatorHostID }},
	{Key: AttrInitiatorHostPlatform, place: func(e *Event) any { return &e.CADF.InitiatorHostPlatform }},
	{Key: AttrApplicationCredentialID, place: func(e *Event) any { return &e.Actor.ApplicationCredential.ID }},
	{Key: AttrApplicationCredentialName, Name: true, place: func(e *Event) any { return &e.Actor.ApplicationCredential.Name }},
	{Key: AttrIdentityProviderID, place: func(e *Event) any { return &e.Actor.IdentityProviderID }},
	{Key: AttrCredentialType, place: func(e *Event) any { return &e.CADF.CredentialType }},
	{Key: AttrCredentialIdentityStatus, place: func(e *Event) any { return &e.CADF.CredentialIdentityStatus }},
	{Key: AttrUserGroupIDs, place: func(e *Event) any { return &e.Actor.GroupIDs }},

	{Key: AttrTargetType, place: func(e *Event) any { return &e.Target.Type }},
	{Key: AttrTargetID, place: func(e *Event) any { return &e.Target.ID }},
	{Key: AttrTargetName, Name: true, place: func(e *Event) any { return &e.Target.Name }},
	{Key: AttrTargetPreviousName, Name: true, place: func(e *Event) any { return &e.Target.PreviousName }},
	{Key: AttrTargetUserID, place: func(e *Event) any { return &e.Target.User.ID }},
	{Key: AttrTargetUserName, Name: true, place: func(e *Event) any { return &e.Target.User.Name }},
	{Key: AttrTargetUserDomainID, place: func(e *Event) any { return &e.Target.User.Domain.ID }},
	{Key: AttrTargetUserDomainName, Name: true, place: func(e *Event) any { return &e.Target.User.Domain.Name }},
	{Key: AttrTargetGroupID, place: func(e *Event) any { return &e.Target.Group.ID }},
	{Key: AttrTargetGroupName, Name: true, place: func(e *Event) any { return &e.Target.Group.Name }},
	{Key: AttrTargetProjectID, place: func(e *Event) any { return &e.Target.Project.ID }},
	{Key: AttrTargetProjectName, Name: true, place: func(e *Event) any { return &e.Target.Project.Name }},
	{Key: AttrTargetProjectDomainID, place: func(e *Event) any { return &e.Target.Project.Domain.ID }},
	{Key: AttrTargetProjectDomainName, Name: true, place: func(e *Event) any { return &e.Target.Project.Domain.Name }},
	{Key: AttrTargetDomainID, place: func(e *Event) any { return &e.Target.Domain.ID }},
	{Key: AttrTargetDomainName, Name: true, place: func(e *Event) any { return &e.Target.Domain.Name }},
	{Key: AttrTargetRoleID, place: func(e *Event) any { return &e.Target.Role.ID }},
	{Key: AttrTargetRoleName, Name: true, place: func(e *Event) any { return &e.Target.Role.Name }},
	{Key: AttrRoleAssignmentInherited, place: func(e *Event) any { return &e.Target.Inherited }},

	{Key: AttrEventID, place: func(e *Event) any { return &e.CADF.EventID }},
	{Key: AttrEventType, place: func(e *Event) any { return &e.CADF.EventType }},
	{Key: AttrEventTypeURI, place: func(e *Event) any { return &e.CADF.TypeURI }},
	{Key: AttrEventTime, place: func(e *Event) any { return &e.CADF.EventTime }},
	{Key: AttrEventName, Name: true, place: func(e *Event) any { return &e.CADF.Name }},
	{Key: AttrEventSeverity, place: func(e *Event) any { return &e.CADF.Severity }},
	{Key: AttrAction, place: func(e *Event) any { return &e.CADF.Action }},
	{Key: AttrOutcome, place: func(e *Event) any { return &e.CADF.Outcome }},
	{Key: AttrHTTPStatusCode, place: func(e *Event) any { return &e.Request.StatusCode }},
	{Key: AttrReasonCode, place: func(e *Event) any { return &e.CADF.ReasonCode }},
	{Key: AttrReasonType, place: func(e *Event) any { return &e.CADF.ReasonType }},
	{Key: AttrReasonPolicyType, place: func(e *Event) any { return &e.CADF.ReasonPolicyType }},
	{Key: AttrReasonPolicyID, place: func(e *Event) any { return &e.CADF.ReasonPolicyID }},
	{Key: AttrURLPath, Name: true, place: func(e *Event) any { return &e.Request.Path }},
	{Key: AttrURLQuery, Name: true, place: func(e *Event) any { return &e.Request.Query }},
	{Key: AttrAuditCorrelationID, place: func(e *Event) any { return &e.CorrelationID }},
	{Key: AttrTags, place: func(e *Event) any { return &e.CADF.Tags }},
	{Key: AttrCADFTargetID, place: func(e *Event) any { return &e.CADF.TargetID }},
	{Key: AttrCADFTargetName, Name: true, place: func(e *Event) any { return &e.CADF.TargetName }},
	{Key: AttrCADFTargetTypeURI, place: func(e *Event) any { return &e.CADF.TargetTypeURI }},
	{Key: AttrObserverID, place: func(e *Event) any { return &e.CADF.ObserverID }},
	{Key: AttrObserverName, Name: true, place: func(e *Event) any { return &e.CADF.ObserverName }},
	{Key: AttrObserverTypeURI, place: func(e *Event) any { return &e.CADF.ObserverTypeURI }},
	{Key: AttrAuditDuration, place: func(e *Event) any { return &e.Duration }},

	{Key: AttrEnrichmentSource, place: func(e *Event) any { return &e.NamesSource }},
	{Key: AttrAuditTruncated, place: func(e *Event) any { return &e.Truncated }},
})
