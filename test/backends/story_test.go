package backends

import (
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
)

// People, projects and roles of the story that dashboards and queries are tried with.
var (
	admin = actor{"f7392725f2c840bc987abde9d2d7888f", "admin", "10.0.0.5"}
	alice = actor{"5d84496576e54326b1901de866dda096", "alice", "192.0.2.7"}
	bob   = actor{"30a1d53efd214939a2eaa311fc56d308", "bob", "192.0.2.8"}
	eve   = actor{"a7f6bc292b0f41beb6760e9148ce27dd", "eve", "203.0.113.9"}
)

const (
	demo       = "50e3a778d4ec43f791322d131afdc5b8"
	memberRole = "8e3b42bb66b544e699d2e091d315dc77"
	adminRole  = "d7d902229e06426fa9c9d38f49e013d8"
	auditors   = "13b6d68349124f9cabed397dce703115"
)

// keystone knows the names of the story.
func keystone(t testing.TB) []string {
	t.Helper()
	entities := []keystonetest.Entity{
		{Kind: "domain", ID: "default", Name: "Default"},
		{Kind: "project", ID: demo, Name: "demo", DomainID: "default"},
		{Kind: "role", ID: adminRole, Name: "admin"},
		{Kind: "role", ID: memberRole, Name: "member"},
		{Kind: "group", ID: auditors, Name: "auditors", DomainID: "default"},
	}
	for _, a := range []actor{admin, alice, bob, eve} {
		entities = append(entities, keystonetest.Entity{Kind: "user", ID: a.id, Name: a.name, DomainID: "default"})
	}
	server := httptest.NewServer(keystonetest.NewServer(entities...))
	t.Cleanup(server.Close)
	return []string{
		"AUDIT_KEYSTONE_URL=" + server.URL + "/v3", "AUDIT_KEYSTONE_USER=" + keystonetest.Username,
		"AUDIT_KEYSTONE_PASSWORD=" + keystonetest.Password,
	}
}

// storyRecords is how many notifications the story has.
const storyRecords = 3 + 12 + 6 + 4 + 2*8

// story is a day of a small cloud, in the hour before now.
func story(now time.Time) (bodies [][]byte) {
	at := func(minutes int) time.Time { return now.Add(time.Duration(-minutes) * time.Minute) }
	for i, a := range []actor{admin, alice, bob} {
		bodies = append(bodies, login(at(50-i), a, "success"))
	}
	for i := range 12 { // eve guesses from two addresses
		a := eve
		if i%4 == 3 {
			a.address = "198.51.100.23"
		}
		bodies = append(bodies, login(at(40-i), a, "failure"))
	}
	for i := range 6 {
		bodies = append(bodies, unknownLogin(at(30-i), fmt.Sprintf("guess-%d", i%3), "Default", eve.address))
	}
	bodies = append(bodies,
		assignment(at(20), admin, adminRole, bob.id, demo),
		change(at(15), alice, "user", "updated", bob.id),
		change(at(10), bob, "project", "deleted", demo),
		change(at(9), bob, "user", "created", "n3w"),
	)
	for i := range 8 {
		status, path := 202, "/v2.1/servers"
		if i%4 == 0 {
			status, path = 403, "/v2.1/servers/dd8448cd-7770-45ff-8097-d3a0296ff918"
		}
		bodies = append(bodies,
			request(at(8), bob, "nova-api", "create", path, 0, 0),
			request(at(8), bob, "nova-api", "create", path, status, time.Duration(20+i*30)*time.Millisecond))
	}
	return bodies
}
