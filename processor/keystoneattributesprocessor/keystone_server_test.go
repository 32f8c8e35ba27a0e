//go:build keystone

package keystoneattributesprocessor

import (
	"bytes"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configoptional"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/debiantest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// reader follows Keystone's log.
type reader struct {
	t      *testing.T
	log    string
	offset int
}

// news feeds what Keystone has sent since to the processor, and returns the sentences.
func (r *reader) news(h *harness) (sentences []string) {
	r.t.Helper()
	text, err := os.ReadFile(r.log)
	require.NoError(r.t, err)
	text = text[:bytes.LastIndexByte(text, '\n')+1] // Keystone may be writing the next line
	lines := strings.Split(string(text[r.offset:]), "\n")
	r.offset = len(text)
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "test")
	for _, line := range lines {
		notification, err := oslo.LineReader{}.ReadText(line)
		if err != nil || notification == nil {
			continue
		}
		record := mapper.ReadNotification(*notification, auditlog.Message{Body: []byte(line), Received: time.Now()})
		logs, _ := mapper.Logs([]auditlog.Record{record})
		require.NoError(r.t, h.consume(logs))
		sentences = append(sentences, strings.Replace(only(h.last()).Body().Str(), " from 127.0.0.1", "", 1))
	}
	return sentences
}

// TestWithKeystone lets a real Keystone make, rename and delete things. The processor may only read: reader on the system.
func TestWithKeystone(t *testing.T) {
	keystone := debiantest.Start(t, debiantest.Options{})
	keystone.CreateReader()
	h := newHarness(t, keystonetest.NewServer(), func(c *Config) {
		c.Preload = true
		c.Auth = configoptional.Some(AuthConfig{
			AuthURL: keystone.URL, Username: keystonetest.Username, UserDomainName: "Default", Password: keystonetest.Password, SystemScope: "all",
		})
	}, nil)
	h.start()
	defer h.stop()
	events := &reader{t: t, log: keystone.Log}
	events.news(h)

	type object = map[string]any
	corp := keystone.Create("domain", "/domains", object{"name": "corp"})
	assert.Contains(t, events.news(h), "admin created domain corp: success")
	shop := keystone.Create("project", "/projects", object{"name": "web-shop", "domain_id": corp})
	assert.Contains(t, events.news(h), "admin created project web-shop (corp): success")
	alice := keystone.Create("user", "/users", object{"name": "alice", "domain_id": corp, "password": keystonetest.Password})
	assert.Contains(t, events.news(h), "admin created user alice (corp): success")
	keystone.Call(http.MethodPut, "/projects/"+shop+"/users/"+alice+"/roles/"+keystone.Roles()["member"], nil)
	assert.Contains(t, events.news(h), "admin granted role member to user alice (corp) on project web-shop (corp): success")
	keystone.Call(http.MethodPatch, "/users/"+alice, object{"user": object{"name": "alicia"}})
	assert.Contains(t, events.news(h), "admin updated user alicia (corp): success")
	keystone.Call(http.MethodDelete, "/users/"+alice, nil)
	assert.Contains(t, events.news(h), "admin deleted user alicia (corp): success")
	keystone.Call(http.MethodPatch, "/domains/"+corp, object{"domain": object{"enabled": false}})
	keystone.Call(http.MethodDelete, "/domains/"+corp, nil)
	last := events.news(h)
	assert.Contains(t, last, "admin deleted domain corp: success")
	assert.Contains(t, last, "admin deleted project web-shop (corp): success", "it went with its domain")
	assert.Empty(t, h.logs.FilterMessageSnippet("role reader").All(), "reader on the system is enough")
}
