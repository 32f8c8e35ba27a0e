// Package cadf knows the CADF event (DMTF DSP0262) as OpenStack's services write
// it: its fields, the fields that Keystone and the audit middlewares added, and
// whatever else stands in it. It knows neither oslo.messaging nor OpenTelemetry.
package cadf

import (
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
)

// EventTypeURI is the typeURI of every event, DSP0262 §6.2.
const EventTypeURI = "http://schemas.dmtf.org/cloud/audit/1.0/event"

// EventTypeSuffix is what the typeURI of an event is recognised by.
const EventTypeSuffix = "/event"

// Event is a CADF event. Text fields are empty where the event has none; a number
// or a boolean that stands where text belongs is its text.
type Event struct {
	TypeURI     string
	ID          string
	EventType   string
	EventTime   string
	Action      string
	Outcome     string
	Name        string
	Severity    string
	RequestPath string

	// HasInitiator reports whether the event has an initiator; many of Keystone's have none.
	HasInitiator bool
	Initiator    Initiator
	Target       Target
	Observer     Resource
	Reason       Reason

	Tags          []string
	Attachments   []Attachment
	ReporterChain []ReporterStep
	Measurements  []literal.Value // objects

	// Keystone's own fields, keystone/notifications.py.
	ResourceInfo string
	Role         string
	User         string
	Group        string
	Project      string
	Domain       string
	// Inherited is the text of inherited_to_projects.
	Inherited string

	// Extras are the fields that have no place above, in the order of the text.
	Extras []Extra
}

// Resource is what every CADF resource says of itself.
type Resource struct {
	ID      string
	TypeURI string
	Name    string
}

// Target is what something was done to, with the ids of its project and domain that the audit middlewares add.
type Target struct {
	Resource
	ProjectID   string
	DomainID    string
	Addresses   []Endpoint
	Attachments []Attachment
}

// Initiator is who did it, with OpenStack's additions, keystone/notifications.py and the audit middlewares.
type Initiator struct {
	Resource
	Domain      string
	Host        Host
	Credential  Credential
	Geolocation literal.Value

	UserID         string
	Username       string
	SubmittedName  string // user_name: what the client typed
	UserDomainID   string
	UserDomainName string

	ProjectID               string
	ProjectName             string
	ProjectDomainName       string
	DomainID                string
	DomainName              string
	RequestID               string
	GlobalRequestID         string
	ApplicationCredentialID string
}

// Host is where an initiator's request came from.
type Host struct {
	ID, Address, Agent, Platform string
}

// Credential is what an initiator showed. Its token is never kept: what pyCADF
// leaves of it unmasked is up to 64 characters.
type Credential struct {
	Type             string
	IdentityStatus   string
	IdentityProvider string
	User             string
	Groups           []string
}

// Empty reports whether an initiator showed no credential.
func (c Credential) Empty() bool {
	return c.Type == "" && c.IdentityStatus == "" && c.IdentityProvider == "" && c.User == "" && len(c.Groups) == 0
}

// Endpoint is an address of a target.
type Endpoint struct {
	URL, Name string
}

// Reason is why an event ended as it did.
type Reason struct {
	Type, Code, PolicyType, PolicyID string
}

// Attachment is whatever a producer attached.
type Attachment struct {
	Name    string
	TypeURI string
	Content literal.Value
}

// ReporterStep is a step of the reporter chain.
type ReporterStep struct {
	Role     string
	Reporter Reporter
	Time     string
}

// Reporter is who took a step.
type Reporter struct {
	ID string
}

// Extra is a field that CADF and OpenStack's code as we know it do not define,
// or an earlier value of a member that occurs twice.
type Extra struct {
	// Path are the names from the top of the event, joined with underscores.
	Path  string
	Value literal.Value
}

// IsEvent reports whether an object is a CADF event.
func IsEvent(v literal.Value) bool {
	if v.Kind != literal.Object {
		return false
	}
	if uri, ok := v.Get("typeURI"); ok && strings.HasSuffix(uri.Text, EventTypeSuffix) {
		return true
	}
	_, hasType := v.Get("eventType")
	_, hasAction := v.Get("action")
	return hasType && hasAction
}
