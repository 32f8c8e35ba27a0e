package keystoneattributesprocessor

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/directory"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
)

// slow is a Keystone that takes its time for each lookup.
func slow(t *testing.T, server http.Handler, each time.Duration) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			select {
			case <-time.After(each):
			case <-r.Context().Done():
				return
			}
		}
		server.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

var serial atomic.Int64

// unknown is a record with twelve ids that nobody knows, or that were made up.
func unknown() map[string]string {
	record := map[string]string{audit.AttrNotificationEventType: "audit.http.response"}
	for i := range references {
		if references[i].kind.String() != "application_credential" {
			record[references[i].id.Key] = fmt.Sprintf("%032x", serial.Add(1))
		}
	}
	return record
}

func unknowns(n int) []map[string]string {
	records := make([]map[string]string, n)
	for i := range records {
		records[i] = unknown()
	}
	return records
}

// TestManyUnknownIDs sends more of them than can be asked within negative_ttl: the batch is through after wait at most, also with refuse.
func TestManyUnknownIDs(t *testing.T) {
	for _, policy := range []UnavailablePolicy{UnavailablePass, UnavailableRefuse} {
		for _, each := range []time.Duration{100 * time.Millisecond, 1900 * time.Millisecond} {
			t.Run(fmt.Sprint(policy, " ", each), func(t *testing.T) {
				t.Parallel()
				server := lab()
				h := newHarness(t, server, func(c *Config) {
					c.OnUnavailable, c.Wait = policy, NewDefaultConfig().Wait
					c.Auth.Get().AuthURL = slow(t, server, each)
				}, nil)
				h.start()
				defer h.stop()
				logs := auditLogs(unknowns(500)...)
				began := time.Now()
				refused := 0
				for h.consume(logs) != nil {
					refused++
				}
				t.Logf("through after %v, given back %d times; %d lookups were answered", time.Since(began).Round(time.Millisecond), refused,
					server.Lookups())
				assert.LessOrEqual(t, refused, 1, "a machine that is too slow may get no answer in time once")
				assert.Len(t, h.sink.AllLogs(), 1)
			})
		}
	}
}

// TestFloodDoesNotStarveCreations: 2000 forged records of 12 ids each come before the creation of carol.
func TestFloodDoesNotStarveCreations(t *testing.T) {
	const carolID = "25d8dac6d48e4d5caef194ca9b14c773"
	for _, test := range []struct {
		name  string
		forge func(record map[string]string)
	}{
		{"unknown ids", func(map[string]string) {}},
		{"forged creations", func(record map[string]string) {
			record[audit.AttrNotificationEventType], record[audit.AttrAuditAction] = "identity.user.created", "create"
			record["openstack.target.type"], record["openstack.target.id"] = "user", record["openstack.target.user.id"]
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := lab()
			server.Put(keystonetest.Entity{Kind: "user", ID: carolID, Name: "carol", DomainID: corpID})
			h := newHarness(t, server, func(c *Config) {
				c.Wait = NewDefaultConfig().Wait
				c.Auth.Get().AuthURL = slow(t, server, 50*time.Millisecond)
			}, nil)
			h.start()
			defer h.stop()
			added(t, h, map[string]string{"user.id": aliceID})
			began := time.Now()
			for range 4 {
				records := unknowns(500)
				for _, record := range records {
					test.forge(record)
				}
				require.NoError(t, h.consume(auditLogs(records...)))
			}
			flooded := time.Now()
			got := added(t, h, map[string]string{
				audit.AttrNotificationEventType: "identity.user.created", audit.AttrAuditAction: "create",
				"openstack.target.type": "user", "openstack.target.id": carolID, "user.id": aliceID,
			})
			t.Logf("the flood took %v, the creation behind it %v", flooded.Sub(began).Round(time.Millisecond),
				time.Since(flooded).Round(time.Millisecond))
			assert.Equal(t, "carol", got["openstack.target.name"])
		})
	}
}

// TestOneIDThatKeystoneFailsFor is no outage: an LDAP server behind one domain may be broken.
func TestOneIDThatKeystoneFailsFor(t *testing.T) {
	server := lab()
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v3/users/"+bobID {
			w.WriteHeader(http.StatusInternalServerError)
			_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"code": 500, "message": "no"}})
			return
		}
		server.ServeHTTP(w, r)
	}))
	t.Cleanup(broken.Close)
	h := newHarness(t, server, func(c *Config) {
		c.OnUnavailable = UnavailableRefuse
		c.Auth.Get().AuthURL = broken.URL
	}, nil)
	h.start()
	defer h.stop()
	for range 20 {
		require.NoError(t, h.consume(auditLogs(map[string]string{"user.id": bobID})))
	}
	assert.Equal(t, "alice", added(t, h, map[string]string{"user.id": aliceID})["user.name"], "the others are looked up")
}

// TestProxyIsNotRefused: the breaker opens for its answers, and stays no reason to hold up records.
func TestProxyIsNotRefused(t *testing.T) {
	for _, failures := range []keystonetest.Failures{{HTML: true}, {Status: http.StatusBadRequest}, {Status: http.StatusForbidden},
		{Status: http.StatusFound}} {
		server := lab()
		server.Fail(failures)
		h := newHarness(t, server, func(c *Config) { c.OnUnavailable = UnavailableRefuse }, nil)
		h.start()
		for range 20 {
			require.NoError(t, h.consume(auditLogs(unknown())))
		}
		h.stop()
	}
}

// TestSourcesAreSpelled: every source has a word, and the weakest wins.
func TestSourcesAreSpelled(t *testing.T) {
	for source, word := range sourceNames {
		assert.Equal(t, directory.Source(source), sourceOf(word))
		assert.Equal(t, source == 0, word == "")
	}
}
