package keystoneattributesprocessor

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog/auditlogtest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/storagetest"
)

// capture is what was really done while the messages of a file were sent.
type capture struct {
	bodies   []string
	Messages []captureMessage `json:"messages"`
	IDs      map[string]map[string]struct {
		Names    []string `json:"names"`
		DomainID string   `json:"domain_id"`
	} `json:"ids"`
}

type captureMessage struct {
	Line       int               `json:"line"`
	EventType  string            `json:"event_type"`
	Who        *captureThing     `json:"who"`
	Scope      *captureScope     `json:"scope"`
	Target     captureThing      `json:"target"`
	Assignment captureAssignment `json:"assignment"`
}

type captureThing struct {
	Type       string `json:"type"`
	ID         string `json:"id"`
	Name       string `json:"name"`
	DomainName string `json:"domain_name"`
	RenamedTo  string `json:"renamed_to"`
}

type captureScope struct {
	ProjectName       string `json:"project_name"`
	ProjectDomainName string `json:"project_domain_name"`
}

type captureAssignment struct {
	Role, User, Group, Project, Domain *captureThing
}

func readCapture(t testing.TB) *capture {
	t.Helper()
	c := fixtures.Expected[capture](t, fixtures.KeystoneMessagingV2)
	for _, body := range fixtures.Bodies(t, fixtures.KeystoneMessagingV2) {
		c.bodies = append(c.bodies, string(body))
	}
	return &c
}

// play puts into a Keystone what it holds when a message is sent, and takes out what it does not hold any more: a thing
// is there from its creation to its deletion, which is before the message about it.
func (c *capture) play(server *keystonetest.Server, eventType string, attributes pcommon.Map, renamedTo string) {
	kind, operation := eventOf(eventType)
	id := audit.Text(attributes, audit.AttrTargetID)
	known, found := c.IDs[kind][id]
	if !found {
		return
	}
	owner := ""
	if kind == keystone.ApplicationCredential.String() {
		user := audit.Text(attributes, audit.AttrUserID)
		owner = user
	}
	name := known.Names[0]
	if renamedTo != "" {
		name = renamedTo
	}
	switch {
	case operation == "created", operation == "updated" && renamedTo != "":
		server.Put(keystonetest.Entity{Kind: kind, ID: id, Name: name, DomainID: known.DomainID, UserID: owner})
	case operation == "deleted":
		server.Delete(kind, id)
	}
}

func eventOf(eventType string) (kind, operation string) {
	parts := strings.Split(eventType, ".")
	if len(parts) != 3 {
		return "", ""
	}
	return parts[1], parts[2]
}

// fromTheStart puts in what no message of the capture creates.
func (c *capture) fromTheStart(t *testing.T, server *keystonetest.Server) {
	created := map[string]bool{}
	for _, body := range c.bodies {
		record := recordOf(t, body)
		eventType := audit.Text(record.Attributes(), audit.AttrNotificationEventType)
		if _, operation := eventOf(eventType); operation == "created" {
			id := audit.Text(record.Attributes(), audit.AttrTargetID)
			created[id] = true
		}
	}
	for kind, things := range c.IDs {
		for id, known := range things {
			if _, named := keystone.ParseKind(kind); named && !created[id] {
				server.Put(keystonetest.Entity{Kind: kind, ID: id, Name: known.Names[0], DomainID: known.DomainID})
			}
		}
	}
}

// logsOf is the record of a message that is sent now, when the Keystone of the test has what it tells of.
func logsOf(t *testing.T, body string) plog.Logs {
	t.Helper()
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "test")
	record := mapper.Read(auditlog.Message{Body: []byte(body), Received: time.Now()})
	require.Empty(t, record.Skip)
	logs, _ := mapper.Logs([]auditlog.Record{record})
	only(logs).SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	return logs
}

func recordOf(t *testing.T, body string) plog.LogRecord {
	t.Helper()
	return only(logsOf(t, body))
}

func only(logs plog.Logs) plog.LogRecord {
	return logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
}

// named counts ids with and without a name.
type named struct{ with, all int }

// TestCapture feeds what a real Keystone sent through the mapping and the processor, one message after the other, with a
// Keystone that knows each thing only as long as it lives, and a restart in the middle.
func TestCapture(t *testing.T) {
	for _, test := range []struct {
		name      string
		preload   bool
		restartAt []int
	}{
		{name: "without a restart"},
		{name: "with preload", preload: true},
		{name: "a restart in the middle", restartAt: []int{90}},
		{name: "restarts all the time", restartAt: []int{30, 63, 66, 100, 124, 147, 151, 155}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := readCapture(t)
			server := keystonetest.NewServer()
			c.fromTheStart(t, server)
			stored := storagetest.NewMemory()
			h := newHarness(t, server, func(config *Config) {
				config.Preload = test.preload
				config.Storage = &storageID
			}, stored)
			h.start()
			byLine := map[int]captureMessage{}
			for _, message := range c.Messages {
				byLine[message.Line] = message
			}
			shares := map[string]*named{}
			for i, body := range c.bodies {
				line := i + 1
				if slices.Contains(test.restartAt, line) {
					h.stop()
					h.start()
				}
				message := byLine[line]
				logs := logsOf(t, body)
				eventType := audit.Text(only(logs).Attributes(), audit.AttrNotificationEventType)
				c.play(server, eventType, only(logs).Attributes(), message.Target.RenamedTo)
				require.NoError(t, h.consume(logs))
				if message.Line != 0 {
					checkMessage(t, &message, h.last())
				}
				countNames(shares, only(h.last()))
				resource := h.last().ResourceLogs().At(0).Resource().Attributes()
				assert.Equal(t, auditlogtest.Sentence(resource, only(h.last())), only(h.last()).Body().Str(), "line %d", line)
			}
			h.stop()
			for kind, share := range shares {
				t.Logf("%s: %d of %d ids have their name", kind, share.with, share.all)
				if kind == keystone.User.String() {
					share.all-- // an id that somebody made up at a login, line 61
				}
				assert.Equal(t, share.all, share.with, kind)
			}
		})
	}
}

func checkMessage(t *testing.T, m *captureMessage, logs plog.Logs) {
	t.Helper()
	record := only(logs)
	a := record.Attributes()
	is := func(want string, key string) {
		t.Helper()
		value := audit.Text(a, key)
		assert.Equal(t, want, value, "line %d, %s: %s", m.Line, m.EventType, key)
	}
	if id, ok := a.Get(audit.AttrUserID); ok && m.Who != nil && m.Who.Name != "" && m.Who.ID == id.Str() {
		is(m.Who.Name, audit.AttrUserName)
		is(m.Who.DomainName, audit.AttrUserDomainName)
	}
	if _, ok := a.Get(audit.AttrProjectID); ok && m.Scope != nil {
		is(m.Scope.ProjectName, audit.AttrProjectName)
		is(m.Scope.ProjectDomainName, audit.AttrProjectDomainName)
	}
	kind, isNamed := keystone.ParseKind(m.Target.Type)
	if _, ok := a.Get(audit.AttrTargetID); ok && isNamed && m.Target.Name != "" {
		name := m.Target.Name
		if m.Target.RenamedTo != "" {
			name = m.Target.RenamedTo
		}
		is(name, audit.AttrTargetName)
		if kind != keystone.ApplicationCredential {
			is(name, "openstack.target."+m.Target.Type+".name")
		}
		if kind == keystone.User || kind == keystone.Project {
			is(m.Target.DomainName, "openstack.target."+m.Target.Type+".domain.name")
		}
		assert.NotContains(t, record.Body().Str(), m.Target.ID, "line %d: the sentence names no id that has a name", m.Line)
	}
	for _, test := range []struct {
		key   string
		thing *captureThing
	}{
		{audit.AttrTargetRoleName, m.Assignment.Role}, {audit.AttrTargetUserName, m.Assignment.User},
		{audit.AttrTargetGroupName, m.Assignment.Group}, {audit.AttrTargetProjectName, m.Assignment.Project},
		{audit.AttrTargetDomainName, m.Assignment.Domain},
	} {
		if test.thing != nil {
			is(test.thing.Name, test.key)
		}
	}
	if eventKind, operation := eventOf(m.EventType); operation == "deleted" && eventKind == m.Target.Type && m.Target.Name != "" && isNamed {
		is("deleted", audit.AttrEnrichmentSource)
	}
}

func countNames(shares map[string]*named, record plog.LogRecord) {
	var e audit.Event
	e.Read(record)
	count := func(kind keystone.Kind, id, name string) {
		if id == "" {
			return
		}
		if shares[kind.String()] == nil {
			shares[kind.String()] = &named{}
		}
		share := shares[kind.String()]
		share.all++
		if name != "" {
			share.with++
		}
	}
	for i := range references {
		r := &references[i]
		count(r.kind, *r.id.Text(&e), *r.name.Text(&e))
	}
	if kind, ok := targetKind(&e); ok {
		count(kind, e.Target.ID, e.Target.Name)
	}
}

// TestDeletion shows what the names are for.
func TestDeletion(t *testing.T) {
	c := readCapture(t)
	server := keystonetest.NewServer()
	c.fromTheStart(t, server)
	h := newHarness(t, server, nil, nil)
	h.start()
	defer h.stop()
	for i, body := range c.bodies {
		logs := logsOf(t, body)
		before := only(logs).Body().Str()
		eventType := audit.Text(only(logs).Attributes(), audit.AttrNotificationEventType)
		c.play(server, eventType, only(logs).Attributes(), "")
		require.NoError(t, h.consume(logs))
		if i+1 == 142 {
			assert.Equal(t, "admin deleted project 50e3a778d4ec43f791322d131afdc5b8 from 127.0.0.1: success", before)
			assert.Equal(t, "admin deleted project web-shop-dev (corp) from 127.0.0.1: success", only(h.last()).Body().Str())
		}
	}
}
