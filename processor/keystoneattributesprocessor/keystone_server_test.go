//go:build keystone

package keystoneattributesprocessor

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configoptional"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
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

// records returns what Keystone has sent since.
func (r *reader) records() (records []auditlog.Record) {
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
		records = append(records, mapper.ReadNotification(*notification, auditlog.Message{Body: []byte(line), Received: time.Now()}))
	}
	return records
}

// news feeds what Keystone has sent since to the processor, one at a time, and returns the sentences.
func (r *reader) news(h *harness) (sentences []string) {
	r.t.Helper()
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "test")
	for _, record := range r.records() {
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

// TestQuickChanges has a hundred users' operations done as fast as a real Keystone can, and their notifications read every 200 ms. None of
// the names that say keystone or deleted may be another one than that of the time.
func TestQuickChanges(t *testing.T) {
	const operations = 100
	keystone := debiantest.Start(t, debiantest.Options{})
	keystone.CreateReader()
	h := newHarness(t, keystonetest.NewServer(), func(c *Config) {
		c.Preload = true
		c.Wait = NewDefaultConfig().Wait
		c.Auth = configoptional.Some(AuthConfig{
			AuthURL: keystone.URL, Username: keystonetest.Username, UserDomainName: "Default", Password: keystonetest.Password, SystemScope: "all",
		})
	}, nil)
	h.start()
	defer h.stop()
	events := &reader{t: t, log: keystone.Log}
	events.records()

	names := map[string][]string{} // of each user, as its events come
	done := make(chan struct{})
	began := time.Now()
	go func() {
		defer close(done)
		for n := 0; n < operations; n += 5 {
			name := fmt.Sprint("user", n)
			id := keystone.Create("user", "/users", map[string]any{"name": name, "domain_id": "default"})
			told := []string{name}
			for i := range 3 {
				name = fmt.Sprint("user", n, "-", i)
				keystone.Call(http.MethodPatch, "/users/"+id, map[string]any{"user": map[string]any{"name": name}})
				told = append(told, name)
			}
			keystone.Call(http.MethodDelete, "/users/"+id, nil)
			names[id] = append(told, name)
		}
	}()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "test")
	for ended := false; !ended; {
		select {
		case <-done:
			ended = true
		case <-tick.C:
		}
		if records := events.records(); len(records) > 0 {
			logs, _ := mapper.Logs(records)
			require.NoError(t, h.consume(logs))
		}
	}
	took := time.Since(began)

	scores := map[string]int{}
	for _, logs := range h.sink.AllLogs() {
		for _, resourceLogs := range logs.ResourceLogs().All() {
			for _, record := range resourceLogs.ScopeLogs().At(0).LogRecords().All() {
				a := record.Attributes()
				id := audit.Text(a, audit.AttrTargetID)
				if !strings.HasPrefix(audit.Text(a, audit.AttrNotificationEventType), "identity.user.") || len(names[id]) == 0 {
					continue
				}
				want := names[id][0]
				names[id] = names[id][1:]
				name, source := audit.Text(a, audit.AttrTargetName), audit.Text(a, audit.AttrEnrichmentSource)
				switch name {
				case "":
					scores["missing"]++
				case want:
					scores["right, "+source]++
				default:
					scores["another, "+source]++
				}
			}
		}
	}
	t.Logf("%d operations in %v: %v", operations, took.Round(time.Millisecond), scores)
	total := 0
	for _, n := range scores {
		total += n
	}
	assert.Equal(t, operations, total)
	assert.Zero(t, scores["another, keystone"]+scores["another, deleted"]+scores["another, event"])
}
