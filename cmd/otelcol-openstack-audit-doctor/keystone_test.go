package main

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
)

// names is a configuration that asks this Keystone.
func names(url, password string) string {
	return `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:0"}}}}
processors:
  keystone_attributes:
    auth:
      {auth_url: "` + url + `", username: ` + keystonetest.Username + `, user_domain_name: Default, password: ` + password + `,
       system_scope: all}
exporters: {debug: }
service: {pipelines: {logs: {receivers: [otlp], processors: [keystone_attributes], exporters: [debug]}}}
`
}

func TestKeystone(t *testing.T) {
	t.Parallel()
	fake := keystonetest.NewServer(keystonetest.Entity{Kind: "user", ID: "u1", Name: "alice"})
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)

	r := check(t, names(server.URL, keystonetest.Password))
	requireFinding(t, r.one(t, "keystone.login"), statusOK)
	requireFinding(t, r.one(t, "keystone.role"), statusOK, "user, project, domain, role, group")

	fake.Fail(keystonetest.Failures{Forbidden: []string{"user", "role"}})
	r = check(t, names(server.URL, keystonetest.Password))
	requireFinding(t, r.all("keystone.role")[0], statusFailure, "may not list: user, role", "403 Forbidden", "--system all reader")
	requireFinding(t, r.all("keystone.role")[1], statusOK, "project, domain, group")

	fake.Fail(keystonetest.Failures{})
	const wrong = "a-wrong-password"
	r = check(t, names(server.URL, wrong))
	requireFinding(t, r.one(t, "keystone.login"), statusFailure, "401 Unauthorized", "Correct user, domain and password")
	for _, f := range r.Findings {
		require.NotContains(t, f.Text+f.Do, wrong)
	}

	requireFinding(t, check(t, names("http://"+collectortest.FreeAddress(t), wrong)).one(t, "keystone.tcp"),
		statusFailure, "connection refused")
	requireFinding(t, check(t, names("", wrong)).one(t, "keystone.configuration"), statusOK, "no names are added")
}

func TestKeystoneIsAnother(t *testing.T) {
	t.Parallel()
	fake := keystonetest.NewServer()
	fake.Fail(keystonetest.Failures{LoginStatus: 404})
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	r := check(t, names(server.URL, keystonetest.Password))
	requireFinding(t, r.one(t, "keystone.version"), statusWarning, "does not answer as Keystone does")
	requireFinding(t, r.one(t, "keystone.login"), statusFailure, "Correct auth_url")
}

// A Keystone that never answers costs no more than its time.
func TestKeystoneThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(silent(t))
	t.Cleanup(server.Close)
	r := check(t, names(server.URL, keystonetest.Password), func(o *options) { o.timeout = 200 * time.Millisecond })
	require.NotZero(t, r.Failures)
}
