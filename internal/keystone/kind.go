// Package keystone asks an OpenStack Identity service (API v3) for the name of one thing, or for a list of them.
// It tells apart what it cannot have: absent, forbidden, unauthorized, unavailable.
package keystone

import (
	"encoding/json"
	"net/url"
)

// Kind is a kind of thing that Keystone gives a name to.
type Kind uint8

// The kinds.
const (
	User Kind = iota
	Project
	Domain
	Role
	Group
	ApplicationCredential

	// KindCount is the number of kinds, for arrays with an element each.
	KindCount
)

// String returns the name of the kind as the Identity API spells it.
func (k Kind) String() string {
	return [KindCount]string{"user", "project", "domain", "role", "group", "application_credential"}[k]
}

// ParseKind is the reverse of String.
func ParseKind(name string) (Kind, bool) {
	for k := range KindCount {
		if k.String() == name {
			return k, true
		}
	}
	return 0, false
}

// collection is the key of a list in the API, and its path.
func (k Kind) collection() string { return k.String() + "s" }

// Ref names one thing.
type Ref struct {
	Kind Kind
	ID   string
	// Owner is the id of the user whose application credential it is; other kinds have none.
	Owner string
}

func (r Ref) path() string {
	path := r.Kind.collection() + "/" + url.PathEscape(r.ID)
	if r.Kind == ApplicationCredential {
		return "users/" + url.PathEscape(r.Owner) + "/" + path
	}
	return path
}

// Entity is what Keystone says about a thing.
type Entity struct {
	ID   string
	Name string
	// DomainID is empty for domains, global roles and application credentials.
	DomainID string
	// IsDomain tells of a project that it is a domain: a domain answers under both kinds with one id.
	IsDomain bool
}

// UnmarshalJSON takes members by their exact keys: encoding/json would let an `ID` behind `id` name something else.
func (e *Entity) UnmarshalJSON(text []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return err
	}
	for _, member := range []struct {
		key string
		to  any
	}{{"id", &e.ID}, {"name", &e.Name}, {"domain_id", &e.DomainID}, {"is_domain", &e.IsDomain}} {
		if value, found := members[member.key]; found {
			if err := json.Unmarshal(value, member.to); err != nil {
				return err
			}
		}
	}
	return nil
}
