//go:build keystone

package keystoneattributesprocessor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configoptional"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

const labPassword = "lab-only"

// server is a private Keystone: Debian's python3-keystone, SQLite and Fernet tokens in a folder of the test, on a port of
// its own. It writes its notifications to its log.
type server struct {
	t      *testing.T
	url    string
	log    string
	offset int
	token  string
}

func startKeystone(t *testing.T) *server {
	t.Helper()
	for _, program := range []string{"keystone-manage", "keystone-wsgi-public", "python3"} {
		_, err := exec.LookPath(program)
		require.NoError(t, err, "install the Debian package python3-keystone")
	}
	dir := t.TempDir()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := listener.Addr().(*net.TCPAddr).Port
	require.NoError(t, listener.Close())
	s := &server{t: t, url: fmt.Sprintf("http://127.0.0.1:%d/v3", port), log: filepath.Join(dir, "keystone.log")}

	config := filepath.Join(dir, "keystone.conf")
	database := filepath.Join(dir, "keystone.db")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `[DEFAULT]
log_file = %[1]s/keystone.log
notification_format = cadf
notification_opt_out =
[database]
connection = sqlite:///%[1]s/keystone.db
[token]
provider = fernet
[fernet_tokens]
key_repository = %[1]s/fernet
[credential]
key_repository = %[1]s/credential
[oslo_messaging_notifications]
driver = log
[oslo_policy]
enforce_new_defaults = true
enforce_scope = true
`, dir), 0o600))
	manage := func(arguments ...string) {
		output, err := exec.Command("keystone-manage", append([]string{"--config-file", config}, arguments...)...).CombinedOutput()
		require.NoError(t, err, "%s", output)
	}
	manage("db_sync")
	// Readers and the writer of SQLite wait for each other without the write-ahead log.
	output, err := exec.Command("python3", "-c", "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('pragma journal_mode=wal')", database).CombinedOutput()
	require.NoError(t, err, "%s", output)
	me, err := user.Current()
	require.NoError(t, err)
	group, err := user.LookupGroupId(me.Gid)
	require.NoError(t, err)
	for _, keys := range []string{"fernet_setup", "credential_setup"} {
		manage(keys, "--keystone-user", me.Username, "--keystone-group", group.Name)
	}
	manage("bootstrap", "--bootstrap-password", labPassword, "--bootstrap-public-url", s.url, "--bootstrap-region-id", "lab")

	command := exec.Command("keystone-wsgi-public", "--host", "127.0.0.1", "--port", fmt.Sprint(port))
	command.Env = append(os.Environ(), "OS_KEYSTONE_CONFIG_FILES="+config)
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	require.Eventually(t, func() bool {
		response, err := http.Get(s.url)
		if err != nil {
			return false
		}
		return response.Body.Close() == nil && response.StatusCode == http.StatusOK
	}, time.Minute, 100*time.Millisecond, "Keystone does not answer")
	s.login()
	return s
}

// login makes us the administrator of the system.
func (s *server) login() {
	body := `{"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "admin", "domain": {"id": "default"}, "password": "` +
		labPassword + `"}}}, "scope": {"system": {"all": true}}}}`
	response, err := http.Post(s.url+"/auth/tokens", "application/json", strings.NewReader(body))
	require.NoError(s.t, err)
	defer response.Body.Close()
	require.Equal(s.t, http.StatusCreated, response.StatusCode)
	s.token = response.Header.Get("X-Subject-Token")
}

// call does something, and returns the id of what it is about.
func (s *server) call(method, path string, body any) string {
	s.t.Helper()
	var text []byte
	if body != nil {
		var err error
		text, err = json.Marshal(body)
		require.NoError(s.t, err)
	}
	request, err := http.NewRequest(method, s.url+path, bytes.NewReader(text))
	require.NoError(s.t, err)
	request.Header.Set("X-Auth-Token", s.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	require.Less(s.t, response.StatusCode, 300, "%s %s: %s", method, path, answer)
	var entity map[string]struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(answer, &entity)
	for _, thing := range entity {
		return thing.ID
	}
	return ""
}

// news feeds what Keystone has sent since to the processor, and returns the sentences.
func (s *server) news(h *harness) (sentences []string) {
	s.t.Helper()
	text, err := os.ReadFile(s.log)
	require.NoError(s.t, err)
	lines := strings.Split(string(text[s.offset:]), "\n")
	s.offset = len(text)
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "test")
	for _, line := range lines {
		notifications, err := oslo.ParseLine(line)
		if err != nil {
			continue
		}
		for _, notification := range notifications {
			record := mapper.ReadNotification(notification, auditlog.Message{Body: []byte(line), Received: time.Now()})
			logs, _ := mapper.Logs([]auditlog.Record{record})
			require.NoError(s.t, h.consume(logs))
			sentences = append(sentences, strings.Replace(only(h.last()).Body().Str(), " from 127.0.0.1", "", 1))
		}
	}
	return sentences
}

// TestWithKeystone lets a real Keystone make, rename and delete things. The processor may only read: reader on the system.
func TestWithKeystone(t *testing.T) {
	s := startKeystone(t)
	reader := s.call(http.MethodPost, "/users", map[string]any{"user": map[string]any{"name": "audit-reader", "domain_id": "default", "password": labPassword}})
	roles := s.roles()
	s.call(http.MethodPut, "/system/users/"+reader+"/roles/"+roles["reader"], nil)
	h := newHarness(t, keystonetest.NewServer(), func(c *Config) {
		c.Preload = true
		c.Auth = configoptional.Some(AuthConfig{
			AuthURL: s.url, Username: "audit-reader", UserDomainName: "Default", Password: labPassword, SystemScope: "all",
		})
	}, nil)
	h.start()
	defer h.stop()
	s.news(h)

	type object = map[string]any
	corp := s.call(http.MethodPost, "/domains", object{"domain": object{"name": "corp"}})
	assert.Contains(t, s.news(h), "admin created domain corp: success")
	shop := s.call(http.MethodPost, "/projects", object{"project": object{"name": "web-shop", "domain_id": corp}})
	assert.Contains(t, s.news(h), "admin created project web-shop (corp): success")
	alice := s.call(http.MethodPost, "/users", object{"user": object{"name": "alice", "domain_id": corp, "password": labPassword}})
	assert.Contains(t, s.news(h), "admin created user alice (corp): success")
	s.call(http.MethodPut, "/projects/"+shop+"/users/"+alice+"/roles/"+roles["member"], nil)
	assert.Contains(t, s.news(h), "admin granted role member to user alice (corp) on project web-shop (corp): success")
	s.call(http.MethodPatch, "/users/"+alice, object{"user": object{"name": "alicia"}})
	assert.Contains(t, s.news(h), "admin updated user alicia (corp): success")
	s.call(http.MethodDelete, "/users/"+alice, nil)
	assert.Contains(t, s.news(h), "admin deleted user alicia (corp): success")
	s.call(http.MethodPatch, "/domains/"+corp, object{"domain": object{"enabled": false}})
	s.call(http.MethodDelete, "/domains/"+corp, nil)
	last := s.news(h)
	assert.Contains(t, last, "admin deleted domain corp: success")
	assert.Contains(t, last, "admin deleted project web-shop (corp): success", "it went with its domain")
	assert.Empty(t, h.logs.FilterMessageSnippet("role reader").All(), "reader on the system is enough")
}

func (s *server) roles() map[string]string {
	request, err := http.NewRequest(http.MethodGet, s.url+"/roles", http.NoBody)
	require.NoError(s.t, err)
	request.Header.Set("X-Auth-Token", s.token)
	response, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	defer response.Body.Close()
	var body struct {
		Roles []struct{ ID, Name string }
	}
	require.NoError(s.t, json.NewDecoder(response.Body).Decode(&body))
	ids := map[string]string{}
	for _, role := range body.Roles {
		ids[role.Name] = role.ID
	}
	return ids
}
