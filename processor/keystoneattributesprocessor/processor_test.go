package keystoneattributesprocessor

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog/auditlogtest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
)

const (
	aliceID = "30a1d53efd214939a2eaa311fc56d308"
	bobID   = "10a5e3aa02184c878748a79518c30157"
	shopID  = "34ab3b656c1b4de6a20f528212bdbcb7"
	corpID  = "824deaa7a41c4a938fd4c859ac1dc331"
)

func lab() *keystonetest.Server {
	return keystonetest.NewServer(
		keystonetest.Entity{Kind: "domain", ID: "default", Name: "Default"},
		keystonetest.Entity{Kind: "domain", ID: corpID, Name: "corp"},
		keystonetest.Entity{Kind: "user", ID: aliceID, Name: "alice", DomainID: corpID},
		keystonetest.Entity{Kind: "user", ID: bobID, Name: "bob", DomainID: "default"},
		keystonetest.Entity{Kind: "project", ID: shopID, Name: "web-shop", DomainID: corpID},
	)
}

// auditLogs makes records with the given attributes in one batch.
func auditLogs(records ...map[string]string) plog.Logs {
	logs := plog.NewLogs()
	scope := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	for _, attributes := range records {
		record := scope.LogRecords().AppendEmpty()
		record.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		record.SetObservedTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		set := map[string]string{
			audit.AttrNotificationEventType: "identity.user.updated", audit.AttrAuditOutcome: "success",
			audit.AttrAuditAction: "update", audit.AttrAuditCategory: "iam",
		}
		maps.Copy(set, attributes)
		for key, value := range set {
			record.Attributes().PutStr(key, value)
		}
		record.Body().SetStr(auditlogtest.Sentence(pcommon.NewMap(), record))
	}
	return logs
}

func added(t *testing.T, h *harness, attributes map[string]string) map[string]string {
	t.Helper()
	logs := auditLogs(attributes)
	before := only(logs).Attributes().AsRaw()
	require.NoError(t, h.consume(logs))
	news := map[string]string{}
	for key, value := range only(h.last()).Attributes().AsRaw() {
		if old, found := before[key]; !found || old != value {
			news[key] = value.(string)
		}
	}
	return news
}

func TestWhatIsAdded(t *testing.T) {
	for _, test := range []struct {
		name   string
		record map[string]string
		added  map[string]string
	}{
		{"user and project",
			map[string]string{"user.id": aliceID, "openstack.project.id": shopID},
			map[string]string{
				"user.name": "alice", "openstack.user.domain.id": corpID, "openstack.user.domain.name": "corp",
				"openstack.project.name": "web-shop", "openstack.project.domain.id": corpID, "openstack.project.domain.name": "corp",
			},
		},
		{"names in the event win",
			map[string]string{"user.id": aliceID, "user.name": "as the event says", "openstack.user.domain.id": "default",
				"openstack.user.domain.name": "so too"},
			map[string]string{},
		},
		{"the domain is added to a name of the event",
			map[string]string{"user.id": aliceID, "user.name": "alice"},
			map[string]string{"openstack.user.domain.id": corpID, "openstack.user.domain.name": "corp"},
		},
		{"ids with hyphens of another service",
			map[string]string{
				audit.AttrNotificationEventType: "audit.cadf",
				"openstack.project.id":          "34ab3b65-6c1b-4de6-a20f-528212bdbcb7",
			},
			map[string]string{
				"openstack.project.name": "web-shop", "openstack.project.domain.id": corpID, "openstack.project.domain.name": "corp",
			},
		},
		{"the default domain",
			map[string]string{"openstack.domain.id": "default"},
			map[string]string{"openstack.domain.name": "Default"},
		},
		{"a domain as project",
			map[string]string{"openstack.target.project.id": corpID},
			map[string]string{"openstack.target.project.name": "corp"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHarness(t, lab(), nil, nil)
			h.start()
			defer h.stop()
			for _, source := range []string{"keystone_later", "keystone"} { // what is looked up for a record is of a later time
				if len(test.added) > 0 {
					test.added[audit.AttrEnrichmentSource] = source
				}
				assert.Equal(t, test.added, added(t, h, test.record))
			}
		})
	}
}

func TestWhatIsNotLookedUp(t *testing.T) {
	for _, test := range []struct {
		name   string
		record map[string]string
	}{
		{"a hyphenated id of Keystone's own events", map[string]string{"user.id": "30a1d53e-fd21-4939-a2ea-a311fc56d308"}},
		{"a hash of a user id", map[string]string{"user.id": "0a555678db5b5640b9b105be92960904"}},
		{"a filler", map[string]string{"user.id": "unknown", "openstack.project.id": "target"}},
		{"default is no user", map[string]string{"user.id": "default"}},
		{"64 digits are no project", map[string]string{"openstack.project.id": strings.Repeat("ab", 32)}},
		{"an id that somebody typed", map[string]string{
			"user.id": aliceID, "error.type": "user_not_found", "openstack.audit.outcome": "failure",
			"openstack.audit.category": "authentication", "openstack.audit.action": "authenticate",
		}},
		{"the same, translated", map[string]string{
			"user.id": aliceID, "error.type": "404", "openstack.audit.outcome": "failure",
			"openstack.audit.category": "authentication", "openstack.audit.action": "authenticate",
		}},
		{"a server", map[string]string{"openstack.target.type": "server", "openstack.target.id": aliceID,
			audit.AttrNotificationEventType: "audit.http.response"}},
		{"a group of volumes", map[string]string{"openstack.target.type": "group", "openstack.target.id": aliceID,
			audit.AttrNotificationEventType: "audit.http.response"}},
		{"a region", map[string]string{"openstack.target.type": "region", "openstack.target.id": aliceID}},
		{"upper case", map[string]string{"user.id": strings.ToUpper(aliceID)}},
		{"a path", map[string]string{"user.id": "../../v3/auth/tokens?x=1&y=23456"}},
		{"an access to a path", map[string]string{"openstack.project.id": "a/../../../../../../../../../etc"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := lab()
			h := newHarness(t, server, nil, nil)
			h.start()
			defer h.stop()
			assert.Empty(t, added(t, h, test.record))
			assert.Zero(t, server.Lookups())
		})
	}
}

func TestTypedNamesAreNotLearned(t *testing.T) {
	server := lab()
	server.Fail(keystonetest.Failures{Status: http.StatusServiceUnavailable})
	h := newHarness(t, server, nil, nil)
	h.start()
	defer h.stop()
	for _, untrusted := range []map[string]string{
		{"user.id": aliceID, "user.name": "hunter2", "error.type": "user_not_found", "openstack.audit.outcome": "failure",
			"openstack.audit.category": "authentication"},
		{"user.id": aliceID, "user.name": "mallory", "cadf.initiator.credential.identity_status": "Invalid"},
		{"user.id": aliceID, "user.name": "added before", "openstack.enrichment.source": "keystone"},
	} {
		added(t, h, untrusted)
		assert.Empty(t, added(t, h, map[string]string{"user.id": aliceID}))
	}
	added(t, h, map[string]string{"user.id": aliceID, "user.name": "alice"})
	assert.Equal(t, map[string]string{"user.name": "alice", "openstack.enrichment.source": "event"},
		added(t, h, map[string]string{"user.id": aliceID}))
}

func TestWhatIsNoDomainIsNotLearned(t *testing.T) {
	server := lab()
	server.Fail(keystonetest.Failures{Status: http.StatusServiceUnavailable})
	h := newHarness(t, server, nil, nil)
	h.start()
	defer h.stop()
	added(t, h, map[string]string{"user.id": aliceID, "user.name": "alice", "openstack.user.domain.id": strings.Repeat("x", 1000)})
	assert.Equal(t, map[string]string{"user.name": "alice", "openstack.enrichment.source": "event"},
		added(t, h, map[string]string{"user.id": aliceID}))
	added(t, h, map[string]string{"user.id": bobID, "user.name": "bob", "openstack.user.domain.id": corpID})
	assert.Equal(t, corpID, added(t, h, map[string]string{"user.id": bobID})["openstack.user.domain.id"])
}

func TestEventsOfLife(t *testing.T) {
	const carolID = "25d8dac6d48e4d5caef194ca9b14c773"
	server := lab()
	h := newHarness(t, server, nil, nil)
	h.start()
	defer h.stop()
	event := func(operation, action string) map[string]string {
		return map[string]string{
			audit.AttrNotificationEventType: "identity.user." + operation, audit.AttrAuditAction: action,
			"openstack.target.type": "user", "openstack.target.id": carolID, "openstack.target.user.id": carolID, "user.id": aliceID,
		}
	}
	assert.NotContains(t, added(t, h, map[string]string{"openstack.target.user.id": carolID}), "openstack.target.user.name")

	server.Put(keystonetest.Entity{Kind: "user", ID: carolID, Name: "carol", DomainID: corpID})
	got := added(t, h, event("created", "create"))
	assert.Equal(t, "carol", got["openstack.target.user.name"], "her absence is forgotten")
	assert.Equal(t, "carol", got["openstack.target.name"])
	assert.Equal(t, "alice (corp) created user carol (corp): success", only(h.last()).Body().Str())

	server.Put(keystonetest.Entity{Kind: "user", ID: carolID, Name: "caroline", DomainID: corpID})
	assert.Equal(t, "caroline", added(t, h, event("updated", "update"))["openstack.target.user.name"])

	server.Delete("user", carolID)
	got = added(t, h, event("deleted", "delete"))
	assert.Equal(t, "caroline", got["openstack.target.user.name"])
	assert.Equal(t, "deleted", got["openstack.enrichment.source"])
	assert.Equal(t, "alice (corp) deleted user caroline (corp): success", only(h.last()).Body().Str())

	failed := event("deleted", "delete")
	failed["openstack.target.id"], failed["openstack.target.user.id"], failed["openstack.audit.outcome"] = bobID, bobID, "failure"
	added(t, h, failed)
	assert.Equal(t, "keystone", added(t, h, failed)["openstack.enrichment.source"], "bob lives")
}

func TestOrderWithinABatch(t *testing.T) {
	h := newHarness(t, lab(), nil, nil)
	h.start()
	defer h.stop()
	deletion := map[string]string{
		audit.AttrNotificationEventType: "identity.user.deleted", audit.AttrAuditAction: "delete",
		"openstack.target.type": "user", "openstack.target.id": bobID,
	}
	added(t, h, map[string]string{"user.id": bobID})
	require.NoError(t, h.consume(auditLogs(map[string]string{"user.id": bobID}, deletion, map[string]string{"user.id": bobID})))
	records := h.last().ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	for i, source := range []string{"keystone", "deleted", "deleted"} {
		assert.Equal(t, source, audit.Text(records.At(i).Attributes(), audit.AttrEnrichmentSource), "record %d", i)
	}
}

func TestBodyIsRenderedOnlyIfItWasTheSentence(t *testing.T) {
	h := newHarness(t, lab(), nil, nil)
	h.start()
	defer h.stop()
	logs := auditLogs(map[string]string{"user.id": aliceID})
	only(logs).Body().SetStr("a text of the operator's own")
	require.NoError(t, h.consume(logs))
	assert.Equal(t, "a text of the operator's own", only(h.last()).Body().Str())
	logs = auditLogs(map[string]string{"user.id": aliceID})
	only(logs).Body().SetEmptyMap().PutStr("action", "created.user")
	require.NoError(t, h.consume(logs))
	assert.Equal(t, pcommon.ValueTypeMap, only(h.last()).Body().Type())
}

// TestRenaming updates the project web-shop, whose name is known or not.
func TestRenaming(t *testing.T) {
	update := map[string]string{
		"openstack.target.type": "project", "openstack.target.id": shopID, "openstack.target.project.id": shopID,
		"user.id": aliceID, "user.name": "alice",
	}
	for _, test := range []struct {
		name            string
		known           bool
		to              string
		previous, wants string
	}{
		{"a name that was known", true, "web-shop-2", "web-shop", "alice (corp) renamed project web-shop to web-shop-2 (corp): success"},
		{"the same name", true, "web-shop", "", "alice (corp) updated project web-shop (corp): success"},
		{"a name that nobody asked for", false, "web-shop-2", "", "alice (corp) updated project web-shop-2 (corp): success"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := lab()
			h := newHarness(t, server, nil, nil)
			h.start()
			defer h.stop()
			if test.known {
				assert.Equal(t, "web-shop", added(t, h, map[string]string{"openstack.project.id": shopID})["openstack.project.name"])
			}
			server.Put(keystonetest.Entity{Kind: "project", ID: shopID, Name: test.to, DomainID: corpID})
			attributes := added(t, h, update)
			assert.Equal(t, test.previous, attributes[audit.AttrTargetPreviousName])
			assert.Equal(t, test.to, attributes[audit.AttrTargetName])
			assert.Equal(t, test.wants, only(h.last()).Body().Str())

			again := added(t, h, update)
			assert.Empty(t, again[audit.AttrTargetPreviousName], "a later update that changes something else")
		})
	}
}

func TestOtherRecordsPass(t *testing.T) {
	server := lab()
	h := newHarness(t, server, nil, nil)
	h.start()
	defer h.stop()
	logs := plog.NewLogs()
	record := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	record.Attributes().PutStr("user.id", aliceID)
	require.NoError(t, h.consume(logs))
	assert.Equal(t, 1, only(h.last()).Attributes().Len())
	assert.Zero(t, server.Lookups())
}

func TestOwnLoginsMakeNoLoop(t *testing.T) {
	server := lab()
	h := newHarness(t, server, nil, nil)
	h.start()
	defer h.stop()
	for range 20 { // the notification of our own login comes back, and again
		added(t, h, map[string]string{
			audit.AttrNotificationEventType: "identity.authenticate", audit.AttrAuditCategory: "authentication",
			audit.AttrAuditAction: "authenticate", "user.id": aliceID, "user.name": "alice",
		})
	}
	assert.Equal(t, 1, server.Logins())
	assert.Equal(t, 2, server.Lookups(), "the user and the domain, once")
}
