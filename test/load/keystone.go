package load

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
)

// userDomains is how many domains the users are in: more than the metrics have series for.
const userDomains = 3000

// Keystone stands in for Keystone: it knows all users and projects by how their ids begin, and each until it is deleted.
type Keystone struct {
	// URL is its address, with the version.
	URL string

	server  *keystonetest.Server // for all else
	named   map[string]string    // by kind and the first eight digits
	deleted sync.Map
	failing atomic.Bool
}

// StartKeystone starts one that ends with the test.
func StartKeystone(t testing.TB, c *Corpus) *Keystone {
	k := &Keystone{named: map[string]string{}}
	k.server = keystonetest.NewServer(keystonetest.Entity{Kind: "domain", ID: "default", Name: "Default"})
	for _, one := range c.ids {
		if one.kind != "" {
			k.named[one.kind+one.text[:8]] = one.name
		}
	}
	server := httptest.NewServer(http.HandlerFunc(k.serve))
	t.Cleanup(server.Close)
	k.URL = server.URL + "/v3"
	return k
}

func (k *Keystone) serve(w http.ResponseWriter, r *http.Request) {
	kinds, id, one := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v3/"), "/")
	kind := strings.TrimSuffix(kinds, "s")
	if !one || len(id) != 32 || k.failing.Load() {
		k.server.ServeHTTP(w, r)
		return
	}
	name, known := k.named[kind+id[:8]]
	if number, found := strings.CutPrefix(id, domainPrefix); found && kind == "domain" {
		name, known = "domain-"+number[len(number)-4:], true
	}
	if _, gone := k.deleted.Load(id); gone || !known {
		k.server.ServeHTTP(w, r)
		return
	}
	entity := map[string]any{"id": id, "name": name, "enabled": true}
	if kind != "domain" {
		entity["domain_id"] = domainOf(id)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{kind: entity}) // a client that is gone asks again
}

// domainPrefix is how ids of the users' domains begin.
const domainPrefix = "d0d0d0d0000040008000"

func domainOf(id string) string {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(id))
	return fmt.Sprintf("%s%012d", domainPrefix, sum.Sum32()%userDomains)
}

// Fail has Keystone answer 503, or no longer.
func (k *Keystone) Fail(failing bool) {
	k.failing.Store(failing)
	k.server.Fail(keystonetest.Failures{Status: map[bool]int{true: http.StatusServiceUnavailable}[failing]})
}

// Delete has it know an id no longer.
func (k *Keystone) Delete(id string) { k.deleted.Store(id, true) }
