package audit

import "time"

// Event is an audit event: who did what to what, when, from where, and how it ended. A text is empty where the notification does not tell
// it. It stays as it came, without secrets, and may be a part of the message: the message lives as long. Fields that only repeat another
// one, or a constant of every producer, are empty.
//
// An Event is large. Whoever makes many uses one again, after setting it to Event{}.
type Event struct {
	// UID tells the record from all others, and is the same for each copy of it: the message_id of the notification; without one a UUIDv5
	// of what tells the event. Never empty.
	UID string
	// Category is one of the categories. It is never empty for an audit event, and empty for all else.
	Category string
	// Action is what was done, one of a short list: the first words of CADF's taxonomy and those of this package. Never empty.
	Action string
	// Outcome is how it ended, one of the outcomes. Never empty.
	Outcome string
	// ErrorType is why it did not succeed: one of the error types, or a status code. Empty after a success.
	ErrorType string
	// Time is when it happened: eventTime; of a response the time of the last reporter; else when the notification was sent. Zero where
	// nothing says.
	Time time.Time
	// Duration is the time from request to response, in seconds, for responses of an audit middleware.
	Duration Optional[float64]
	// CorrelationID joins the request and the response of an audit middleware.
	CorrelationID string
	// Truncated reports that something of the record was cut or left out.
	Truncated bool
	// NamesSource is where names are from that were added after the mapping; empty where none were.
	NamesSource string

	Notification Notification
	Publisher    Publisher
	Service      Service
	Actor        Actor
	Client       Client
	Target       Target
	Request      Request
	CADF         CADF
}

// Optional is a value that may not be known.
type Optional[T any] struct {
	Value T
	Known bool
}

// Notification is the envelope in which an event came.
type Notification struct {
	// EventType is the event type as it came: identity.user.created. audit.cadf for an event without one.
	EventType string
	// PublisherID is who published it, as he calls himself: identity.ctl01. Empty for a bare CADF event.
	PublisherID string
	// Timestamp is when it was sent, ISO 8601 with the digits of the source.
	Timestamp string
	// PlainText reports that the event was read from plain text, in which a line that somebody typed whole looks like a true one.
	PlainText bool
}

// Publisher is a service that published straight to the collector. It is another thing than the publisher_id, which whoever publishes can
// choose. Empty where a broker or a log is in between.
type Publisher struct {
	// Address is the peer's, without the port; empty for one of loopback.
	Address string
	// CertificateSubject is the distinguished name of the verified certificate.
	CertificateSubject string
}

// Service is who emitted the notification. It stands in the resource of a record.
type Service struct {
	// Name is the code name: keystone, nova. Never empty.
	Name string
	// Type is of the service types authority: identity, compute.
	Type string
	// Host is where it ran: of publisher_id, or of the log line.
	Host string
}

// Entity is a group, a role, a domain or an application credential: something that Keystone knows by its id.
type Entity struct {
	ID, Name string
}

// DomainEntity is a user or a project: its name is its own within its domain alone.
type DomainEntity struct {
	ID, Name string
	Domain   Entity
}

// Actor is who did it, and with which token.
type Actor struct {
	// User is the actor. For a login of an unknown user it is what somebody typed.
	User DomainEntity
	// UserHash is the SHA-256 of what was typed as the name of an unknown user, if that is so configured.
	UserHash string
	// GroupIDs are the groups of a federated user at the login.
	GroupIDs []string
	// Project is the project of the token, and Domain the domain of a token that is scoped to one.
	Project DomainEntity
	Domain  Entity
	// ApplicationCredential is what he logged in with, if it was one.
	ApplicationCredential Entity
	// IdentityProviderID is the identity provider of a federated login.
	IdentityProviderID string
	// RequestID joins the events of one call to a service; GlobalRequestID is of the request that caused it elsewhere, as the client says.
	RequestID, GlobalRequestID string
}

// Client is where the request came from.
type Client struct {
	// Address is an IP address, or what X-Forwarded-For said; an IPv4 address is written as such.
	Address   string
	UserAgent string
}

// Target is what it was done to.
type Target struct {
	// Type is a singular: server. Empty for logins that Keystone reports itself.
	Type string
	// ID is empty for logins, role assignments, and calls on a collection.
	ID string
	// Name is the target's name, where the event has it or it was looked up. PreviousName is the one that it had until an update changed it;
	// only names that were looked up tell it.
	Name, PreviousName string

	// The affected things: of user events, role assignments and members of groups. Project and Domain may be where the target belongs.
	User    DomainEntity
	Group   Entity
	Project DomainEntity
	Domain  Entity
	Role    Entity
	// Inherited reports whether a role assignment is for the projects below.
	Inherited Optional[bool]
}

// Request is the call to an API over HTTP.
type Request struct {
	// Path is without the query, Query without secrets.
	Path, Query string
	// StatusCode is the HTTP status of the response, 0 where the event tells none.
	StatusCode int64

	// The rest is derived from the path and the action, and has no attributes: package request fills it in.

	// Names is what the path names.
	Names Path
	// Operation is what the service calls the action; nil where the action says it.
	Operation *Operation
	// Part is Names.Part without the word of the operation.
	Part string
}

// Path is what the path of a request names.
type Path struct {
	// Type is a singular, ID an id or a name.
	Type, ID string
	// Name stands before the id where a path has both, such as stacks/<name>/<id> of the orchestration.
	Name string
	// ParentType and ParentID are what the target belongs to, where the path names that before it: the server of a volume attachment.
	ParentType, ParentID string
	// Part is what follows the id: acl, payload, tags/red; where there is no id, what follows the word of the type. The word action at the
	// end is none of it, nor is detail, a longer form of the same list.
	Part string
	// Plural reports, where there is no id, that the type's word is one for many.
	Plural bool
}

// Operation is what a service calls an action, in the words of the record.
type Operation struct {
	// Action is the action of the record; empty: that of the event.
	Action string
	// Base and Past are the verb.
	Base, Past string
	// Object stands between the verb and the target: the password of.
	Object string
}

// CADF is what the event itself says, where that is more than the fields above say.
type CADF struct {
	// EventID is the event's id; a request and its response share it.
	EventID string
	// EventType is empty for activity, TypeURI for CADF's own.
	EventType, TypeURI string
	// EventTime is eventTime where it is not the time of the record, ISO 8601 with the digits of the source.
	EventTime      string
	Name, Severity string
	// Action and Outcome are as they came, where they are others than the derived ones.
	Action, Outcome string

	// ReasonCode is empty for an HTTP status, which has a field of its own, and ReasonType for HTTP then.
	ReasonCode, ReasonType           string
	ReasonPolicyType, ReasonPolicyID string

	// InitiatorID is empty where it is the actor's.
	InitiatorID, InitiatorTypeURI            string
	InitiatorHostID, InitiatorHostPlatform   string
	CredentialType, CredentialIdentityStatus string

	// The target's are empty where the derived target or the service says the same.
	TargetID, TargetName, TargetTypeURI string
	// The observer's are empty where the service says the same.
	ObserverID, ObserverName, ObserverTypeURI string

	// Tags are the tags but for the correlation id.
	Tags []string
}
