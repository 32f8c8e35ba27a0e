package oslo

import (
	"slices"
	"strings"
	"unsafe"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/cadf"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
)

// Kind says what a notification carries.
type Kind string

// The kinds of notifications.
const (
	// KindCADF carries a CADF event.
	KindCADF Kind = "cadf"
	// KindBasic carries Keystone's basic payload: the id of the resource.
	KindBasic Kind = "basic"
	// KindOther is a notification that is no audit event, such as compute.instance.create.end.
	KindOther Kind = "other"
	// KindRPC is a remote procedure call that strayed into the queue.
	KindRPC Kind = "rpc"
)

// Notification is what a service said, whatever envelope it came in.
type Notification struct {
	Kind        Kind
	MessageID   string
	PublisherID string
	EventType   string
	Priority    string
	// Timestamp is when the notification was sent, as the service wrote it: UTC without a zone.
	Timestamp string
	// Event is the payload of KindCADF.
	Event cadf.Event
	// Basic is the payload of KindBasic.
	Basic Basic
	// Extras are fields beside the payload that oslo.messaging does not define.
	Extras []cadf.Extra
	// Native says that a logger wrote the event, without a notification around it.
	Native bool
	// Cut says that the message was too large to be read whole: it had more than is here.
	Cut bool
	// Line is what the log line around the notification knew; nil off the wire.
	Line *Line
	// Sequence is its place among the events of its process; nil where the service does not number them.
	Sequence *Sequence
	// Verdict is what came of checking its signature; empty where nobody did.
	Verdict string

	// payload is the payload as it came. Where the fast path did not make it, unparsed is the message that has it.
	payload  literal.Value
	unparsed string
}

// FromKeystone reports whether Keystone itself sent the notification.
func (n *Notification) FromKeystone() bool { return strings.HasPrefix(n.EventType, "identity.") }

// Payload returns the payload as it came. For most audit events off the wire it is parsed on each call: few want it.
func (n *Notification) Payload() literal.Value {
	if n.unparsed == "" {
		return n.payload
	}
	plain, err := decodePlain(n.unparsed)
	if err != nil {
		return literal.Value{} // cannot be: the fast path read it
	}
	return plain.payload
}

// Basic is the payload of notification_format = basic, keystone/notifications.py.
type Basic struct {
	ResourceInfo    string
	RequestID       string
	GlobalRequestID string
	ActorID         string
	ActorType       string
	ActorOperation  string
	Extras          []cadf.Extra
}

// Line is what a log line says about the request that it was written for.
// Empty where the line does not say.
type Line struct {
	// PlainText says that the line is plain text, in which a line that somebody typed whole cannot be told from one of the service.
	PlainText bool
	// Level is the line's level name, Hostname the host that wrote it.
	Level, Hostname string
	// The actor and its token's scope, of oslo.log's context.
	UserID, UserDomainID, ProjectID, DomainID, RequestID, GlobalRequestID string
}

// NativeEventType is the event type of a CADF event that came without one; the
// audit middleware of SAP uses it, openstack-audit-middleware/auditmiddleware/_api.py.
const NativeEventType = "audit.cadf"

// Decode reads the body of a message: any envelope, compressed or not. The error
// is always a *DecodeError. The notification refers to the body, which must not
// change as long as any text of it is in use.
func Decode(body []byte) (Notification, error) {
	var n Notification
	err := DecodeInto(&n, body)
	return n, err
}

// DecodeInto is Decode into n, which must be empty; it is left empty if there is an error.
func DecodeInto(n *Notification, body []byte) error {
	if len(body) <= maxWhole && decodeFast(asText(body), n) {
		return nil
	}
	*n = Notification{} // what the fast path left
	decoded, err := decodeBody(body)
	if err != nil {
		return err
	}
	*n = decoded
	return nil
}

// asText is the bytes as a string, without a copy. That is safe as long as nobody
// changes them: amqp091-go and our own listener make a body for each message and
// never touch it again, and what inflate made is ours.
func asText(body []byte) string {
	return unsafe.String(unsafe.SliceData(body), len(body)) //nolint:gosec // see above
}

// decodePlain reads whatever there is, as long as it has no more values than are read whole.
func decodePlain(text string) (Notification, error) {
	v, err := parseWhole(strings.TrimPrefix(text, byteOrderMark))
	if err != nil {
		return Notification{}, &DecodeError{Reason: ReasonJSON, Err: err}
	}
	return FromValue(v)
}

// parseWhole reads a text that is one JSON value.
func parseWhole(text string) (literal.Value, error) {
	v, rest, err := literal.ParseJSON(text)
	if err == nil && rest != "" {
		err = errTrailing
	}
	return v, err
}

// byteOrderMark may stand before a text.
const byteOrderMark = "\ufeff"

// FromValue reads a notification from a document: a v2 envelope, a notification
// without one, or a bare CADF event. The error is always a *DecodeError.
func FromValue(v literal.Value) (Notification, error) {
	message, extras, err := openEnvelope(v)
	if err != nil {
		return Notification{}, err
	}
	if message.Kind != literal.Object {
		return Notification{}, &DecodeError{Reason: ReasonNotNotification, Err: errNoObject}
	}
	payload, hasPayload := message.Get("payload")
	switch {
	case hasPayload:
		n := fromMembers(message, extras)
		if n.EventType == "" {
			if !cadf.IsEvent(payload) {
				return Notification{}, &DecodeError{Reason: ReasonNotNotification, Err: errNoEventType}
			}
			n.EventType = NativeEventType
		}
		n.setPayload(payload)
		n.Cut = v.Cut
		return n, nil
	case cadf.IsEvent(message):
		n := Notification{EventType: NativeEventType, Extras: extras, Cut: v.Cut}
		n.setPayload(message)
		return n, nil
	case isRPC(message):
		return Notification{Kind: KindRPC, Cut: v.Cut}, nil
	default:
		return Notification{}, &DecodeError{Reason: ReasonNotNotification, Err: errNoPayload}
	}
}

// The members of a remote procedure call.
const (
	rpcMethod    = "method"
	rpcArguments = "args"
)

// isRPC recognises a remote procedure call, oslo_messaging/rpc/client.py.
func isRPC(message literal.Value) bool {
	_, hasMethod := message.Get(rpcMethod)
	_, hasArgs := message.Get(rpcArguments)
	return hasMethod && hasArgs
}

func fromMembers(message literal.Value, extras []cadf.Extra) Notification {
	var n Notification
	texts := cadf.ReadTexts(message, n.textField)
	n.Extras = slices.Concat(extras, texts, earlier(message, "payload"))
	return n
}

// earlier returns the members of that name that Get does not: JSON's readers take
// the last of a name that occurs twice.
func earlier(object literal.Value, name string) (extras []cadf.Extra) {
	var last *literal.Value
	for i := range object.Items {
		if m := &object.Items[i]; m.Key == name {
			if last != nil {
				extras = append(extras, cadf.Extra{Path: name, Value: *last})
			}
			last = m
		}
	}
	return extras
}

// textField leaves out the payload, and what says nothing about the event:
// _unique_id is set for each send, and _context_* is the publisher's own context,
// which may have a live token.
func (n *Notification) textField(key string) (field *string, known bool) {
	switch key {
	case "message_id":
		return &n.MessageID, true
	case "publisher_id":
		return &n.PublisherID, true
	case "event_type":
		return &n.EventType, true
	case "priority":
		return &n.Priority, true
	case "timestamp":
		return &n.Timestamp, true
	case "payload", "oslo.version", "_unique_id", "_context":
		return nil, true
	default:
		return nil, strings.HasPrefix(key, "_context_")
	}
}

func (n *Notification) setPayload(payload literal.Value) {
	n.payload = payload
	// Keystone says how it ended in CADF events alone; the audit middlewares send nothing else. Watcher's audit.create is of another kind.
	_, ended := payload.Get("outcome")
	identity := n.FromKeystone()
	switch {
	case cadf.IsEvent(payload), identity && ended, n.EventType == NativeEventType, strings.HasPrefix(n.EventType, "audit.http."):
		n.Kind, n.Event = KindCADF, cadf.Decode(payload)
	case identity:
		n.Kind, n.Basic = KindBasic, decodeBasic(payload)
	default:
		n.Kind = KindOther
	}
}

func decodeBasic(payload literal.Value) Basic {
	var b Basic
	if payload.Kind != literal.Object {
		if payload.Kind != literal.Null {
			b.Extras = append(b.Extras, cadf.Extra{Path: "payload", Value: payload})
		}
		return b
	}
	b.Extras = cadf.ReadTexts(payload, b.textField)
	return b
}

func (b *Basic) textField(key string) (field *string, known bool) {
	switch key {
	case "resource_info":
		return &b.ResourceInfo, true
	case "request_id":
		return &b.RequestID, true
	case "global_request_id":
		return &b.GlobalRequestID, true
	case "actor_id":
		return &b.ActorID, true
	case "actor_type":
		return &b.ActorType, true
	case "actor_operation":
		return &b.ActorOperation, true
	default:
		return nil, false
	}
}
