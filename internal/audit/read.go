package audit

import (
	"iter"
	"net/http"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Origin is the resource and the scope of a record.
type Origin struct {
	Resource pcommon.Resource
	Scope    pcommon.InstrumentationScope
}

// Records are all log records of a batch, each with its origin.
func Records(logs plog.Logs) iter.Seq2[plog.LogRecord, Origin] {
	return func(yield func(plog.LogRecord, Origin) bool) {
		for _, resource := range logs.ResourceLogs().All() {
			for _, scope := range resource.ScopeLogs().All() {
				for _, record := range scope.LogRecords().All() {
					if !yield(record, Origin{resource.Resource(), scope.Scope()}) {
						return
					}
				}
			}
		}
	}
}

// Read fills e, which must be Event{}, with what a record says. What has no field is left out, and the service, which stands in the
// resource. Of a record that is no audit event, Category is empty.
func (e *Event) Read(record plog.LogRecord) {
	if record.Timestamp() != 0 {
		e.Time = record.Timestamp().AsTime()
	}
	at := 0 // attributes were written in the order of the fields: the next one is near
	for key, value := range record.Attributes().All() {
		if i := find(key, at); i >= 0 {
			fields[i].read(e, value)
			at = i + 1
		}
	}
}

// find returns the place of a key in the table, looking from a place on, or -1.
func find(key string, from int) int {
	for i := from; i < len(fields); i++ {
		if fields[i].Key == key {
			return i
		}
	}
	for i := range from {
		if fields[i].Key == key {
			return i
		}
	}
	return -1
}

func (f *Field) read(e *Event, value pcommon.Value) {
	switch place := f.Value(e).(type) {
	case *string:
		*place = value.AsString()
	case *int64:
		*place = value.Int()
	case *bool:
		*place = value.Bool()
	case *Optional[bool]:
		place.Value, place.Known = value.Bool(), value.Type() == pcommon.ValueTypeBool
	case *Optional[float64]:
		place.Value, place.Known = value.Double(), value.Type() == pcommon.ValueTypeDouble
	case *[]string:
		if value.Type() != pcommon.ValueTypeSlice {
			return
		}
		for _, element := range value.Slice().All() {
			*place = append(*place, element.AsString())
		}
	}
}

// Read fills s with what the resource of a record says.
func (s *Service) Read(resource pcommon.Map) {
	s.Name, s.Type, s.Host = Text(resource, AttrServiceName), Text(resource, AttrOpenStackServiceType), Text(resource, AttrHostName)
}

// Text returns an attribute as text, empty where it is not there.
func Text(attributes pcommon.Map, key string) string {
	value, ok := attributes.Get(key)
	if !ok {
		return ""
	}
	return value.AsString()
}

// FromKeystone reports whether Keystone itself sent the notification.
func (n *Notification) FromKeystone() bool { return strings.HasPrefix(n.EventType, "identity.") }

// OverHTTP reports whether it is an event of keystonemiddleware, whose type URI follows the path of the request.
func (n *Notification) OverHTTP() bool { return strings.HasPrefix(n.EventType, "audit.http.") }

// UnknownUser reports whether the event is a login of somebody whom Keystone does not know: the actor's id and name are what somebody
// typed. Keystone may translate its texts; then the code is left, keystone/exception.py UserNotFound.
func (e *Event) UnknownUser() bool {
	return e.Category == CategoryAuthentication && e.Outcome == OutcomeFailure &&
		(e.ErrorType == ErrorUserNotFound || e.ErrorType == "404" || e.CADF.ReasonCode == "404")
}

// OnAction reports whether the body of the request says what is done: POST …/action.
func (r *Request) OnAction() bool { return strings.HasSuffix(r.Path, "/action") }

// IsRedirected reports that nothing was done: the client has to ask elsewhere.
func (r *Request) IsRedirected() bool {
	switch r.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	default:
		return false
	}
}
