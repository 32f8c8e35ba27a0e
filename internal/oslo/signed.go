package oslo

import (
	"strconv"
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/cadf"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
)

// Sequence is the place of an event among those of its process.
type Sequence struct {
	// Number counts from 0 in each session, which is a process.
	Number  int64
	Session string
}

// Signature is how a service signed an event.
type Signature struct {
	// NodeID is the node that says it signed, KeyVersion the version of the key with which it did.
	NodeID     string
	KeyVersion uint64
	// Value is the signature in hexadecimal digits; empty where there is none.
	Value string
}

// authenticationURI is the target of all logins.
const authenticationURI = "service/security/keystone/auth"

// ReadSigned reads an event of the Rust Keystone, crates/audit/src/types.rs, as a notification of the Python Keystone that says the same.
// The error is always a *DecodeError.
func ReadSigned(text string) (*Notification, Signature, error) {
	if len(text) > maxWhole {
		return nil, Signature{}, &DecodeError{Reason: ReasonNotNotification, Err: errTooLong}
	}
	v, err := parseWhole(strings.TrimRight(text, "\r\n"))
	if err != nil {
		return nil, Signature{}, &DecodeError{Reason: ReasonJSON, Err: err}
	}
	r := signedReader{event: cadf.Event{HasInitiator: true}}
	r.members("", v)
	if r.action == "" || r.event.ID == "" || r.event.EventTime == "" || r.node == "" || r.session == "" || !r.numbered {
		return nil, Signature{}, &DecodeError{Reason: ReasonNotNotification, Err: errNotSigned}
	}
	return r.notification(v), Signature{NodeID: r.node, KeyVersion: r.keyVersion, Value: r.signature}, nil
}

// signedReader collects what an event says.
type signedReader struct {
	event                                 cadf.Event
	action, node, session, signature, uri string
	number                                int64
	numbered                              bool
	keyVersion                            uint64
}

// members reads an object whose members begin with prefix.
func (r *signedReader) members(prefix string, object literal.Value) {
	for _, m := range object.Items {
		path := prefix + m.Key
		switch path {
		case "initiator", "initiator_host", "target", "observer":
			if m.Kind == literal.Object {
				r.members(path+"_", m)
				continue
			}
		}
		if !m.Scalar() || !r.member(path, m.Text) && m.Kind != literal.Null {
			r.event.Extras = append(r.event.Extras, cadf.Extra{Path: path, Value: m})
		}
	}
}

// member reports whether a member has a place. The words are those of the specification; what says nothing but "unknown" is nothing.
func (r *signedReader) member(path, text string) bool {
	e, i := &r.event, &r.event.Initiator
	var err error
	switch path {
	case "id":
		e.ID = text
	case "event_time":
		e.EventTime = text
	case "action":
		r.action, e.Action = text, text
	case "outcome":
		e.Outcome = text
	case "outcome_reason":
		e.Reason.Type = text
	case "correlation_id":
		i.RequestID = text
	case "seq":
		r.number, err = strconv.ParseInt(text, 10, 64)
		r.numbered = err == nil
	case "boot_session_id":
		r.session = text
	case "hmac_key_version":
		r.keyVersion, _ = strconv.ParseUint(text, 10, 64)
		return false // it stays on the record too
	case "signature":
		r.signature = text
	case "domain":
		return text == "default" // a constant
	case "initiator_id":
		i.ID = unlessUnknown(text)
		i.UserID = i.ID
	case "initiator_project_id":
		i.ProjectID = unlessUnknown(text)
	case "initiator_domain_id":
		i.DomainID = unlessUnknown(text)
	case "initiator_host_id":
		i.Host.ID = text
	case "initiator_host_address":
		i.Host.Address = text
	case "target_id":
		e.Target.ID = unlessUnknown(text)
	case "target_type_uri":
		r.uri = text
	case "observer_node_id":
		r.node = text
	case "observer_id":
		e.Observer.ID = text
	default:
		return false
	}
	return err == nil
}

func unlessUnknown(id string) string {
	if id == "unknown" {
		return ""
	}
	return id
}

// pastOperations are the operations as they stand in event types of the Python Keystone, keystone/notifications.py.
var pastOperations = map[string]string{"create": "created", "update": "updated", "delete": "deleted", "disable": "disabled"}

func (r *signedReader) notification(payload literal.Value) *Notification {
	e := &r.event
	if e.Observer.ID == "service/security/keystone/"+r.node {
		e.Observer.ID = "" // says the node again
	}
	e.TypeURI, e.EventType = cadf.EventTypeURI, "activity"
	n := &Notification{
		Kind: KindCADF, Native: true, MessageID: e.ID, // unique, ADR 0023 "Delivery Guarantee"
		Sequence: &Sequence{Number: r.number, Session: r.session},
		Line:     &Line{Hostname: r.node}, payload: payload,
	}
	if r.uri == authenticationURI && r.action == "authenticate" {
		n.EventType = "identity.authenticate"
		e.Target.ID = "" // the service
		n.Event = *e
		return n
	}
	e.Target.TypeURI, e.ResourceInfo = r.uri, e.Target.ID
	resource := strings.ReplaceAll(r.uri[strings.LastIndexByte(r.uri, '/')+1:], "-", "_")
	if resource == "role_assignment" {
		e.Role, e.ResourceInfo = e.Target.ID, ""
	}
	operation := r.action
	if past, ok := pastOperations[operation]; ok {
		operation = past
	}
	n.EventType = "identity." + resource + "." + operation
	n.Event = *e
	return n
}
