// Package keystonetest is a small stand-in for Keystone: the part of the Identity API v3 that names are looked up with,
// over entities that a program puts in and takes out, with failures to switch on. It checks passwords and tokens, and
// is no Keystone otherwise.
package keystonetest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Credentials that a Server takes. Any scope is granted.
const (
	Username                    = "audit-reader"
	UserID                      = "fedcba9876543210fedcba9876543210"
	Password                    = "lab-only"
	ApplicationCredentialID     = "0123456789abcdef0123456789abcdef"
	ApplicationCredentialSecret = "lab-only-secret"
)

// Entity is a thing with a name. Kind is user, project, domain, role, group or application_credential.
type Entity struct {
	Kind     string `json:"kind"`
	ID       string `json:"id"`
	Name     string `json:"name"`
	DomainID string `json:"domain_id,omitempty"`
	// UserID is the owner of an application credential.
	UserID string `json:"user_id,omitempty"`
}

// Failures are what a Server does wrong on purpose. The zero value is a good Keystone.
type Failures struct {
	// Status answers every lookup and list with this status; RetryAfter goes with it.
	Status     int
	RetryAfter string
	// LoginStatus answers every login with this status.
	LoginStatus int
	// HTML answers every lookup with 404 and a page, as a proxy does.
	HTML bool
	// Forbidden answers 403 for these kinds.
	Forbidden []string
	// Delay holds every answer to a lookup back until the channel is closed, or the client goes away.
	Delay <-chan struct{}
	// IgnoreLimit lists all at once, as before Keystone 2025.1.
	IgnoreLimit bool
	// ListLimit cuts lists and says `truncated`, as Keystone's list_limit does.
	ListLimit int
	// Loop makes every list link to its own first page.
	Loop bool
}

// Server is an http.Handler. It is safe for concurrent use.
type Server struct {
	mu       sync.Mutex
	entities map[string]map[string]Entity
	failures Failures
	tokens   map[string]time.Time
	lifetime time.Duration
	serial   int
	logins   int
	requests map[string]int
}

// NewServer returns a Keystone that knows the entities.
func NewServer(entities ...Entity) *Server {
	s := &Server{
		entities: map[string]map[string]Entity{}, tokens: map[string]time.Time{},
		lifetime: time.Hour, requests: map[string]int{},
	}
	s.Put(entities...)
	return s
}

// Put adds entities, or gives them another name. A domain is a project with the same id too, as in Keystone.
func (s *Server) Put(entities ...Entity) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, entity := range entities {
		if s.entities[entity.Kind] == nil {
			s.entities[entity.Kind] = map[string]Entity{}
		}
		s.entities[entity.Kind][entity.ID] = entity
	}
}

// Delete takes an entity out.
func (s *Server) Delete(kind, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.entities[kind], id)
}

// Fail replaces the failures that are switched on.
func (s *Server) Fail(failures Failures) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures = failures
}

// SetTokenLifetime is for tokens that are given from now on.
func (s *Server) SetTokenLifetime(lifetime time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lifetime = lifetime
}

// RevokeTokens makes every token given so far worthless.
func (s *Server) RevokeTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// Logins is the number of tokens given.
func (s *Server) Logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

// Requests is the number of requests for a path below /v3/, as "users/<id>".
func (s *Server) Requests(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[path]
}

// Lookups is the number of all requests but logins.
func (s *Server) Lookups() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	var n int
	for _, count := range s.requests {
		n += count
	}
	return n
}

// ServeHTTP answers POST /v3/auth/tokens, and GET of one entity or of a list.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(strings.TrimRight(r.URL.Path, "/"), "/v3")
	path = strings.Trim(path, "/")
	switch {
	case !ok || path == "":
		answer(w, http.StatusMultipleChoices, map[string]any{"versions": map[string]any{}})
	case path == "auth/tokens" && r.Method == http.MethodPost:
		s.login(w, r)
	case r.Method != http.MethodGet:
		refuse(w, http.StatusMethodNotAllowed, "The method is not allowed for the requested URL.")
	default:
		s.get(w, r, path)
	}
}

func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Auth struct {
			Identity struct {
				Password struct {
					User struct {
						Name     string `json:"name"`
						Password string `json:"password"`
					} `json:"user"`
				} `json:"password"`
				ApplicationCredential struct {
					ID     string `json:"id"`
					Secret string `json:"secret"`
				} `json:"application_credential"`
			} `json:"identity"`
		} `json:"auth"`
	}
	if json.NewDecoder(r.Body).Decode(&body) != nil {
		refuse(w, http.StatusBadRequest, "Expecting to find valid JSON.")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	user, credential := body.Auth.Identity.Password.User, body.Auth.Identity.ApplicationCredential
	switch {
	case s.failures.LoginStatus != 0:
		refuse(w, s.failures.LoginStatus, "This login fails on purpose.")
		return
	case user.Name == Username && user.Password == Password,
		credential.ID == ApplicationCredentialID && credential.Secret == ApplicationCredentialSecret:
	default:
		refuse(w, http.StatusUnauthorized, "The request you have made requires authentication.")
		return
	}
	s.serial++
	s.logins++
	id := "token-" + strconv.Itoa(s.serial)
	now := time.Now()
	s.tokens[id] = now.Add(s.lifetime)
	w.Header().Set("X-Subject-Token", id)
	answer(w, http.StatusCreated, map[string]any{"token": map[string]any{
		"issued_at": now.UTC().Format(time.RFC3339Nano), "expires_at": now.Add(s.lifetime).UTC().Format(time.RFC3339Nano),
		"methods": []string{"password"}, "user": map[string]any{"id": UserID, "name": Username},
	}})
}

func (s *Server) get(w http.ResponseWriter, r *http.Request, path string) {
	s.mu.Lock()
	s.requests[path]++
	failures := s.failures
	expires, known := s.tokens[r.Header.Get("X-Auth-Token")]
	s.mu.Unlock()

	if failures.Delay != nil {
		select {
		case <-failures.Delay:
		case <-r.Context().Done():
			return
		}
	}
	parts := strings.Split(path, "/")
	owner := ""
	if len(parts) == 4 && parts[0] == "users" {
		owner, parts = parts[1], parts[2:]
	}
	kind := strings.TrimSuffix(parts[0], "s")
	switch {
	case failures.Status != 0:
		if failures.RetryAfter != "" {
			w.Header().Set("Retry-After", failures.RetryAfter)
		}
		refuse(w, failures.Status, "This request fails on purpose.")
	case failures.HTML:
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte("<html>not here</html>"))
	case !known || time.Now().After(expires):
		refuse(w, http.StatusUnauthorized, "The request you have made requires authentication.")
	case slices.Contains(failures.Forbidden, kind):
		refuse(w, http.StatusForbidden, fmt.Sprintf("You are not authorized to perform the requested action: identity:get_%s.", kind))
	case len(parts) == 2:
		s.entity(w, kind, parts[1], owner)
	default:
		s.list(w, r, kind, failures)
	}
}

func (s *Server) entity(w http.ResponseWriter, kind, id, owner string) {
	s.mu.Lock()
	entity, found := s.entities[kind][id]
	isDomain := false
	if !found && kind == "project" {
		entity, found = s.entities["domain"][id]
		isDomain = found
	}
	s.mu.Unlock()
	if !found || entity.UserID != owner {
		refuse(w, http.StatusNotFound, fmt.Sprintf("Could not find %s: %s.", kind, id))
		return
	}
	answer(w, http.StatusOK, map[string]any{kind: document(entity, isDomain)})
}

func document(entity Entity, isDomain bool) map[string]any {
	d := map[string]any{"id": entity.ID, "name": entity.Name, "enabled": true, "links": map[string]any{"self": "-"}}
	switch {
	case isDomain:
		d["is_domain"], d["domain_id"] = true, nil
	case entity.Kind == "domain" || entity.Kind == "application_credential":
	case entity.DomainID == "":
		d["domain_id"] = nil
	default:
		d["domain_id"] = entity.DomainID
	}
	return d
}

func (s *Server) list(w http.ResponseWriter, r *http.Request, kind string, failures Failures) {
	query := r.URL.Query()
	domain := query.Get("domain_id")
	s.mu.Lock()
	var found []Entity
	for _, entity := range s.entities[kind] {
		// Without domain_id Keystone lists global roles alone.
		if entity.DomainID == domain || domain == "" && kind != "role" {
			found = append(found, entity)
		}
	}
	s.mu.Unlock()
	slices.SortFunc(found, func(a, b Entity) int { return cmp.Compare(a.ID, b.ID) })

	links := map[string]any{"self": "-", "previous": nil, "next": nil}
	body := map[string]any{"links": links}
	limit, _ := strconv.Atoi(query.Get("limit"))
	if failures.IgnoreLimit {
		limit = 0
	} else {
		found = after(found, query.Get("marker"))
	}
	if failures.ListLimit > 0 && len(found) > failures.ListLimit {
		found, limit = found[:failures.ListLimit], 0
		body["truncated"] = true
	}
	if limit > 0 && len(found) > limit {
		found = found[:limit]
		links["next"] = fmt.Sprintf("http://public.invalid/v3/%ss?limit=%d&marker=%s", kind, limit, found[limit-1].ID)
	}
	if failures.Loop {
		links["next"] = "http://public.invalid/v3/?marker=0"
	}
	documents := make([]map[string]any, len(found))
	for i, entity := range found {
		documents[i] = document(entity, false)
	}
	body[kind+"s"] = documents
	answer(w, http.StatusOK, body)
}

func after(entities []Entity, marker string) []Entity {
	i, _ := slices.BinarySearchFunc(entities, marker, func(e Entity, m string) int { return cmp.Compare(e.ID, m) })
	if i < len(entities) && entities[i].ID == marker {
		i++
	}
	return entities[i:]
}

func refuse(w http.ResponseWriter, status int, message string) {
	answer(w, status, map[string]any{"error": map[string]any{"code": status, "title": http.StatusText(status), "message": message}})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
