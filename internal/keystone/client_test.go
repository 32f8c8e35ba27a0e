package keystone_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must come: a loaded machine must not decide.
const patience = time.Minute

const (
	aliceID = "30a1d53efd214939a2eaa311fc56d308"
	corpID  = "824deaa7a41c4a938fd4c859ac1dc331"
)

func alice() keystonetest.Entity {
	return keystonetest.Entity{Kind: "user", ID: aliceID, Name: "alice", DomainID: corpID}
}

func corp() keystonetest.Entity {
	return keystonetest.Entity{Kind: "domain", ID: corpID, Name: "corp"}
}

// client is a running Client of a Keystone of the test.
type client struct {
	*keystone.Client
	mu     sync.Mutex
	logins []error
}

func (c *client) lastLogin() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.logins) == 0 {
		return nil
	}
	return c.logins[len(c.logins)-1]
}

func password(url string) gophercloud.AuthOptions {
	return gophercloud.AuthOptions{
		IdentityEndpoint: url, Username: keystonetest.Username, Password: keystonetest.Password,
		DomainName: "Default", Scope: &gophercloud.AuthScope{System: true},
	}
}

func newClient(t *testing.T, auth gophercloud.AuthOptions, timeout time.Duration) *client {
	t.Helper()
	c := &client{}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	c.Client = keystone.NewClient(keystone.Settings{
		Auth: auth, HTTP: &http.Client{Timeout: timeout, Transport: transport},
		LoginChanged: func(err error) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.logins = append(c.logins, err)
		},
	})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { c.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
		transport.CloseIdleConnections()
	})
	return c
}

func serve(t *testing.T, entities ...keystonetest.Entity) (*keystonetest.Server, string) {
	t.Helper()
	server := keystonetest.NewServer(entities...)
	httpServer := httptest.NewServer(server)
	t.Cleanup(httpServer.Close)
	return server, httpServer.URL
}

func user(id string) keystone.Ref { return keystone.Ref{Kind: keystone.User, ID: id} }

func TestGet(t *testing.T) {
	credential := keystonetest.Entity{Kind: "application_credential", ID: strings.Repeat("a", 32), Name: "shop-ci", UserID: aliceID}
	role := keystonetest.Entity{Kind: "role", ID: strings.Repeat("b", 32), Name: "member"}
	_, url := serve(t, alice(), corp(), credential, role)
	for _, test := range []struct {
		name string
		ref  keystone.Ref
		want keystone.Entity
	}{
		{"user", user(aliceID), keystone.Entity{ID: aliceID, Name: "alice", DomainID: corpID}},
		{"domain", keystone.Ref{Kind: keystone.Domain, ID: corpID}, keystone.Entity{ID: corpID, Name: "corp"}},
		{"domain as project", keystone.Ref{Kind: keystone.Project, ID: corpID}, keystone.Entity{ID: corpID, Name: "corp", IsDomain: true}},
		{"role without domain", keystone.Ref{Kind: keystone.Role, ID: role.ID}, keystone.Entity{ID: role.ID, Name: "member"}},
		{"application credential", keystone.Ref{Kind: keystone.ApplicationCredential, ID: credential.ID, Owner: aliceID},
			keystone.Entity{ID: credential.ID, Name: "shop-ci"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, root := range []string{"", "/", "/v3", "/v3/"} {
				c := newClient(t, password(url+root), patience)
				got, err := c.Get(t.Context(), test.ref)
				require.NoError(t, err)
				assert.Equal(t, test.want, got)
			}
		})
	}
}

func TestApplicationCredentialLogin(t *testing.T) {
	server, url := serve(t, alice())
	c := newClient(t, gophercloud.AuthOptions{
		IdentityEndpoint: url, ApplicationCredentialID: keystonetest.ApplicationCredentialID,
		ApplicationCredentialSecret: keystonetest.ApplicationCredentialSecret,
	}, patience)
	_, err := c.Get(t.Context(), user(aliceID))
	require.NoError(t, err)
	assert.Equal(t, 1, server.Logins())
}

func TestFailures(t *testing.T) {
	for _, test := range []struct {
		name       string
		failures   keystonetest.Failures
		id         string
		reason     keystone.Reason
		retryAfter time.Duration
		text       string
	}{
		{name: "absent", id: strings.Repeat("0", 32), reason: keystone.Absent},
		{name: "forbidden", failures: keystonetest.Failures{Forbidden: []string{"user"}}, reason: keystone.Forbidden, text: "identity:get_user"},
		{name: "too many requests", failures: keystonetest.Failures{Status: 429, RetryAfter: "7"}, reason: keystone.Unavailable,
			retryAfter: 7 * time.Second},
		{name: "down for maintenance", failures: keystonetest.Failures{Status: 503, RetryAfter: "99999"}, reason: keystone.Unavailable,
			retryAfter: 5 * time.Minute},
		{name: "retry-after is nonsense", failures: keystonetest.Failures{Status: 503, RetryAfter: "soon"}, reason: keystone.Unavailable},
		{name: "internal error", failures: keystonetest.Failures{Status: 500}, reason: keystone.Unavailable},
		{name: "bad gateway", failures: keystonetest.Failures{Status: 502}, reason: keystone.Unavailable},
		{name: "404 of a proxy", failures: keystonetest.Failures{HTML: true}, reason: keystone.Unexpected, text: "auth_url"},
		{name: "redirect", failures: keystonetest.Failures{Status: 302}, reason: keystone.Unexpected, text: "auth_url"},
		{name: "bad request", failures: keystonetest.Failures{Status: 400}, reason: keystone.Unexpected},
	} {
		t.Run(test.name, func(t *testing.T) {
			server, url := serve(t, alice())
			server.Fail(test.failures)
			c := newClient(t, password(url), patience)
			id := test.id
			if id == "" {
				id = aliceID
			}
			_, err := c.Get(t.Context(), user(id))
			require.Error(t, err)
			assert.Equal(t, test.reason.String(), keystone.ReasonOf(err).String())
			assert.Equal(t, test.retryAfter, keystone.RetryAfterOf(err))
			assert.Contains(t, err.Error(), test.text)
			assert.NotContains(t, err.Error(), "token-", "no token in an error")
			_, err = c.List(t.Context(), keystone.User, "", func(keystone.Entity) error { return nil })
			if test.reason != keystone.Absent {
				assert.Equal(t, test.reason.String(), keystone.ReasonOf(err).String(), "of a list")
			}
		})
	}
}

func TestNoKeystone(t *testing.T) {
	c := newClient(t, password("http://127.0.0.1:1"), patience)
	_, err := c.Get(t.Context(), user(aliceID))
	assert.Equal(t, keystone.Unavailable, keystone.ReasonOf(err))
}

func TestAnotherServiceAtTheURL(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusCreated)
		}
		_, _ = w.Write([]byte("<html>hello</html>"))
	}))
	t.Cleanup(server.Close)
	c := newClient(t, password(server.URL), patience)
	_, err := c.Get(t.Context(), user(aliceID))
	require.Error(t, err)
	require.Eventually(t, func() bool { return c.lastLogin() != nil }, patience, time.Millisecond)
	assert.NotContains(t, c.lastLogin().Error(), keystonetest.Password)
}

func TestRevokedTokenIsRenewedOnce(t *testing.T) {
	server, url := serve(t, alice())
	c := newClient(t, password(url), patience)
	_, err := c.Get(t.Context(), user(aliceID))
	require.NoError(t, err)
	server.RevokeTokens()
	var lookups sync.WaitGroup
	for range 16 {
		lookups.Go(func() {
			_, err := c.Get(t.Context(), user(aliceID))
			assert.NoError(t, err)
		})
	}
	lookups.Wait()
	assert.Equal(t, 2, server.Logins(), "16 refused lookups lead to one login")
}

func TestTokenThatIsAlwaysRefused(t *testing.T) {
	server, url := serve(t, alice())
	server.SetTokenLifetime(time.Hour)
	server.Fail(keystonetest.Failures{Status: http.StatusUnauthorized})
	c := newClient(t, password(url), patience)
	for range 5 {
		_, err := c.Get(t.Context(), user(aliceID))
		assert.Equal(t, keystone.Unauthorized, keystone.ReasonOf(err))
	}
	assert.Equal(t, 1, server.Logins(), "lookups must not become logins")
}

func TestTokenIsRenewedAheadOfItsEnd(t *testing.T) {
	server, url := serve(t, alice())
	server.SetTokenLifetime(1500 * time.Millisecond)
	newClient(t, password(url), patience)
	require.Eventually(t, func() bool { return server.Logins() >= 2 }, patience, 10*time.Millisecond,
		"nobody has asked for anything")
}

func TestWrongPassword(t *testing.T) {
	server, url := serve(t, alice())
	auth := password(url)
	auth.Password = "wrong-and-secret"
	c := newClient(t, auth, patience)
	for range 3 {
		_, err := c.Get(t.Context(), user(aliceID))
		assert.Equal(t, keystone.Unauthorized, keystone.ReasonOf(err))
		assert.NotContains(t, err.Error(), "wrong-and-secret")
	}
	assert.Zero(t, server.Lookups(), "nothing is asked without a token")
}

func TestLoginComesBack(t *testing.T) {
	server, url := serve(t, alice())
	server.Fail(keystonetest.Failures{LoginStatus: 503})
	c := newClient(t, password(url), patience)
	_, err := c.Get(t.Context(), user(aliceID))
	require.Equal(t, keystone.Unavailable, keystone.ReasonOf(err))
	server.Fail(keystonetest.Failures{})
	require.Eventually(t, func() bool {
		_, err := c.Get(t.Context(), user(aliceID))
		return err == nil
	}, patience, 10*time.Millisecond)
}

func TestSlowKeystone(t *testing.T) {
	server, url := serve(t, alice())
	answers := make(chan struct{})
	server.Fail(keystonetest.Failures{Delay: answers})
	t.Cleanup(func() { close(answers) })
	c := newClient(t, password(url), time.Second)
	require.Eventually(t, func() bool { return server.Logins() > 0 }, patience, time.Millisecond)
	_, err := c.Get(t.Context(), user(aliceID))
	assert.Equal(t, keystone.Unavailable, keystone.ReasonOf(err))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Get(ctx, user(aliceID))
	assert.Equal(t, keystone.Unavailable, keystone.ReasonOf(err))
}

func TestList(t *testing.T) {
	const many = 2500 // more than two pages
	entities := []keystonetest.Entity{alice(), corp()}
	for i := range many {
		entities = append(entities, keystonetest.Entity{Kind: "user", ID: "u" + strconv.Itoa(100_000+i), Name: "n", DomainID: "default"})
	}
	for _, test := range []struct {
		name      string
		failures  keystonetest.Failures
		domainID  string
		entities  int
		truncated bool
	}{
		{name: "pages", entities: many + 1},
		{name: "a domain", domainID: corpID, entities: 1},
		{name: "limit is ignored", failures: keystonetest.Failures{IgnoreLimit: true}, entities: many + 1},
		{name: "truncated", failures: keystonetest.Failures{ListLimit: 100}, entities: 100, truncated: true},
		{name: "links lead in a circle", failures: keystonetest.Failures{Loop: true}, entities: 2000, truncated: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			server, url := serve(t, entities...)
			server.Fail(test.failures)
			c := newClient(t, password(url), patience)
			seen := 0
			result, err := c.List(t.Context(), keystone.User, test.domainID, func(keystone.Entity) error {
				seen++
				return nil
			})
			require.NoError(t, err)
			assert.Equal(t, test.entities, result.Entities)
			assert.Equal(t, test.entities, seen)
			assert.Equal(t, test.truncated, result.Truncated)
		})
	}
}
