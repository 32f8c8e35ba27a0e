package directory

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must come: a loaded machine must not decide.
const patience = time.Minute

const (
	aliceID   = "30a1d53efd214939a2eaa311fc56d308"
	bobID     = "10a5e3aa02184c878748a79518c30157"
	projectID = "34ab3b656c1b4de6a20f528212bdbcb7"
	corpID    = "824deaa7a41c4a938fd4c859ac1dc331"
	roleID    = "8e3b42bb66b544e699d2e091d315dc77"
)

// ldapID is of an LDAP user: 64 digits.
var ldapID = strings.Repeat("d202368f", 8)

func entities() []keystonetest.Entity {
	return []keystonetest.Entity{
		{Kind: "domain", ID: "default", Name: "Default"},
		{Kind: "domain", ID: corpID, Name: "corp"},
		{Kind: "user", ID: aliceID, Name: "alice", DomainID: corpID},
		{Kind: "user", ID: bobID, Name: "bob", DomainID: "default"},
		{Kind: "user", ID: ldapID, Name: "lena", DomainID: corpID},
		{Kind: "project", ID: projectID, Name: "web-shop", DomainID: corpID},
		{Kind: "role", ID: roleID, Name: "auditor"},
	}
}

// clock stands still but for what a test adds to it. It is in Unix nanoseconds.
type clock struct{ nanoseconds atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(0, c.nanoseconds.Load()) }
func (c *clock) advance(d time.Duration) { c.nanoseconds.Add(int64(d)) }

// counter is an Observer.
type counter struct {
	mu    sync.Mutex
	ids   map[string]int
	lists map[string]int
	// contradictions are by kind and claim.
	contradictions map[string]int
}

func (c *counter) Resolved(kind keystone.Kind, result Result, ids int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ids[kind.String()+" "+result.String()] += ids
}

func (c *counter) Listed(kind keystone.Kind, _ int, result string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lists[kind.String()+" "+result]++
}

func (c *counter) Contradicted(kind keystone.Kind, claim Claim) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.contradictions[kind.String()+" "+claim.String()]++
}

func (c *counter) contradicted(what string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.contradictions[what]
}

func (c *counter) listed(what string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lists[what]
}

// fixture is a Directory with a Keystone of the test.
type fixture struct {
	*Directory
	t       *testing.T
	server  *keystonetest.Server
	clock   *clock
	counter *counter
	logs    *observer.ObservedLogs
}

func newFixture(t *testing.T, server *keystonetest.Server, change func(*Settings)) *fixture {
	t.Helper()
	httpServer := httptest.NewServer(server)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	client := keystone.NewClient(keystone.Settings{
		Auth: gophercloud.AuthOptions{
			IdentityEndpoint: httpServer.URL, Username: keystonetest.Username, Password: keystonetest.Password,
			DomainName: "Default", Scope: &gophercloud.AuthScope{System: true},
		},
		HTTP: &http.Client{Timeout: patience, Transport: transport},
	})
	core, logs := observer.New(zap.InfoLevel)
	f := &fixture{
		t: t, server: server, clock: &clock{}, logs: logs,
		counter: &counter{ids: map[string]int{}, lists: map[string]int{}, contradictions: map[string]int{}},
	}
	f.clock.nanoseconds.Store(time.Now().UnixNano())
	settings := Settings{
		Identity: client, Observer: f.counter, Logger: zap.New(core),
		Kinds: []keystone.Kind{keystone.User, keystone.Project, keystone.Domain, keystone.Role, keystone.Group,
			keystone.ApplicationCredential},
		MaxEntries: 1000, TTL: time.Hour, NegativeTTL: time.Minute, TombstoneTTL: 90 * 24 * time.Hour,
		RefreshInterval: time.Hour, Workers: 4, Wait: 5 * time.Second,
	}
	if change != nil {
		change(&settings)
	}
	f.Directory = New(settings)
	f.Directory.now = f.clock.now
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { client.Run(ctx) })
	f.Start(ctx)
	t.Cleanup(func() {
		f.Shutdown(context.Background())
		cancel()
		running.Wait()
		transport.CloseIdleConnections()
		httpServer.Close()
	})
	return f
}

func ref(kind keystone.Kind, id string) Query {
	return Query{Ref: keystone.Ref{Kind: kind, ID: id}}
}

// said is an answer as of a time.
type said struct {
	Name, DomainID string
	Source         Source
	Result         Result
}

func (f *fixture) said(answers []Answer, at time.Time) []said {
	all := make([]said, len(answers))
	for i := range answers {
		name := answers[i].At(at)
		all[i] = said{name.Name, name.DomainID, name.Source, answers[i].Result}
	}
	return all
}

// ask asks for one thing, and waits long.
func (f *fixture) ask(q Query) said {
	f.t.Helper()
	return f.askAll(q)[0]
}

// askAt asks for the name that a thing had at a time.
func (f *fixture) askAt(q Query, at time.Time) said {
	f.t.Helper()
	q.Seen = at
	return f.said(f.resolve(q), at)[0]
}

func (f *fixture) askAll(queries ...Query) []said {
	f.t.Helper()
	for i := range queries {
		queries[i].Seen = f.clock.now()
	}
	return f.said(f.resolve(queries...), f.clock.now())
}

func (f *fixture) resolve(queries ...Query) []Answer {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return f.Resolve(ctx, nil, queries, true)
}
