package keystone_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
)

// front answers in the place of a Keystone what a test wants, and leaves the rest to it.
func front(t *testing.T, server http.Handler, answer func(http.ResponseWriter, *http.Request) bool) string {
	t.Helper()
	httpServer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !answer(w, r) {
			server.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(httpServer.Close)
	return httpServer.URL
}

func get(t *testing.T, text string) (keystone.Entity, error) {
	t.Helper()
	url := front(t, keystonetest.NewServer(), func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, text)
		}
		return r.Method == http.MethodGet
	})
	return newClient(t, password(url), patience).Get(t.Context(), user(aliceID))
}

func TestKeysAreExact(t *testing.T) {
	const mallory = "99999999999999999999999999999999"
	for _, test := range []struct{ name, text, want string }{
		{"another spelling of the id", `{"user": {"id": "` + mallory + `", "ID": "` + aliceID + `", "name": "mallory"}}`, ""},
		{"another spelling of the name", `{"user": {"id": "` + aliceID + `", "name": "alice", "NAME": "mallory", "Domain_Id": "x"}}`, "alice"},
		{"another spelling of the kind", `{"USER": {"id": "` + aliceID + `", "name": "mallory"}}`, ""},
		{"a name that is no text", `{"user": {"id": "` + aliceID + `", "name": ["mallory"]}}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			entity, err := get(t, test.text)
			assert.Equal(t, test.want, entity.Name)
			assert.Empty(t, entity.DomainID)
			if test.want == "" {
				assert.Equal(t, keystone.Unexpected.String(), keystone.ReasonOf(err).String())
			}
		})
	}
}

func TestKeysOfAListAreExact(t *testing.T) {
	url := front(t, keystonetest.NewServer(), func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, `{"links": {"next": null, "NEXT": "/?marker=1"}, "TRUNCATED": true,
				"users": [{"id": "1", "ID": "2", "name": "alice", "Name": "mallory"}], "USERS": [{"id": "3", "name": "mallory"}]}`)
		}
		return r.Method == http.MethodGet
	})
	var found []keystone.Entity
	result, err := newClient(t, password(url), patience).List(t.Context(), keystone.User, "", func(e keystone.Entity) error {
		found = append(found, e)
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, []keystone.Entity{{ID: "1", Name: "alice"}}, found)
	assert.Equal(t, keystone.ListResult{Entities: 1}, result)
}

// bomb is a document whose one text inflates to 256 MiB: gzip streams may follow each other.
func bomb(t *testing.T, head string) []byte {
	t.Helper()
	deflate := func(text []byte) []byte {
		var deflated bytes.Buffer
		w := gzip.NewWriter(&deflated)
		_, err := w.Write(text)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		return deflated.Bytes()
	}
	return append(deflate([]byte(head)), bytes.Repeat(deflate(bytes.Repeat([]byte("a"), 1<<20)), 256)...)
}

func TestBombs(t *testing.T) {
	for _, test := range []struct{ name, method, head string }{
		{"in a login", http.MethodPost, `{"token": {"x": "`},
		{"in a lookup", http.MethodGet, `{"user": {"id": "`},
		{"in the name of a list", http.MethodGet, `{"users": [{"id": "1", "name": "`},
		{"beside a list", http.MethodGet, `{"x": "`},
		{"in a link", http.MethodGet, `{"links": {"next": "`},
	} {
		t.Run(test.name, func(t *testing.T) {
			body := bomb(t, test.head)
			url := front(t, keystonetest.NewServer(), func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != test.method {
					return false
				}
				w.Header().Set("Content-Encoding", "gzip")
				w.Header().Set("X-Subject-Token", "x")
				if r.Method == http.MethodPost {
					w.WriteHeader(http.StatusCreated)
				}
				_, _ = w.Write(body)
				return true
			})
			c := newClient(t, password(url), patience)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := c.Get(t.Context(), user(aliceID))
			assert.Equal(t, keystone.Unexpected.String(), keystone.ReasonOf(err).String(), "%v", err)
			_, err = c.List(t.Context(), keystone.User, "", func(keystone.Entity) error { return nil })
			assert.Equal(t, keystone.Unexpected.String(), keystone.ReasonOf(err).String(), "%v", err)
			runtime.ReadMemStats(&after)
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(128<<20), "all that was allocated")
		})
	}
}

// TestLoginsAreBounded has a Keystone that takes every other use of a token.
func TestLoginsAreBounded(t *testing.T) {
	server := keystonetest.NewServer(alice())
	var mu sync.Mutex
	lookups := 0
	url := front(t, server, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet {
			return false
		}
		mu.Lock()
		defer mu.Unlock()
		if lookups++; lookups%2 == 0 {
			http.Error(w, `{"error": {"message": "no"}}`, http.StatusUnauthorized)
		}
		return lookups%2 == 0
	})
	c := newClient(t, password(url), patience)
	for range 500 {
		if _, err := c.Get(t.Context(), user(aliceID)); err != nil {
			require.Equal(t, keystone.Unauthorized.String(), keystone.ReasonOf(err).String(), "%v", err)
		}
	}
	assert.LessOrEqual(t, server.Logins(), 6)
}

func TestTokensThatEndAtOnce(t *testing.T) {
	server, url := serve(t, alice())
	server.SetTokenLifetime(time.Nanosecond)
	c := newClient(t, password(url), patience)
	require.Eventually(t, func() bool {
		_, err := c.Get(t.Context(), user(aliceID))
		return keystone.ReasonOf(err) == keystone.Unauthorized
	}, patience, time.Millisecond, "not unavailable: that could hold up the records")
	assert.LessOrEqual(t, server.Logins(), 6)
}

// TestWordsOfAnAnswer: whoever answers chooses the text, and our log shows it.
func TestWordsOfAnAnswer(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for _, test := range []struct {
		name, text string
		contains   string
	}{
		{"a sentence", "You may not: identity:get_user", `"You may not: identity:get_user"`},
		{"a long one", long, `xxx..."`},
		{"control characters and invisible letters", "\x1b[31m\nWARN forged \u202e\u3164", `\x1b[31m\nWARN forged \u202e\u3164`},
		{"the password", "wrong: " + keystonetest.Password, "repeats what was sent"},
		{"a part of the token", "token oken-123 is bad", "repeats what was sent"},
		{"the id", "no user " + strings.ToUpper(aliceID[4:20]), "repeats what was sent"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, err := json.Marshal(map[string]any{"error": map[string]string{"message": test.text}})
			require.NoError(t, err)
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				url := front(t, keystonetest.NewServer(), func(w http.ResponseWriter, r *http.Request) bool {
					if r.Method == http.MethodPost && method == http.MethodGet {
						w.Header().Set("X-Subject-Token", "token-1234")
						w.WriteHeader(http.StatusCreated)
						_, _ = fmt.Fprintf(w, `{"token": {"issued_at": "2026-01-01T00:00:00Z", "expires_at": "2026-01-01T01:00:00Z"}}`)
						return true
					}
					w.WriteHeader(http.StatusForbidden)
					_, _ = w.Write(text)
					return true
				})
				_, err := newClient(t, password(url), patience).Get(t.Context(), user(aliceID))
				require.Error(t, err)
				if method == http.MethodGet || !strings.Contains(test.name, "id") && !strings.Contains(test.name, "token") {
					assert.Contains(t, err.Error(), test.contains)
				}
				assert.Less(t, len(err.Error()), 1000)
				for _, c := range err.Error() {
					assert.True(t, c >= ' ' && c < 0x7f, "%q", c)
				}
			}
		})
	}
}

// TestAServerThatRepeatsTheRequest is no HTTP server: its first line has our headers.
func TestAServerThatRepeatsTheRequest(t *testing.T) {
	url := front(t, keystonetest.NewServer(alice()), func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet {
			return false
		}
		connection, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_, _ = io.WriteString(connection, r.Header.Get("X-Auth-Token")+" "+r.URL.Path+"\r\n\r\n")
			_ = connection.Close()
		}
		return true
	})
	_, err := newClient(t, password(url), patience).Get(t.Context(), user(aliceID))
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "token-1")
	assert.NotContains(t, err.Error(), aliceID)
}
