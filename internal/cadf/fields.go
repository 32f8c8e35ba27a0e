package cadf

// Place implements Object.
func (e *Event) Place(key string) any {
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
	case "initiator":
		return &e.Initiator
	case "initiatorId": // in place of an initiator
		return (*InitiatorID)(&e.Initiator.ID)
	case "target":
		return &e.Target
	case "observer":
		return &e.Observer
	case "reason":
		return &e.Reason
	case "tags":
		return &e.Tags
	case "attachments":
		return (*Attachments)(&e.Attachments)
	case "reporterchain":
		return (*ReporterChain)(&e.ReporterChain)
	case "measurements":
		return (*Documents)(&e.Measurements)
	default:
		return nil
	}
}

// Place implements Object.
func (r *Reason) Place(key string) any {
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

// Place implements Object.
func (s *ReporterStep) Place(key string) any {
	switch key {
	case "role":
		return &s.Role
	case "reporterTime":
		return &s.Time
	case "reporterId":
		return &s.Reporter.ID
	case "reporter":
		return &s.Reporter
	default:
		return nil
	}
}

// Place implements Object.
func (r *Reporter) Place(key string) any {
	if key == "id" {
		return &r.ID
	}
	return nil
}

// Place implements Object.
func (a *Attachment) Place(key string) any {
	switch key {
	case "name":
		return &a.Name
	case "typeURI", "contentType": // DSP0262 §6.5.5 wavers between the two
		return &a.TypeURI
	case "content":
		return &a.Content
	default:
		return nil
	}
}

// Place implements Object.
func (r *Resource) Place(key string) any {
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

// Place implements Object.
func (t *Target) Place(key string) any {
	switch key {
	case "project_id":
		return &t.ProjectID
	case "domain_id":
		return &t.DomainID
	case "addresses":
		return (*Addresses)(&t.Addresses)
	case "attachments":
		return (*Attachments)(&t.Attachments)
	default:
		return t.Resource.Place(key)
	}
}

// Place implements Object.
func (i *Initiator) Place(key string) any {
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
	case "host":
		return &i.Host
	case "credential":
		return &i.Credential
	case "geolocation":
		return (*Document)(&i.Geolocation)
	default:
		return i.Resource.Place(key)
	}
}

// Place implements Object.
func (h *Host) Place(key string) any {
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

// Place implements Object.
func (c *Credential) Place(key string) any {
	switch key {
	case "type":
		return &c.Type
	case "identity_status":
		return &c.IdentityStatus
	case "identity_provider":
		return &c.IdentityProvider
	case "user":
		return &c.User
	case "groups":
		return &c.Groups
	case "token":
		return Dropped{}
	default:
		return nil
	}
}

// Place implements Object.
func (e *Endpoint) Place(key string) any {
	switch key {
	case "url":
		return &e.URL
	case "name":
		return &e.Name
	default:
		return nil
	}
}
