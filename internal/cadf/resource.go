package cadf

import "github.com/openstack-audit/otelcol-openstack-audit/internal/literal"

func (d *decoder) initiator(key, path string, v literal.Value) {
	i := d.Initiator
	if field := i.initiatorField(key); field != nil {
		d.text(field, path, v)
		return
	}
	switch key {
	case "host":
		d.members(path, v, func(key, path string, v literal.Value) { d.host(&i.Host, key, path, v) })
	case "credential":
		d.members(path, v, func(key, path string, v literal.Value) { d.credential(&i.Credential, key, path, v) })
	case "geolocation":
		if v.Kind != literal.Object || i.Geolocation.Kind != literal.Null {
			d.extra(path, v)
			return
		}
		i.Geolocation = v
	default:
		d.extra(path, v)
	}
}

func (d *decoder) target(key, path string, v literal.Value) {
	t := &d.Target
	switch key {
	case "project_id":
		d.text(&t.ProjectID, path, v)
	case "domain_id":
		d.text(&t.DomainID, path, v)
	case "addresses":
		d.elements(path, v, func(path string, v literal.Value) {
			if v.Kind != literal.Object {
				d.extra(path, v)
				return
			}
			t.Addresses = append(t.Addresses, Endpoint{})
			address := &t.Addresses[len(t.Addresses)-1]
			d.members(path, v, func(key, path string, v literal.Value) { d.endpoint(address, key, path, v) })
		})
	case "attachments":
		d.attachments(&t.Attachments, path, v)
	default:
		d.named(t, key, path, v)
	}
}

func (d *decoder) observer(key, path string, v literal.Value) { d.named(&d.Observer, key, path, v) }

// named reads the members that every resource has.
func (d *decoder) named(r *Resource, key, path string, v literal.Value) {
	if field := r.field(key); field != nil {
		d.text(field, path, v)
	} else {
		d.extra(path, v)
	}
}

func (r *Resource) field(key string) *string {
	switch key {
	case "id":
		return &r.ID
	case "typeURI":
		return &r.TypeURI
	case "name":
		return &r.Name
	default:
		return nil
	}
}

func (r *Resource) initiatorField(key string) *string {
	switch key {
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
		return r.field(key)
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
