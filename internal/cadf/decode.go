package cadf

import (
	"strconv"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
)

// Decode reads an event. Every object is an event to it: what it does not know,
// or what stands in another form than it should, is in Extras.
func Decode(v literal.Value) Event {
	var d decoder
	d.event(v)
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

func (d *decoder) event(v literal.Value) {
	for _, m := range v.Items {
		if field := d.textField(m.Key); field != nil {
			d.text(field, m.Key, m)
			continue
		}
		switch m.Key {
		case "initiator":
			if m.Kind != literal.Null {
				if d.Initiator == nil {
					d.Initiator = &Resource{}
				}
				d.resource(d.Initiator, "initiator", m)
			}
		case "initiatorId":
			if d.Initiator == nil {
				d.Initiator = &Resource{}
			}
			d.text(&d.Initiator.ID, "initiatorId", m)
		case "target":
			d.resource(&d.Target, "target", m)
		case "observer":
			d.resource(&d.Observer, "observer", m)
		case "reason":
			d.reason(m)
		case "tags":
			d.elements("tags", m, func(path string, v literal.Value) { d.appendText(&d.Tags, path, v) })
		case "attachments":
			d.attachments(&d.Attachments, "attachments", m)
		case "reporterchain":
			d.reporterChain(m)
		case "measurements":
			if d.Measurements.Kind != literal.Null {
				d.extra("measurements", d.Measurements)
			}
			d.Measurements = m
		default:
			d.extra(m.Key, m)
		}
	}
}

func (d *decoder) textField(key string) *string {
	switch key {
	case "typeURI":
		return &d.TypeURI
	case "id":
		return &d.ID
	case "eventType":
		return &d.EventType
	case "eventTime":
		return &d.EventTime
	case "action":
		return &d.Action
	case "outcome":
		return &d.Outcome
	case "name":
		return &d.Name
	case "severity":
		return &d.Severity
	case "requestPath":
		return &d.RequestPath
	case "targetId":
		return &d.Target.ID
	case "observerId":
		return &d.Observer.ID
	case "resource_info":
		return &d.ResourceInfo
	case "role":
		return &d.Role
	case "user":
		return &d.User
	case "group":
		return &d.Group
	case "project":
		return &d.Project
	case "domain":
		return &d.Domain
	case "inherited_to_projects", "inherited_to_project":
		return &d.Inherited
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

func (d *decoder) resource(r *Resource, path string, v literal.Value) {
	d.members(path, v, func(key, path string, v literal.Value) {
		if field := r.textField(key); field != nil {
			d.text(field, path, v)
			return
		}
		switch key {
		case "host":
			d.members(path, v, func(key, path string, v literal.Value) { d.host(&r.Host, key, path, v) })
		case "credential":
			d.members(path, v, func(key, path string, v literal.Value) { d.credential(&r.Credential, key, path, v) })
		case "addresses":
			d.elements(path, v, func(path string, v literal.Value) {
				r.Addresses = append(r.Addresses, Endpoint{})
				address := &r.Addresses[len(r.Addresses)-1]
				d.members(path, v, func(key, path string, v literal.Value) { d.endpoint(address, key, path, v) })
			})
		case "attachments":
			d.attachments(&r.Attachments, path, v)
		case "geolocation":
			if v.Kind != literal.Object || r.Geolocation.Kind != literal.Null {
				d.extra(path, v)
				return
			}
			r.Geolocation = v
		default:
			d.extra(path, v)
		}
	})
}

func (r *Resource) textField(key string) *string {
	switch key {
	case "id":
		return &r.ID
	case "typeURI":
		return &r.TypeURI
	case "name":
		return &r.Name
	case "domain":
		return &r.Domain
	case "user_id":
		return &r.UserID
	case "username":
		return &r.Username
	case "user_name":
		return &r.SubmittedName
	case "user_domain_id":
		return &r.UserDomainID
	case "user_domain_name":
		return &r.UserDomainName
	case "project_id":
		return &r.ProjectID
	case "project_name":
		return &r.ProjectName
	case "project_domain_name":
		return &r.ProjectDomainName
	case "domain_id":
		return &r.DomainID
	case "domain_name":
		return &r.DomainName
	case "request_id":
		return &r.RequestID
	case "global_request_id":
		return &r.GlobalRequestID
	case "application_credential_id":
		return &r.ApplicationCredentialID
	default:
		return nil
	}
}

func (d *decoder) host(h *Host, key, path string, v literal.Value) {
	switch key {
	case "id":
		d.text(&h.ID, path, v)
	case "address":
		d.text(&h.Address, path, v)
	case "agent":
		d.text(&h.Agent, path, v)
	case "platform":
		d.text(&h.Platform, path, v)
	default:
		d.extra(path, v)
	}
}

func (d *decoder) credential(c *Credential, key, path string, v literal.Value) {
	switch key {
	case "token":
	case "type":
		d.text(&c.Type, path, v)
	case "identity_status":
		d.text(&c.IdentityStatus, path, v)
	case "identity_provider":
		d.text(&c.IdentityProvider, path, v)
	case "user":
		d.text(&c.User, path, v)
	case "groups":
		d.elements(path, v, func(path string, v literal.Value) { d.appendText(&c.Groups, path, v) })
	default:
		d.extra(path, v)
	}
}

func (d *decoder) endpoint(e *Endpoint, key, path string, v literal.Value) {
	switch key {
	case "url":
		d.text(&e.URL, path, v)
	case "name":
		d.text(&e.Name, path, v)
	default:
		d.extra(path, v)
	}
}

func (d *decoder) reason(v literal.Value) {
	r := &d.Reason
	d.members("reason", v, func(key, path string, v literal.Value) {
		switch key {
		case "reasonType":
			d.text(&r.Type, path, v)
		case "reasonCode":
			d.text(&r.Code, path, v)
		case "policyType":
			d.text(&r.PolicyType, path, v)
		case "policyId":
			d.text(&r.PolicyID, path, v)
		default:
			d.extra(path, v)
		}
	})
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
			switch path := join(path, m.Key); m.Key {
			case "role":
				d.text(&step.Role, path, m)
			case "reporterTime":
				d.text(&step.Time, path, m)
			case "reporterId":
				d.text(&step.ReporterID, path, m)
			case "reporter":
				d.members(path, m, func(key, path string, v literal.Value) {
					if key == "id" {
						d.text(&step.ReporterID, path, v)
					} else {
						d.extra(path, v)
					}
				})
			default:
				d.extra(path, m)
			}
		}
	})
}
