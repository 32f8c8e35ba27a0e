package keystone_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
)

const cloudsYAML = `
clouds:
  lab:
    auth:
      auth_url: https://keystone.example:5000
      username: audit-reader
      user_domain_name: Default
      system_scope: all
    cacert: ca.pem
  no-url:
    auth: {username: x}
  unverified:
    auth: {auth_url: "https://keystone.example", application_credential_id: id, application_credential_secret: secret}
    verify: false
`

func TestReadCloud(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("OS_CLIENT_CONFIG_FILE", "")
	file := filepath.Join(dir, "clouds.yaml")
	require.NoError(t, os.WriteFile(file, []byte(cloudsYAML), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secure.yaml"), []byte("clouds: {lab: {auth: {password: from-secure}}}"), 0o600))
	certificate(t, filepath.Join(dir, "ca.pem"))

	for _, path := range []string{file, ""} { // "": found in the working directory
		cloud, err := keystone.ReadCloud("lab", path)
		require.NoError(t, err)
		assert.Equal(t, "https://keystone.example:5000", cloud.Auth.IdentityEndpoint)
		assert.Equal(t, "from-secure", cloud.Auth.Password)
		assert.True(t, cloud.Auth.Scope.System)
		assert.Equal(t, "ca.pem", cloud.CACertFile)
		assert.False(t, cloud.Insecure)
	}
	cloud, err := keystone.ReadCloud("unverified", file)
	require.NoError(t, err)
	assert.True(t, cloud.Insecure)

	_, err = keystone.ReadCloud("no-url", file)
	require.ErrorContains(t, err, "auth_url")
	_, err = keystone.ReadCloud("other", file)
	require.ErrorContains(t, err, `"other"`)
	_, err = keystone.ReadCloud("lab", filepath.Join(dir, "nowhere.yaml"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
