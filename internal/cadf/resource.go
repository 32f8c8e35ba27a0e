package cadf

import "github.com/openstack-audit/otelcol-openstack-audit/internal/literal"

func (d *decoder) initiator(key, path string, v literal.Value) {
	i := &d.Initiator
	if field := i.TextField(key); field != nil {
		d.text(field, path, v)
		return
	}
	switch key {
	case "host":
		d.members(path, v, func(key, path string, v literal.Value) { d.known(i.Host.TextField(key), path, v) })
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
	case "addresses":
		d.elements(path, v, func(path string, v literal.Value) {
			if v.Kind != literal.Object {
				d.extra(path, v)
				return
			}
			t.Addresses = append(t.Addresses, Endpoint{})
			address := &t.Addresses[len(t.Addresses)-1]
			d.members(path, v, func(key, path string, v literal.Value) { d.known(address.TextField(key), path, v) })
		})
	case "attachments":
		d.attachments(&t.Attachments, path, v)
	default:
		d.known(t.TextField(key), path, v)
	}
}

func (d *decoder) observer(key, path string, v literal.Value) {
	d.known(d.Observer.TextField(key), path, v)
}

// known takes the text of a member that has a field, and keeps what has none.
func (d *decoder) known(field *string, path string, v literal.Value) {
	if field != nil {
		d.text(field, path, v)
	} else {
		d.extra(path, v)
	}
}

// TextField returns the field of a member that every resource has and whose value
// is a text; nil for all others. So do the methods of the same name elsewhere.
func (r *Resource) TextField(key string) *string {
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

// TextField returns the field of a member; nil where there is none.
func (t *Target) TextField(key string) *string {
	switch key {
	case "project_id":
		return &t.ProjectID
	case "domain_id":
		return &t.DomainID
	default:
		return t.Resource.TextField(key)
	}
}

// TextField returns the field of a member; nil where there is none.
func (i *Initiator) TextField(key string) *string {
	switch key {
	case "domain":
		return &i.Domain
	case "user_id":
		return &i.UserID
	case "username":
		return &i.Username
	case "user_name":
		return &i.SubmittedName
	case "user_domain_id":
		return &i.UserDomainID
	case "user_domain_name":
		return &i.UserDomainName
	case "project_id":
		return &i.ProjectID
	case "project_name":
		return &i.ProjectName
	case "project_domain_name":
		return &i.ProjectDomainName
	case "domain_id":
		return &i.DomainID
	case "domain_name":
		return &i.DomainName
	case "request_id":
		return &i.RequestID
	case "global_request_id":
		return &i.GlobalRequestID
	case "application_credential_id":
		return &i.ApplicationCredentialID
	default:
		return i.Resource.TextField(key)
	}
}

// TextField returns the field of a member; nil where there is none.
func (h *Host) TextField(key string) *string {
	switch key {
	case "id":
		return &h.ID
	case "address":
		return &h.Address
	case "agent":
		return &h.Agent
	case "platform":
		return &h.Platform
	default:
		return nil
	}
}

func (d *decoder) credential(c *Credential, key, path string, v literal.Value) {
	switch key {
	case CredentialToken:
	case "groups":
		d.elements(path, v, func(path string, v literal.Value) { d.appendText(&c.Groups, path, v) })
	default:
		d.known(c.TextField(key), path, v)
	}
}

// CredentialToken is the member of a credential that is never kept.
const CredentialToken = "token"

// TextField returns the field of a member; nil where there is none.
func (c *Credential) TextField(key string) *string {
	switch key {
	case "type":
		return &c.Type
	case "identity_status":
		return &c.IdentityStatus
	case "identity_provider":
		return &c.IdentityProvider
	case "user":
		return &c.User
	default:
		return nil
	}
}

// TextField returns the field of a member; nil where there is none.
func (e *Endpoint) TextField(key string) *string {
	switch key {
	case "url":
		return &e.URL
	case "name":
		return &e.Name
	default:
		return nil
	}
}
