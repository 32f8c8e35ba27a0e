package cadf

import (
	"strconv"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
)

// Decode reads an event. Every object is an event to it: what it does not know,
// or what stands in another form than it should, is in Extras.
func Decode(v literal.Value) Event {
	var d decoder
	d.members("payload", v, func(key, _ string, v literal.Value) { d.member(key, v) })
	return d.Event
}

type decoder struct{ Event }

func (d *decoder) extra(path string, v literal.Value) {
	if v.Kind == literal.Null || !v.Scalar() && len(v.Items) == 0 {
		return
	}
	d.Extras = append(d.Extras, Extra{Path: path, Value: v})
}

// text takes a scalar; what a member of the same name said before is kept as an extra.
func (d *decoder) text(field *string, path string, v literal.Value) {
	if !v.Scalar() {
		d.extra(path, v)
		return
	}
	if *field != "" && *field != v.Text {
		d.extra(path, literal.Value{Kind: literal.String, Text: *field})
	}
	*field = v.Text
}

// ReadTexts puts the scalar members of an object into the fields that field names.
// Members that are known but have no field are left out; all others are returned,
// as is the earlier value of one that occurs twice.
func ReadTexts(object literal.Value, field func(key string) (field *string, known bool)) []Extra {
	var d decoder
	for _, m := range object.Items {
		switch text, known := field(m.Key); {
		case text != nil:
			d.text(text, m.Key, m)
		case !known:
			d.extra(m.Key, m)
		}
	}
	return d.Extras
}

// members calls f for each member of an object; anything else is an extra.
func (d *decoder) members(path string, v literal.Value, f func(key, path string, v literal.Value)) {
	if v.Kind != literal.Object {
		d.extra(path, v)
		return
	}
	for _, m := range v.Items {
		f(m.Key, join(path, m.Key), m)
	}
}

// elements calls f for each element of an array; a lone value counts as an array of itself.
func (d *decoder) elements(path string, v literal.Value, f func(path string, v literal.Value)) {
	switch v.Kind {
	case literal.Null:
	case literal.Array:
		for i, e := range v.Items {
			f(path+"_"+strconv.Itoa(i), e)
		}
	default:
		f(path, v)
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "_" + key
}

func (d *decoder) member(key string, v literal.Value) {
	if field := d.TextField(key); field != nil {
		d.text(field, key, v)
		return
	}
	switch key {
	case "initiator", initiatorID:
		if v.Kind == literal.Null {
			return
		}
		d.HasInitiator = true
		if key == initiatorID {
			d.text(&d.Initiator.ID, key, v)
		} else {
			d.members(key, v, d.initiator)
		}
	case "target":
		d.members(key, v, d.target)
	case "observer":
		d.members(key, v, d.observer)
	case "reason":
		d.reason(v)
	case "tags":
		d.elements(key, v, func(path string, v literal.Value) { d.appendText(&d.Tags, path, v) })
	case "attachments":
		d.attachments(&d.Attachments, key, v)
	case "reporterchain":
		d.reporterChain(v)
	case "measurements":
		d.elements(key, v, func(path string, v literal.Value) {
			if v.Kind == literal.Object {
				d.Measurements = append(d.Measurements, v)
			} else {
				d.extra(path, v)
			}
		})
	default:
		d.extra(key, v)
	}
}

// initiatorID is the member that stands in place of an initiator.
const initiatorID = "initiatorId"

// TextField returns the field of a member whose value is a text; nil for all others.
func (e *Event) TextField(key string) *string {
	switch key {
	case "typeURI":
		return &e.TypeURI
	case "id":
		return &e.ID
	case "eventType":
		return &e.EventType
	case "eventTime":
		return &e.EventTime
	case "action":
		return &e.Action
	case "outcome":
		return &e.Outcome
	case "name":
		return &e.Name
	case "severity":
		return &e.Severity
	case "requestPath":
		return &e.RequestPath
	case "targetId":
		return &e.Target.ID
	case "observerId":
		return &e.Observer.ID
	case "resource_info":
		return &e.ResourceInfo
	case "role":
		return &e.Role
	case "user":
		return &e.User
	case "group":
		return &e.Group
	case "project":
		return &e.Project
	case "domain":
		return &e.Domain
	case "inherited_to_projects", "inherited_to_project":
		return &e.Inherited
	default:
		return nil
	}
}

func (d *decoder) appendText(list *[]string, path string, v literal.Value) {
	if !v.Scalar() {
		d.extra(path, v)
	} else if v.Text != "" {
		*list = append(*list, v.Text)
	}
}

func (d *decoder) reason(v literal.Value) {
	d.members("reason", v, func(key, path string, v literal.Value) { d.known(d.Reason.TextField(key), path, v) })
}

// TextField returns the field of a member; nil where there is none.
func (r *Reason) TextField(key string) *string {
	switch key {
	case "reasonType":
		return &r.Type
	case "reasonCode":
		return &r.Code
	case "policyType":
		return &r.PolicyType
	case "policyId":
		return &r.PolicyID
	default:
		return nil
	}
}

func (d *decoder) attachments(list *[]Attachment, path string, v literal.Value) {
	d.elements(path, v, func(path string, v literal.Value) {
		if v.Kind != literal.Object {
			d.extra(path, v)
			return
		}
		*list = append(*list, Attachment{})
		a := &(*list)[len(*list)-1]
		for _, m := range v.Items {
			switch m.Key {
			case "name":
				d.text(&a.Name, join(path, m.Key), m)
			case "typeURI", "contentType": // DSP0262 §6.5.5 wavers between the two
				d.text(&a.TypeURI, join(path, m.Key), m)
			case "content":
				d.extra(join(path, m.Key), a.Content)
				a.Content = m
			default:
				d.extra(join(path, m.Key), m)
			}
		}
	})
}

func (d *decoder) reporterChain(v literal.Value) {
	d.elements("reporterchain", v, func(path string, v literal.Value) {
		if v.Kind != literal.Object {
			d.extra(path, v)
			return
		}
		d.ReporterChain = append(d.ReporterChain, ReporterStep{})
		step := &d.ReporterChain[len(d.ReporterChain)-1]
		for _, m := range v.Items {
			path := join(path, m.Key)
			if m.Key != "reporter" {
				d.known(step.TextField(m.Key), path, m)
				continue
			}
			d.members(path, m, func(key, path string, v literal.Value) {
				if key == "id" {
					d.text(&step.ReporterID, path, v)
				} else {
					d.extra(path, v)
				}
			})
		}
	})
}

// TextField returns the field of a member; nil where there is none.
func (s *ReporterStep) TextField(key string) *string {
	switch key {
	case "role":
		return &s.Role
	case "reporterTime":
		return &s.Time
	case "reporterId":
		return &s.ReporterID
	default:
		return nil
	}
}
