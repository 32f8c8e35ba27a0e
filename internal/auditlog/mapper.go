package auditlog

import (
	"crypto/sha256"
	"errors"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/derive"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// Mapper turns messages into records, and records into logs. It is safe for
// concurrent use.
type Mapper struct {
	config  Config
	version string

	services   derive.Services
	eventNames derive.Memo[string, string]
}

// NewMapper returns a Mapper; version is the build's, for the scope.
func NewMapper(config Config, version string) *Mapper {
	return &Mapper{config: config, version: version, services: derive.Services{Names: config.Resource.ServiceNames}}
}

// Message is what came off a wire or out of a log.
type Message struct {
	// Body are the bytes as received. Nobody may change them any more: the texts of
	// the record and of what is made of it are parts of them.
	Body []byte
	// Size is how long the body was where Body is what is left of it; else 0, or the length of Body.
	Size int64
	// Received is the collector's clock at receipt.
	Received time.Time
	// Trace is the span during which the message was sent.
	Trace TraceContext
	// Exchange is the exchange that the message was published to; empty for one that came out of a log.
	Exchange string
	// Incoming is where a log record came from; nil for a message off the wire.
	Incoming *Incoming
	// Publisher is who published the message; nil where a broker or a log is in between.
	Publisher *audit.Publisher
}

// Incoming is the resource that another receiver gave to the log records in which
// notifications were found. Records with the same *Incoming share a resource.
type Incoming struct {
	Resource pcommon.Resource
}

// Kind is what a message turned out to be: that of its notification, or KindRaw.
type Kind = oslo.Kind

// KindRaw is a message that is no notification.
const KindRaw Kind = "raw"

// SkipReason is why no record is made of a message.
type SkipReason string

// The reasons for which no record is made.
const (
	SkipOtherNotification SkipReason = "other_notification"
	SkipHTTPAuditPending  SkipReason = "http_audit_pending"
	SkipRPC               SkipReason = "rpc"
	SkipDecodeError       SkipReason = "decode_error"
)

// Record is a message that was read, and what is to become of it.
type Record struct {
	Kind Kind
	// Skip is why no record is to be made; empty where one is.
	Skip SkipReason
	// Reject says that the message is to be refused for good: it is no notification, and on_decode_error is reject.
	Reject bool
	// DecodeError is why Kind is KindRaw.
	DecodeError *oslo.DecodeError

	message      Message
	notification oslo.Notification
	// sent is the time of the notification; zero where it does not say.
	sent time.Time
}

// Read decodes a message. It never fails: bytes that are no notification are a
// record of KindRaw.
func (m *Mapper) Read(message Message) Record {
	var r Record
	m.ReadInto(&r, message)
	return r
}

// ReadInto is Read into r, which must be the zero Record. A Record is large: who
// has many reads each where it stays.
func (m *Mapper) ReadInto(r *Record, message Message) {
	if err := oslo.DecodeInto(&r.notification, message.Body); err != nil {
		*r = m.readRaw(message, err)
		return
	}
	r.message = message
	r.notification.Cut = r.notification.Cut || message.isCut()
	m.classify(r)
}

// isCut reports whether the body is not all there.
func (m *Message) isCut() bool { return m.Size > int64(len(m.Body)) }

// ReadNotification is Read for a notification that was decoded already; the
// message's body is what it was found in.
func (m *Mapper) ReadNotification(n oslo.Notification, message Message) Record {
	r := Record{message: message, notification: n}
	m.classify(&r)
	return r
}

// classify says what the notification is, and what is to become of it.
func (m *Mapper) classify(r *Record) {
	n := &r.notification
	r.Kind = n.Kind
	r.sent, _ = audit.ParseTime(n.Timestamp)
	switch n.Kind {
	case oslo.KindCADF:
		derive.DropFiller(n)
		if m.config.HTTPAuditPending == Drop && n.EventType == derive.HTTPRequest {
			r.Skip = SkipHTTPAuditPending
		}
	case oslo.KindRPC:
		r.Skip = SkipRPC
	case oslo.KindOther:
		if m.config.OtherNotifications == Drop {
			r.Skip = SkipOtherNotification
		}
	}
}

// ReadUndecodable is Read for what is known to be no notification.
func (m *Mapper) ReadUndecodable(err *oslo.DecodeError, message Message) Record {
	return m.readRaw(message, err)
}

func (m *Mapper) readRaw(message Message, err error) Record {
	r := Record{Kind: KindRaw, message: message}
	if !errors.As(err, &r.DecodeError) {
		r.DecodeError = &oslo.DecodeError{Reason: oslo.ReasonNotNotification, Err: err}
	}
	switch m.config.OnDecodeError {
	case DecodeErrorDrop:
		r.Skip = SkipDecodeError
	case DecodeErrorReject:
		r.Skip, r.Reject = SkipDecodeError, true
	}
	return r
}

// Lag is the time from the sending of the notification to its receipt; false
// where the notification does not say when it was sent.
func (r *Record) Lag() (time.Duration, bool) {
	if r.sent.IsZero() || r.message.Received.IsZero() {
		return 0, false
	}
	return r.message.Received.Sub(r.sent), true
}

// Exchange is the exchange that the message was published to, or empty.
func (r *Record) Exchange() string { return r.message.Exchange }

// serviceOf returns the service that emitted the notification.
func (m *Mapper) serviceOf(r *Record) *derive.Service {
	return m.services.Of(&r.notification, r.message.Incoming.serviceName())
}

func (i *Incoming) serviceName() string {
	if i == nil {
		return ""
	}
	return audit.Text(i.Resource.Attributes(), audit.AttrServiceName)
}

// KnownService is the record's service.name where that is the code name of one of OpenStack's services, or one of the configuration's
// names; else it is empty. Whoever publishes can make up any other.
func (m *Mapper) KnownService(r *Record) string {
	if s := m.serviceOf(r); m.services.IsKnown(s.Name) {
		return s.Name
	}
	return ""
}

// IsAudit reports whether the message is an audit event, whether or not a record is made of it.
func (r *Record) IsAudit() bool { return r.Kind == oslo.KindCADF || r.Kind == oslo.KindBasic }

// uidNamespace is the namespace of the ids that we make ourselves.
var uidNamespace = uuid.MustParse("724aa831-f723-508a-85c3-3acfdab99861")

// maxUIDBytes is what Elasticsearch takes for the id of a document.
const maxUIDBytes = 512

// UID is log.record.uid: what tells a record from all others, and is the same for each copy of it. It has 512 bytes at most.
// The id of the CADF event will not do alone: a request and its response share it.
func (r *Record) UID() string {
	n := &r.notification
	switch {
	case len(n.MessageID) > maxUIDBytes:
		return uuid.NewSHA1(uidNamespace, []byte(n.MessageID)).String()
	case n.MessageID != "":
		return n.MessageID
	case r.Kind == oslo.KindCADF && n.Event.ID != "":
		return uuid.NewSHA1(uidNamespace, []byte(n.Event.ID+"|"+n.EventType+"|"+n.Event.Outcome)).String()
	default:
		sum := sha256.Sum256(r.message.Body)
		return uuid.NewSHA1(uidNamespace, sum[:]).String()
	}
}
