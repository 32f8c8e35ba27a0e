// Package debiantest runs a real Keystone for tests: that of the Debian package python3-keystone.
package debiantest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
)

// Options of a Keystone. The zero value is a Keystone that writes its notifications to its log alone.
type Options struct {
	// Port of the API on 127.0.0.1; 0 is one that is free.
	Port int
	// Notifications are the lines of [oslo_messaging_notifications].
	Notifications string
	// Config is what else stands in keystone.conf: whole sections.
	Config string
	// UWSGI runs it as the Debian package keystone does: within uWSGI, whose own lines are in Keystone's log too.
	UWSGI bool
}

// Keystone is a process with one worker, SQLite and Fernet tokens in a folder of the test, with which it ends.
type Keystone struct {
	// URL of the Identity API v3.
	URL string
	// Log is the path of Keystone's log file.
	Log string

	t     testing.TB
	token string
}

// python is Debian's, which has Debian's Keystone.
const python = "/usr/bin/python3"

// serve is what keystone-wsgi-public did, which Keystone has no more since 2025.2.
const serve = `
import sys
from wsgiref.simple_server import make_server
from keystone.server.wsgi import initialize_public_application

port = int(sys.argv.pop())
sys.argv[0] = "keystone-wsgi-public"
make_server("127.0.0.1", port, initialize_public_application()).serve_forever()
`

// Start starts a Keystone, waits until it answers, and logs in as the administrator of the system.
func Start(t testing.TB, options Options) *Keystone {
	t.Helper()
	_, err := exec.LookPath("keystone-manage")
	require.NoError(t, err, "install the Debian package python3-keystone")
	port := options.Port
	if port == 0 {
		port = collectortest.FreePort(t)
	}
	dir := t.TempDir()
	k := &Keystone{t: t, URL: fmt.Sprintf("http://127.0.0.1:%d/v3", port), Log: filepath.Join(dir, "keystone.log")}
	config := k.configure(dir, options)

	command := exec.Command(python, "-c", serve, fmt.Sprint(port))
	if options.UWSGI {
		command = k.uwsgi(port)
	}
	command.Env = append(os.Environ(), "OS_KEYSTONE_CONFIG_FILES="+config)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Kill() // and uWSGI's workers with it: no-orphans
		_ = command.Wait()
	})
	require.Eventually(t, func() bool {
		response, err := k.send(http.MethodGet, "", nil)
		if err != nil {
			return false
		}
		return response.Body.Close() == nil && response.StatusCode == http.StatusOK
	}, 3*time.Minute, 100*time.Millisecond, "Keystone does not answer")
	token, err := k.Login()
	require.NoError(t, err)
	k.token = token
	return k
}

// uwsgi is /etc/keystone/keystone-uwsgi.ini of the Debian package keystone, with one process.
func (k *Keystone) uwsgi(port int) *exec.Cmd {
	return exec.Command("uwsgi", "--http-socket", fmt.Sprintf("127.0.0.1:%d", port), "--plugins", "python3",
		"--eval", "from keystone.server.wsgi import initialize_public_application; application = initialize_public_application()",
		"--logto", k.Log, "--buffer-size", "65535", "--rem-header", "Content-Length", "--master", "--thunder-lock", "--lazy-apps",
		"--no-orphans", "--die-on-term", "--enable-threads", "--processes", "1", "--threads", "4", "--listen", "100")
}

// configure makes the database and the keys, and returns the path of keystone.conf.
func (k *Keystone) configure(dir string, options Options) string {
	k.t.Helper()
	notifications := options.Notifications
	if notifications == "" {
		notifications = "driver = log"
	}
	config := filepath.Join(dir, "keystone.conf")
	require.NoError(k.t, os.WriteFile(config, fmt.Appendf(nil, `[DEFAULT]
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
[oslo_policy]
enforce_new_defaults = true
enforce_scope = true
[oslo_messaging_notifications]
%[2]s
%[3]s
`, dir, notifications, options.Config), 0o600))
	manage := func(arguments ...string) {
		output, err := exec.Command("keystone-manage", append([]string{"--config-file", config}, arguments...)...).CombinedOutput()
		require.NoError(k.t, err, "%s", output)
	}
	manage("db_sync")
	// Readers and the writer of SQLite wait for each other without the write-ahead log.
	output, err := exec.Command(python, "-c", "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('pragma journal_mode=wal')",
		filepath.Join(dir, "keystone.db")).CombinedOutput()
	require.NoError(k.t, err, "%s", output)
	me, err := user.Current()
	require.NoError(k.t, err)
	group, err := user.LookupGroupId(me.Gid)
	require.NoError(k.t, err)
	for _, keys := range []string{"fernet_setup", "credential_setup"} {
		manage(keys, "--keystone-user", me.Username, "--keystone-group", group.Name)
	}
	manage("bootstrap", "--bootstrap-password", keystonetest.Password, "--bootstrap-public-url", k.URL, "--bootstrap-region-id", "lab")
	return config
}

// Login logs in as the administrator of the system, and returns the token.
func (k *Keystone) Login() (token string, err error) {
	body := `{"auth": {"scope": {"system": {"all": true}}, "identity": {"methods": ["password"], "password": {"user": {` +
		`"name": "admin", "domain": {"id": "default"}, "password": "` + keystonetest.Password + `"}}}}}`
	response, err := k.send(http.MethodPost, "/auth/tokens", []byte(body))
	if err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusCreated {
		err = fmt.Errorf("login: %s", response.Status)
	}
	return response.Header.Get("X-Subject-Token"), errors.Join(err, response.Body.Close())
}

func (k *Keystone) send(method, path string, body []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(k.t.Context(), method, k.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if k.token != "" {
		request.Header.Set("X-Auth-Token", k.token)
	}
	return http.DefaultClient.Do(request)
}

// Call does something as the administrator, which must succeed, and returns the answer.
func (k *Keystone) Call(method, path string, body any) []byte {
	k.t.Helper()
	var text []byte
	if body != nil {
		var err error
		text, err = json.Marshal(body)
		require.NoError(k.t, err)
	}
	response, err := k.send(method, path, text)
	require.NoError(k.t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	require.NoError(k.t, err)
	require.Less(k.t, response.StatusCode, 300, "%s %s: %s", method, path, answer)
	return answer
}

// Create posts one thing, such as Create("user", "/users", …), and returns its id.
func (k *Keystone) Create(kind, path string, members map[string]any) string {
	k.t.Helper()
	var entity map[string]struct {
		ID string `json:"id"`
	}
	require.NoError(k.t, json.Unmarshal(k.Call(http.MethodPost, path, map[string]any{kind: members}), &entity))
	return entity[kind].ID
}

// Roles are the ids of the roles by their names.
func (k *Keystone) Roles() map[string]string {
	k.t.Helper()
	var body struct {
		Roles []struct{ ID, Name string }
	}
	require.NoError(k.t, json.Unmarshal(k.Call(http.MethodGet, "/roles", nil), &body))
	ids := map[string]string{}
	for _, role := range body.Roles {
		ids[role.Name] = role.ID
	}
	return ids
}

// CreateReader makes the user keystonetest.Username, who may read names and nothing else: reader on the system.
func (k *Keystone) CreateReader() {
	k.t.Helper()
	reader := k.Create("user", "/users", map[string]any{"name": keystonetest.Username, "domain_id": "default",
		"password": keystonetest.Password})
	k.Call(http.MethodPut, "/system/users/"+reader+"/roles/"+k.Roles()["reader"], nil)
}
