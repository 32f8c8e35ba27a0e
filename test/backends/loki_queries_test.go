//go:build backends

package backends

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var logqlBlock = regexp.MustCompile("(?s)```logql\n(.*?)\n```")

// The queries of docs/loki.md, in their order, and what they find in the story.
func (l loki) testDocumentedQueries(t *testing.T) {
	f := startFull(t, l.url+"/otlp", "--set", "exporters.otlp_http/loki.headers.X-Scope-OrgID="+tenant(t))
	now := time.Now()
	send(t, f.url, story(now)...)
	l.wait(t, `{service_namespace="openstack"}`, now.Add(-2*time.Hour), storyRecords, f.Process)
	eventually(t, func() error { return f.elasticsearch.has(storyRecords) }, f.Process)
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
			"client_address=203.0.113.9,user_name=guess-0": 2, "client_address=203.0.113.9,user_name=guess-1": 2,
			"client_address=203.0.113.9,user_name=guess-2": 2,
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
	got, err := l.query(t.Context(), tenant(t), `count(sum by (user_name, `+
		`client_address) (count_over_time({service_name="keystone"} | openstack_audit_outcome="failure" [1h])))`)
	require.NoError(t, err)
	require.Equal(t, samples{"": names}, got)
	got, err = l.query(t.Context(), tenant(t), `topk(10, sum by (user_name) (count_over_time({service_name="keystone"} | `+
		`openstack_audit_outcome="failure" [1h])))`)
	require.NoError(t, err)
	require.Len(t, got, 10)
	c.Stop(t)
}
