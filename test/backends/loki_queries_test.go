//go:build backends

package backends

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

var logqlBlock = regexp.MustCompile("(?s)```logql\n(.*?)\n```")

// The queries of docs/loki.md, in their order, and what they find in the story.
func (l loki) testDocumentedQueries(t *testing.T) {
	f := startFull(t, l.url+"/otlp", "--set", "exporters.otlp_http/loki.headers.X-Scope-OrgID="+tenant(t))
	now := time.Now()
	send(t, f.url, story(now)...)
	l.wait(t, `{service_namespace="openstack"}`, now.Add(-2*time.Hour), storyRecords, f.process)
	eventually(t, func() error { return f.elasticsearch.has(storyRecords) }, f.process)
	t.Logf("sent %d messages; Loki has %d records, Elasticsearch's stand-in %[2]d", storyRecords, storyRecords)

	text, err := os.ReadFile(filepath.Join(root, "docs", "loki.md"))
	require.NoError(t, err)
	blocks := logqlBlock.FindAllStringSubmatch(string(text), -1)
	want := []struct {
		lines int
		line  string
		query samples
	}{
		{lines: 1, line: "bob deleted project demo from 192.0.2.8: success"},
		{lines: 1, line: "bob deleted project demo from 192.0.2.8: success"},
		{lines: 12, line: "login of eve from 198.51.100.23: failure (invalid_credentials)"},
		{lines: 1 + 2 + 2 + 16, line: "alice updated user bob from 192.0.2.7: success"},
		{lines: 9 + 6, line: "login of guess-0 from 203.0.113.9: failure (user_not_found)"},
		{lines: 1, line: "admin granted role admin to user bob on project demo from 10.0.0.5: success"},
		{query: samples{
			"client_address=203.0.113.9,user_name=eve": 9, "client_address=198.51.100.23,user_name=eve": 3,
			"client_address=203.0.113.9,user_name=guess-0": 2, "client_address=203.0.113.9,user_name=guess-1": 2, "client_address=203.0.113.9,user_name=guess-2": 2,
		}},
		{lines: 2, line: "bob tried to create server dd8448cd-7770-45ff-8097-d3a0296ff918 from 192.0.2.8: failure (403)"},
		{lines: 16, line: "bob asked to create a server from 192.0.2.8: pending"},
		{query: samples{
			"openstack_audit_action=assign,service_name=keystone": 1, "openstack_audit_action=authenticate,service_name=keystone": 21,
			"openstack_audit_action=create,service_name=keystone": 1, "openstack_audit_action=create,service_name=nova": 8,
			"openstack_audit_action=delete,service_name=keystone": 1, "openstack_audit_action=update,service_name=keystone": 1,
		}},
	}
	require.Len(t, blocks, len(want))
	for i, block := range blocks {
		if want[i].query != nil {
			got, err := l.query(t.Context(), tenant(t), block[1])
			require.NoError(t, err, block[1])
			require.Equal(t, want[i].query, got, block[1])
			continue
		}
		streams, lines, err := l.logs(t.Context(), tenant(t), block[1], now.Add(-2*time.Hour))
		require.NoError(t, err, block[1])
		require.Equal(t, want[i].lines, lines, block[1])
		var all []string
		for _, s := range streams {
			all = append(all, s.lines...)
		}
		require.Contains(t, all, want[i].line, block[1])
	}
	f.Stop(t)
}

// Whoever guesses passwords makes up names: queries by name go on to answer when there are more than Loki's default allows.
func (l loki) testManyNames(t *testing.T) {
	const names = 600
	url, environment := broker(t)
	c := l.collector(t, environment)
	now := time.Now()
	guesses := make([][]byte, names)
	for i := range guesses {
		guesses[i] = unknownLogin(now.Add(time.Duration(-i)*time.Millisecond), fmt.Sprintf("guess-%d", i), "Default", eve.address)
	}
	send(t, url, guesses...)
	l.wait(t, `{service_name="keystone"}`, now.Add(-time.Hour), names, c)
	got, err := l.query(t.Context(), tenant(t), `count(sum by (user_name, client_address) (count_over_time({service_name="keystone"} | openstack_audit_outcome="failure" [1h])))`)
	require.NoError(t, err)
	require.Equal(t, samples{"": names}, got)
	got, err = l.query(t.Context(), tenant(t), `topk(10, sum by (user_name) (count_over_time({service_name="keystone"} | openstack_audit_outcome="failure" [1h])))`)
	require.NoError(t, err)
	require.Len(t, got, 10)
	c.Stop(t)
}

type rule struct {
	Alert string
	Expr  string
}

// Each rule fires for what it is made for, and for nothing near it.
func (l loki) testRules(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "deploy", "loki", "openstack-audit.rules.yaml"))
	require.NoError(t, err)
	var file struct{ Groups []struct{ Rules []rule } }
	require.NoError(t, yaml.Unmarshal(text, &file))
	rules := map[string]string{}
	for _, r := range file.Groups[0].Rules {
		rules[r.Alert] = r.Expr
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
	tests := []struct {
		rule           string
		fires, doesNot [][]byte
		labels         string
	}{
		{
			rule:   "OpenStackPasswordSpraying",
			fires:  many(10, func(i int) []byte { return unknownLogin(ago(i), fmt.Sprint("user-", i), "Default", "203.0.113.9") }),
			labels: "client_address=203.0.113.9=10",
			doesNot: append(append( // often, but few users; many users, but they succeed; many, but before
				many(30, func(i int) []byte { return unknownLogin(ago(i), fmt.Sprint("user-", i%9), "Default", "203.0.113.9") }),
				many(20, func(i int) []byte {
					return login(ago(i), actor{fmt.Sprint("id", i), fmt.Sprint("good-", i), "203.0.113.9"}, "success")
				})...),
				many(20, func(i int) []byte { return unknownLogin(ago(1200+i), fmt.Sprint("old-", i), "Default", "203.0.113.9") })...),
		},
		{
			rule:    "OpenStackDistributedGuessing",
			fires:   many(5, func(i int) []byte { return login(ago(i), from(alice, fmt.Sprint("203.0.113.", i)), "failure") }),
			labels:  "openstack_user_domain_name=Default,user_name=alice=5",
			doesNot: many(40, func(i int) []byte { return login(ago(i), from(alice, fmt.Sprint("203.0.113.", i%4)), "failure") }),
		},
		{
			rule:   "OpenStackLoginAfterFailures",
			fires:  append(many(6, func(i int) []byte { return login(ago(20+i), eve, "failure") }), login(ago(5), eve, "success")),
			labels: "client_address=203.0.113.9,user_name=eve=6",
			doesNot: append(append( // a success before, one from elsewhere, and too few failures
				many(6, func(i int) []byte { return login(ago(20+i), eve, "failure") }), login(ago(300), eve, "success"),
				login(ago(5), from(eve, "192.0.2.77"), "success"), login(ago(5), bob, "success")),
				many(4, func(i int) []byte { return login(ago(20+i), bob, "failure") })...),
		},
		{
			rule:  "OpenStackAdminRoleGranted",
			fires: [][]byte{assignment(ago(5), admin, adminRole, bob.id, demo)},
			labels: "openstack_target_project_name=demo,openstack_target_role_name=admin,openstack_target_user_name=bob," +
				"user_name=admin=1",
			doesNot: [][]byte{
				assignment(ago(5), admin, "0000000000000000000000000000beef", bob.id, demo),
				change(ago(5), admin, "role", "updated", adminRole), assignment(ago(900), admin, adminRole, bob.id, demo),
			},
		},
	}
	require.Len(t, rules, len(tests))
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			for name, sent := range map[string][][]byte{"fires": test.fires, "does not": test.doesNot} {
				t.Run(name, func(t *testing.T) {
					f := startFull(t, l.url+"/otlp", "--set", "exporters.otlp_http/loki.headers.X-Scope-OrgID="+tenant(t))
					send(t, f.url, sent...)
					l.wait(t, `{service_name="keystone"}`, now.Add(-time.Hour), len(sent), f.process)
					got, err := l.query(t.Context(), tenant(t), rules[test.rule])
					require.NoError(t, err)
					if name == "does not" {
						require.Empty(t, got)
						return
					}
					labels, value, _ := cutLast(test.labels)
					require.Equal(t, value, fmt.Sprint(got[labels]), "%v", got)
					l.requireFiring(t, text, test.rule)
					f.Stop(t)
				})
			}
		})
	}
}

func cutLast(s string) (before, after string, found bool) {
	i := strings.LastIndexByte(s, '=')
	return s[:i], s[i+1:], i >= 0
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
