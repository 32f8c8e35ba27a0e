//go:build services

package services

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog/auditlogtest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
)

// user is somebody of the lab, with a token of his project.
type user struct{ token, project string }

// login gets a token.
func login(t *testing.T, keystone, name, project, password string) user {
	t.Helper()
	domain := map[string]any{"name": "Default"}
	body, err := json.Marshal(map[string]any{"auth": map[string]any{
		"identity": map[string]any{"methods": []string{"password"}, "password": map[string]any{
			"user": map[string]any{"name": name, "domain": domain, "password": password}}},
		"scope": map[string]any{"project": map[string]any{"name": project, "domain": domain}},
	}})
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, keystone+"/auth/tokens", bytes.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	var answer struct {
		Token struct{ Project struct{ ID string } }
	}
	require.NoError(t, json.NewDecoder(response.Body).Decode(&answer))
	return user{token: response.Header.Get("X-Subject-Token"), project: answer.Token.Project.ID}
}

// worker makes the requests of work/<service>.txt, each with a User-Agent of its own, which the audit event repeats.
type worker struct {
	t       *testing.T
	lab     *lab
	users   map[string]user
	service string
	headers map[string]string
	// names are the ids of what was created.
	names map[string]string
	// done are the requests by their User-Agent; refused those that authtoken refused before the audit filter.
	done, refused map[string]auditlogtest.Request
}

// nobody has no token.
const nobody = "nobody"

func newWorker(t *testing.T, l *lab) *worker {
	return &worker{t: t, lab: l, done: map[string]auditlogtest.Request{}, refused: map[string]auditlogtest.Request{}, users: map[string]user{
		nobody:    {},
		"admin":   login(t, l.keystone, "admin", "admin", keystonetest.Password),
		"nadia.k": login(t, l.keystone, "nadia.k", "payments-prod", "User-1-password"),
		"mallory": login(t, l.keystone, "mallory", "Ünïted-labs", "User-1-password"),
	}}
}

// run makes the requests of one service.
func (w *worker) run(service string) {
	w.service, w.headers, w.names = service, map[string]string{}, map[string]string{}
	script, err := os.ReadFile(filepath.Join("work", service+".txt"))
	require.NoError(w.t, err)
	for line := range strings.Lines(string(script)) {
		line = strings.TrimSpace(line)
		switch header, isHeader := strings.CutPrefix(line, "header "); {
		case line == "" || strings.HasPrefix(line, "#"):
		case isHeader:
			name, value, _ := strings.Cut(header, ":")
			w.headers[name] = strings.TrimSpace(value)
		case line == "ACTIVE":
			w.lab.activateOctavia(w.t)
		default:
			w.request(line)
		}
	}
}

// placeholder is what a script has in the place of an id.
var placeholder = regexp.MustCompile(`\{(nothing|url|project:[\w.]+|[a-z]\w*)\}`)

func (w *worker) fill(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(name string) string {
		name = strings.Trim(name, "{}")
		if who, ok := strings.CutPrefix(name, "project:"); ok {
			return w.users[who].project
		}
		if name == "url" {
			return w.url()
		}
		if id, ok := w.names[name]; ok {
			return id
		}
		return uuid.NewString() // nothing, or what the service did not create
	})
}

// request reads [NAME =] WHO METHOD PATH [BODY].
func (w *worker) request(line string) {
	created, rest, isCreation := strings.Cut(line, " = ")
	if !isCreation || strings.Contains(created, " ") {
		created, rest = "", line
	}
	words := strings.SplitN(rest, " ", 4)
	require.GreaterOrEqual(w.t, len(words), 3, line)
	body := ""
	if len(words) == 4 {
		body = w.fill(words[3])
	}
	did := auditlogtest.Request{Service: w.service, Who: words[0], Method: words[1], Path: w.fill(words[2]), Action: actionOf(words[2], body)}
	agent := fmt.Sprintf("services-test/%d", len(w.done)+len(w.refused))
	answer, status := w.send(did, body, agent)
	did.Status = status
	if did.Who == nobody {
		require.Equal(w.t, http.StatusUnauthorized, status, did.String())
	}
	if did.Who == nobody && w.service != "glance" { // its authtoken hands on what has no token
		w.refused[agent] = did
	} else {
		w.done[agent] = did
	}
	if created != "" {
		if id := idOf(answer); id != "" {
			w.names[created] = id
		}
	}
}

// url is where the service is.
func (w *worker) url() string { return "http://127.0.0.1:" + strconv.Itoa(w.lab.ports[w.service]) }

func (w *worker) send(did auditlogtest.Request, body, agent string) (answer []byte, status int) {
	ctx, cancel := context.WithTimeout(w.t.Context(), collectortest.Patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, did.Method, w.url()+did.Path, strings.NewReader(body))
	require.NoError(w.t, err)
	request.Close = true
	request.Header.Set("User-Agent", agent)
	if token := w.users[did.Who].token; token != "" {
		request.Header.Set("X-Auth-Token", token)
	}
	if strings.HasPrefix(body, "{") || strings.HasPrefix(body, "[") {
		request.Header.Set("Content-Type", "application/json")
	}
	for name, value := range w.headers {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	response, err := http.DefaultTransport.RoundTrip(request) // a redirection is another request
	require.NoError(w.t, err, did.String())
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	require.NoError(w.t, err)
	return answer, response.StatusCode
}

// actionOf is the member of the body of POST …/action.
func actionOf(urlPath, body string) string {
	var members map[string]any
	if !strings.HasSuffix(urlPath, "/action") || json.Unmarshal([]byte(body), &members) != nil {
		return ""
	}
	for name := range members {
		return name
	}
	return ""
}

// idOf finds the id of what was created, whatever it is called.
func idOf(answer []byte) string {
	var members map[string]json.RawMessage
	if json.Unmarshal(answer, &members) != nil {
		return ""
	}
	for _, name := range []string{"id", "uuid"} {
		var id string
		if json.Unmarshal(members[name], &id) == nil && id != "" {
			return id
		}
	}
	for name, inner := range members {
		var reference string
		if strings.HasSuffix(name, "_ref") && json.Unmarshal(inner, &reference) == nil { // the URL, as Barbican answers
			return path.Base(reference)
		}
		if len(members) == 1 {
			return idOf(inner)
		}
	}
	return ""
}
