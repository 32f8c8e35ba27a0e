package keystoneattributesprocessor

import (
	"fmt"
	"testing"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/configtest"
)

func load(t *testing.T, name string) *Config {
	t.Helper()
	config := NewDefaultConfig()
	require.NoError(t, configtest.Section(t, "keystone_attributes/"+name, config))
	return config
}

func TestConfigurations(t *testing.T) {
	for _, name := range []string{"cloud", "application_credential"} {
		load(t, name)
	}
	full := load(t, "full")
	assert.Equal(t, 3*time.Second, full.HTTP.Timeout)
	assert.Equal(t, UnavailableRefuse, full.OnUnavailable)
	assert.Equal(t, component.MustNewIDWithName("file_storage", "names"), *full.Storage)
	auth := full.Auth.Get().options()
	assert.Equal(t, &gophercloud.AuthScope{System: true}, auth.Scope)
	assert.Equal(t, "Default", auth.DomainName)

	auth = load(t, "project").Auth.Get().options()
	assert.Equal(t, &gophercloud.AuthScope{ProjectName: "admin", DomainName: "Default"}, auth.Scope)
	assert.Empty(t, auth.DomainName, "an id of a user needs no domain")
}

func TestSecretsAreOpaque(t *testing.T) {
	for _, name := range []string{"full", "application_credential"} {
		config := load(t, name)
		marshaled := confmap.New()
		require.NoError(t, marshaled.Marshal(config))
		text, err := yaml.Marshal(marshaled.ToStringMap())
		require.NoError(t, err)
		printed := fmt.Sprintf("%v %+v %s", config.Auth.Get(), config.Auth.Get(), text)
		assert.Contains(t, printed, "[REDACTED]")
		assert.NotRegexp(t, `(?i)(password|_?secret): ?"?secret`, printed)
	}
}

func TestMistakes(t *testing.T) {
	for _, test := range []struct{ text, message string }{
		{`{}`, "set exactly one of cloud"},
		{`{cloud: a, auth: {auth_url: "http://k", user_id: u, password: p, system_scope: all}}`, "set exactly one of cloud"},
		{`{clouds_file: x, auth: {auth_url: "http://k", user_id: u, password: p, system_scope: all}}`, "clouds_file: needs cloud"},
		{`{cloud: a, http: {endpoint: "http://x"}}`, "http::endpoint"},
		{`{cloud: a, http: {auth: {authenticator: x}}}`, "http::auth"},
		{`{cloud: a, http: {timeout: 0s}}`, "http::timeout"},
		{`{cloud: a, wait: -1s}`, "wait: -1s"},
		{`{cloud: a, on_unavailable: drop}`, `on_unavailable: "drop" is none of pass, refuse`},
		{`{cloud: a, on_unavailable: refuse, wait: 0s}`, "on_unavailable: refuse needs a wait"},
		{`{cloud: a, refresh_interval: -1s}`, "refresh_interval"},
		{`{cloud: a, max_concurrent_requests: 0}`, "max_concurrent_requests: 0 is not between 1 and 256"},
		{`{cloud: a, kinds: []}`, "kinds: is empty"},
		{`{cloud: a, kinds: [user, server]}`, `kinds[1]: "server" is none of user, project`},
		{`{cloud: a, kinds: [user, user]}`, `kinds[1]: "user" is there twice`},
		{`{cloud: a, cache: {max_entries: 0}}`, "cache: max_entries: 0"},
		{`{cloud: a, cache: {ttl: 1ms}}`, "cache: ttl: 1ms is less than 1s"},
		{`{cloud: a, cache: {tombstone_ttl: 0s}}`, "cache: tombstone_ttl"},
		{`{auth: {auth_url: "ftp://k", user_id: u, password: p, system_scope: all}}`, `auth_url: "ftp://k" is no http or https URL`},
		{`{auth: {auth_url: "http://me:pw@k", user_id: u, password: p, system_scope: all}}`, "auth_url: must not hold a user or password"},
		{`{auth: {auth_url: "http://k", username: u, password: p, system_scope: all}}`, "user_domain_name"},
		{`{auth: {auth_url: "http://k", user_id: u, system_scope: all}}`, "password: is required"},
		{`{auth: {auth_url: "http://k", user_id: u, password: p}}`, "exactly one scope"},
		{`{auth: {auth_url: "http://k", user_id: u, password: p, system_scope: all, project_id: x}}`, "exactly one scope"},
		{`{auth: {auth_url: "http://k", user_id: u, password: p, system_scope: some}}`, "system_scope: the only one"},
		{`{auth: {auth_url: "http://k", user_id: u, password: p, project_name: x}}`, "project_name: needs"},
		{`{auth: {auth_url: "http://k", application_credential_id: x}}`, "application_credential_secret: is required"},
		{`{auth: {auth_url: "http://k", application_credential_name: x, application_credential_secret: s}}`,
			"application_credential_name: needs the user"},
		{`{auth: {auth_url: "http://k", application_credential_id: x, application_credential_secret: s, system_scope: all}}`,
			"has its scope in itself"},
	} {
		t.Run(test.text, func(t *testing.T) {
			err := configtest.YAML(t, test.text, NewDefaultConfig())
			require.ErrorContains(t, err, test.message)
			assert.NotContains(t, err.Error(), "pw")
		})
	}
}
