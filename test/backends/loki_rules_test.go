//go:build backends

package backends

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// Each rule fires for the attack that it is for, although the collector starts again in the middle of it, and for nothing near it.
func (l loki) testRules(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "deploy", "loki", "openstack-audit.rules.yaml"))
	require.NoError(t, err)
	var file struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	expressions := map[string]string{}
	for _, r := range file.Groups[0].Rules {
		expressions[r.Alert] = r.Expr
	}
	now := time.Now()
	ago := func(seconds int) time.Time { return now.Add(-time.Duration(seconds) * time.Second) }
	from := func(a actor, address string) actor { a.address = address; return a }
	many := func(count int, body func(i int) []byte) (all [][]byte) {
		for i := range count {
			all = append(all, body(i))
		}
		return all
	}
	together := func(parts ...[][]byte) [][]byte { return slices.Concat(parts...) }
	guess := func(at time.Time, user, address string) []byte { return unknownLogin(at, user, "Default", address) }
	namesake := actor{"0b757cacd47f4bb7abf7afda65e17fa7", "alice", alice.address} // of another domain
	tests := []struct {
		alert, name string
		sent        [][]byte
		fires       string // the labels of what fires, and its value; none where nothing does
	}{
		{
			"OpenStackPasswordSpraying", "ten users from one address",
			many(10, func(i int) []byte { return guess(ago(30-i), fmt.Sprint("user-", i), "203.0.113.9") }), "client_address=203.0.113.9=10",
		},
		{
			"OpenStackPasswordSpraying", "often, but nine users; many, but they succeed; many, but before", together(
				many(20, func(i int) []byte { return guess(ago(1300-i), fmt.Sprint("old-", i), "203.0.113.9") }),
				many(30, func(i int) []byte { return guess(ago(60-i), fmt.Sprint("user-", i%9), "203.0.113.9") }),
				many(20, func(i int) []byte {
					return login(ago(30-i), actor{fmt.Sprint("id", i), fmt.Sprint("good-", i), "203.0.113.9"}, "success")
				})), "",
		},
		{
			"OpenStackSlowPasswordSpraying", "one address against 50 users within an hour",
			many(50, func(i int) []byte { return guess(ago(2800-55*i), fmt.Sprint("user-", i), "203.0.113.9") }), "client_address=203.0.113.9=50",
		},
		{
			"OpenStackPasswordSpraying", "one address against 50 users within an hour is for the slow rule",
			many(50, func(i int) []byte { return guess(ago(2800-55*i), fmt.Sprint("user-", i), "203.0.113.9") }), "",
		},
		{
			"OpenStackSlowPasswordSpraying", "29 users who mistype, at a dashboard",
			many(290, func(i int) []byte { return guess(ago(2800-9*i), fmt.Sprint("user-", i%29), "10.0.0.5") }), "",
		},
		{
			"OpenStackManyUsersFail", "60 users from 20 addresses, once each",
			many(60, func(i int) []byte {
				return guess(ago(2800-45*i), fmt.Sprint("user-", i), fmt.Sprint("203.0.113.", i%20))
			}), "=60",
		},
		{
			"OpenStackManyUsersFail", "as a day before", together(
				many(15, func(i int) []byte {
					return guess(ago(86400+1800-i), fmt.Sprint("user-", i), fmt.Sprint("203.0.113.", i))
				}),
				many(60, func(i int) []byte {
					return guess(ago(2800-45*i), fmt.Sprint("user-", i), fmt.Sprint("203.0.113.", i%20))
				})), "",
		},
		{
			"OpenStackDistributedGuessing", "one user from 17 addresses within an hour",
			many(17, func(i int) []byte { return login(ago(2800-160*i), from(alice, fmt.Sprint("203.0.113.", i)), "failure") }),
			"openstack_user_domain_name=Default,user_id=" + alice.id + ",user_name=alice=17",
		},
		{
			"OpenStackDistributedGuessing", "four addresses each of two namesakes in different domains", together(
				many(40, func(i int) []byte { return login(ago(60-i), from(alice, fmt.Sprint("203.0.113.", i%4)), "failure") }),
				many(40, func(i int) []byte { return login(ago(60-i), from(namesake, fmt.Sprint("198.51.100.", i%4)), "failure") })), "",
		},
		{
			"OpenStackLoginAfterFailures", "the login arrives, and it is minutes old", together(
				many(6, func(i int) []byte { return login(ago(900+20-i), eve, "failure") }), [][]byte{login(ago(600), eve, "success")}),
			"client_address=203.0.113.9,openstack_user_domain_name=Default,user_id=" + eve.id + ",user_name=eve=" +
				fmt.Sprint(float64(ago(600).Unix())),
		},
		{
			"OpenStackLoginAfterFailures", "a login before, one from elsewhere, one of a namesake, and too few failures", together(
				[][]byte{login(ago(300), eve, "success")},
				many(6, func(i int) []byte { return login(ago(40-i), eve, "failure") }),
				many(6, func(i int) []byte { return login(ago(40-i), alice, "failure") }),
				many(4, func(i int) []byte { return login(ago(20-i), bob, "failure") }),
				[][]byte{login(ago(5), from(eve, "192.0.2.77"), "success"), login(ago(5), namesake, "success"), login(ago(5), bob, "success")}), "",
		},
		{
			"OpenStackAdminRoleGranted", "by its name", [][]byte{login(ago(6), alice, "success"),
				assignment(ago(5), admin, adminRole, bob.id, demo)},
			"openstack_target_project_name=demo,openstack_target_role_id=" + adminRole + ",openstack_target_role_name=admin," +
				"openstack_target_user_name=bob,user_name=admin=1",
		},
		{
			"OpenStackAdminRoleGranted", "a role without a name",
			[][]byte{login(ago(6), alice, "success"), assignment(ago(5), admin, "0000000000000000000000000000beef", bob.id, demo)},
			"openstack_target_project_name=demo,openstack_target_role_id=0000000000000000000000000000beef,openstack_target_user_name=bob," +
				"user_name=admin=1",
		},
		{
			"OpenStackAdminRoleGranted", "another role, a role that changes, and one granted hours ago", [][]byte{
				assignment(ago(4000), admin, adminRole, bob.id, demo), assignment(ago(5), admin, memberRole, bob.id, demo),
				change(ago(5), admin, "role", "updated", adminRole),
			}, "",
		},
		{
			"OpenStackGroupChanged", "a group that may be admin's has a new member",
			[][]byte{login(ago(6), alice, "success"), change(ago(5), admin, "group", "updated", auditors)},
			"openstack_audit_action=update,openstack_target_group_id=" + auditors + ",openstack_target_group_name=auditors,user_name=admin=1",
		},
		{
			"OpenStackGroupChanged", "a user changes, a group is created",
			[][]byte{change(ago(6), admin, "user", "updated", bob.id), change(ago(5), admin, "group", "created", auditors)}, "",
		},
	}
	tried := map[string]bool{}
	for _, test := range tests {
		tried[test.alert] = true
		t.Run(test.alert+"/"+test.name, func(t *testing.T) {
			parts := [][][]byte{test.sent}
			if test.fires != "" { // what came before a restart comes again
				parts = [][][]byte{test.sent[:len(test.sent)/2], test.sent}
			}
			for _, part := range parts {
				f := startFull(t, l.url+"/otlp", "--set", "exporters.otlp_http/loki.headers.X-Scope-OrgID="+tenant(t))
				send(t, f.url, part...)
				l.wait(t, `{service_name="keystone"}`, now.Add(-25*time.Hour), len(part), f.Process)
				f.Stop(t)
			}
			got, err := l.query(t.Context(), tenant(t), expressions[test.alert])
			require.NoError(t, err)
			if test.fires == "" {
				require.Empty(t, got)
				return
			}
			at := strings.LastIndexByte(test.fires, '=')
			require.Equal(t, []string{test.fires[:at]}, slices.Collect(maps.Keys(got)))
			require.Equal(t, test.fires[at+1:], fmt.Sprint(got[test.fires[:at]]))
			l.requireFiring(t, text, test.alert)
		})
	}
	require.Equal(t, slices.Sorted(maps.Keys(expressions)), slices.Sorted(maps.Keys(tried)))
}

// requireFiring gives the rules to the ruler for this tenant, and waits for the alert.
func (l loki) requireFiring(t testing.TB, rules []byte, alert string) {
	t.Helper()
	folder := filepath.Join(l.rules, tenant(t))
	require.NoError(t, os.MkdirAll(folder, 0o750))
	quick := strings.Replace(string(rules), "interval: 1m", "interval: 1s", 1)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "rules.yaml"), []byte(quick), 0o600))
	eventually(t, func() error {
		var answer struct {
			Data struct {
				Groups []struct {
					Rules []struct{ Name, State, Health, LastError string }
				}
			}
		}
		if err := l.get(t.Context(), tenant(t), "/prometheus/api/v1/rules", nil, &answer); err != nil {
			return err
		}
		for _, group := range answer.Data.Groups {
			for _, r := range group.Rules {
				if r.LastError != "" {
					return errors.New(r.LastError)
				}
				if r.Name == alert && r.State == "firing" {
					return nil
				}
			}
		}
		return fmt.Errorf("%s does not fire: %+v", alert, answer.Data.Groups)
	}, l.process)
}
