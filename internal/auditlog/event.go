package auditlog

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/redact"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/cadf"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// partialPasswordHash is the attachment of Keystone's report_invalid_password_hash.
const partialPasswordHash = "partial_password_hash"

// correlationTag starts the tag that joins a request with its response,
// keystonemiddleware/audit/_api.py.
const correlationTag = "correlation_id?value="

// keystoneUserURI is a constant of Keystone's initiators, and of the targets of
// its authentications and role assignments.
const keystoneUserURI = "service/security/account/user"

// event writes what the CADF event says of itself. A value that only repeats a
// derived attribute, or a constant of every producer, is left out.
func (w *writer) event(n *oslo.Notification, f *facts) {
	e := &n.Event
	w.text(audit.AttrEventID, e.ID)
	if e.EventType != "activity" {
		w.text(audit.AttrEventType, e.EventType)
	}
	if !strings.HasSuffix(e.TypeURI, "/cloud/audit/1.0/event") {
		w.text(audit.AttrEventTypeURI, e.TypeURI)
	}
	if f.eventTime != "" {
		w.text(audit.AttrEventTime, w.made.isoTime(f.eventTime, f.began))
	}
	w.name(audit.AttrEventName, e.Name)
	w.text(audit.AttrEventSeverity, e.Severity)
	w.text(audit.AttrAction, f.rawAction)
	if e.Outcome != f.outcome {
		w.text(audit.AttrOutcome, e.Outcome)
	}
	w.reason(e, f)
	w.name(audit.AttrURLPath, f.urlPath)
	w.name(audit.AttrURLQuery, f.query)
	w.tags(e.Tags)
}

// turnedRound recognises created.user of identity.user.created.
func turnedRound(eventType, action string) bool {
	middle, ok := strings.CutPrefix(eventType, "identity.")
	if !ok {
		return false
	}
	kind, operation, ok := cutLast(middle)
	if !ok {
		return false
	}
	rest, ok := strings.CutPrefix(action, operation)
	return ok && len(rest) == len(kind)+1 && rest[0] == '.' && rest[1:] == kind
}

func (w *writer) reason(e *cadf.Event, f *facts) {
	if f.status != 0 {
		w.integer(audit.AttrHTTPStatusCode, int64(f.status))
	} else {
		w.text(audit.AttrReasonCode, e.Reason.Code)
	}
	if f.status == 0 || e.Reason.Type != "HTTP" {
		w.text(audit.AttrReasonType, f.reasonType)
	}
	w.text(audit.AttrReasonPolicyType, e.Reason.PolicyType)
	w.text(audit.AttrReasonPolicyID, e.Reason.PolicyID)
}

func (w *writer) tags(tags []string) {
	var others []string
	correlated := false
	for _, tag := range tags {
		if id, ok := strings.CutPrefix(tag, correlationTag); ok && !correlated {
			correlated = true
			w.text(audit.AttrAuditCorrelationID, strings.TrimPrefix(id, "openstack:"))
		} else {
			others = append(others, redact.Text(tag))
		}
	}
	w.texts(audit.AttrTags, others)
}

// initiator writes what is left of the initiator once the actor is known.
func (w *writer) initiator(i *cadf.Initiator, f *facts) {
	if i.ID != f.actor.userID && (!f.hidden || isUUID(i.ID)) {
		w.text(audit.AttrInitiatorID, i.ID)
	}
	if i.TypeURI != keystoneUserURI {
		w.text(audit.AttrInitiatorTypeURI, i.TypeURI)
	}
	w.text(audit.AttrClientAddress, f.clientAddress)
	w.name(audit.AttrUserAgentOriginal, redact.Text(i.Host.Agent))
	w.text(audit.AttrInitiatorHostID, i.Host.ID)
	w.text(audit.AttrInitiatorHostPlatform, i.Host.Platform)
	w.text(audit.AttrApplicationCredentialID, i.ApplicationCredentialID)
	w.text(audit.AttrIdentityProviderID, f.identityProviderID)
	w.text(audit.AttrCredentialType, i.Credential.Type)
	w.text(audit.AttrCredentialIdentityStatus, i.Credential.IdentityStatus)
	w.texts(audit.AttrUserGroupIDs, i.Credential.Groups)
	if g := i.Geolocation; g.Kind == literal.Object {
		w.members(audit.AttrInitiatorGeolocation, g)
	}
}

// plainAddress writes an IPv4 address as such that a server which listens for IPv6 too has as ::ffff:192.0.2.7: filters
// for networks of IPv4 do not find it otherwise.
func plainAddress(address string) string {
	if !strings.HasPrefix(address, "::ffff:") {
		return address
	}
	if a, err := netip.ParseAddr(address); err == nil && a.Is4In6() && a.Zone() == "" {
		return a.Unmap().String()
	}
	return address
}

// members writes an object as a map of texts.
func (w *writer) members(key string, object literal.Value) {
	if !w.room(key, len(object.Items)) {
		return
	}
	m := w.attributes.PutEmptyMap(key)
	for i, item := range object.Items {
		if i == maxElements {
			w.truncated = true
			return
		}
		w.put(m, item.Key, redactedText(item))
	}
}

func (w *writer) observer(o *cadf.Resource, s *service) {
	if o.ID != "target" { // a back-reference: observer and target are the same
		w.text(audit.AttrObserverID, o.ID)
	}
	if o.Name != s.name {
		w.name(audit.AttrObserverName, o.Name)
	}
	if kind, rest, ok := serviceTypeOfURI(o.TypeURI); !ok || rest != "" || kind != s.kind {
		w.text(audit.AttrObserverTypeURI, o.TypeURI)
	}
}

// cadfTarget writes the target as the event has it, where it says more than the derived one.
func (w *writer) cadfTarget(n *oslo.Notification, f *facts) {
	t := &n.Event.Target
	if t.ID != f.target.id && t.ID != f.service.name && t.ID != n.Event.Observer.ID {
		w.text(audit.AttrCADFTargetID, t.ID)
	}
	if t.Name != f.target.name && t.Name != f.service.name {
		w.name(audit.AttrCADFTargetName, t.Name)
	}
	w.text(audit.AttrCADFTargetTypeURI, f.cadfTargetTypeURI)
	w.addresses(t.Addresses)
}

func (w *writer) addresses(addresses []cadf.Endpoint) {
	public := ""
	for _, a := range addresses {
		if a.Name == "public" {
			public = a.URL
		}
	}
	for i, a := range addresses {
		if i == maxElements {
			w.truncated = true
			return
		}
		if a.Name != "public" && a.URL == public {
			continue
		}
		name := normalize(a.Name)
		if name == "" {
			name = strconv.Itoa(i)
		}
		key := audit.AttrCADFTargetAddressPrefix + "public" // a constant, for the one that most targets have
		if name != "public" {
			key = audit.AttrCADFTargetAddressPrefix + w.cut(name, maxExtraKeyBytes)
		}
		if _, taken := w.attributes.Get(key); taken {
			key += "_" + strconv.Itoa(i)
		}
		w.text(key, redact.URL(a.URL))
	}
}

// rest writes what takes most space, last.
func (w *writer) rest(n *oslo.Notification, f *facts) {
	e := &n.Event
	w.reporterChain(e.ReporterChain, f)
	w.attachments(audit.AttrAttachments, e.Attachments)
	w.attachments(audit.AttrCADFTargetAttachments, e.Target.Attachments)
	w.maps(audit.AttrMeasurements, len(e.Measurements), func(i int, element element) {
		for _, member := range e.Measurements[i].Items {
			element.put(member.Key, redactedText(member))
		}
	})
	for _, extras := range [][]cadf.Extra{e.Extras, n.Basic.Extras, f.extras, n.Extras} {
		w.extras(extras)
	}
}

func (w *writer) reporterChain(chain []cadf.ReporterStep, f *facts) {
	if len(chain) == 1 && chain[0].Role == "modifier" && chain[0].ReporterID == "target" && f.fromReporter {
		return
	}
	w.maps(audit.AttrReporterChain, len(chain), func(i int, e element) {
		e.put("role", chain[i].Role)
		e.put("reporter_id", chain[i].ReporterID)
		at, _ := parseTime(chain[i].Time)
		e.put("time", w.made.isoTime(chain[i].Time, at))
	})
}

func (w *writer) attachments(key string, attachments []cadf.Attachment) {
	others := attachments
	for i, a := range attachments {
		if a.Name == partialPasswordHash && a.Content.Scalar() {
			w.text(audit.AttrPartialPasswordHash, a.Content.Text)
			others = slices.Concat(attachments[:i], attachments[i+1:])
			break
		}
	}
	w.maps(key, len(others), func(i int, e element) {
		a := others[i]
		e.put("name", a.Name)
		e.put("type_uri", a.TypeURI)
		e.put("content", redactedTextAs(a.Content, a.Name))
	})
}

func (w *writer) extras(extras []cadf.Extra) {
	for _, x := range extras {
		if x.Value.Scalar() && x.Value.Text == "" {
			continue
		}
		if w.extraCount == maxExtras {
			w.dropped++
			w.truncated = true
			continue
		}
		w.extraCount++
		w.extra(x.Path, redactExtra(x))
	}
}

// redactExtra masks an extra by its path, whose end is its own name.
func redactExtra(x cadf.Extra) string {
	name := x.Path
	if strings.HasSuffix(name, "_credential") {
		name = "credential"
	}
	return redactedTextAs(x.Value, name)
}

// maxSearched bounds the text of an attribute that is searched for secrets, in bytes: far more than is kept of it. Searching
// megabytes of which two kilobytes are kept would let a sender occupy the collector.
const maxSearched = 16 << 10

// redactedText is the text of a member without its secrets.
func redactedText(v literal.Value) string { return redactedTextAs(v, v.Key) }

func redactedTextAs(v literal.Value, name string) string {
	if v.Kind == literal.String {
		v.Text = cutUTF8(v.Text, maxSearched)
	}
	v, _ = redact.Named(v, name)
	return v.String()
}
