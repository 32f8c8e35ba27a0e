package directory

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
)

func TestDeletedThingsKeepTheirNames(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(entities()...), nil)
	f.ask(ref(keystone.User, aliceID))
	f.server.Delete("user", aliceID)
	f.Delete(keystone.User, aliceID)
	asked := f.server.Lookups()
	want := Answer{Name: "alice", DomainID: corpID, Source: Deleted, Result: Hit}
	assert.Equal(t, want, f.ask(ref(keystone.User, aliceID)))
	f.clock.advance(89 * 24 * time.Hour)
	assert.Equal(t, want, f.ask(ref(keystone.User, aliceID)))
	assert.Equal(t, asked, f.server.Lookups(), "what is deleted is not asked for")
}

func TestDeletionThatNobodyTold(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(entities()...), nil)
	f.ask(ref(keystone.User, aliceID))
	f.server.Delete("user", aliceID)
	f.clock.advance(2 * time.Hour)
	assert.Equal(t, Answer{Name: "alice", DomainID: corpID, Source: Deleted, Result: Hit}, f.ask(ref(keystone.User, aliceID)))
}

func TestDeletedDomainTakesAllAlong(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(entities()...), nil)
	all := []Query{ref(keystone.User, aliceID), ref(keystone.Project, projectID), ref(keystone.Domain, corpID), ref(keystone.User, bobID)}
	f.askAll(all...)
	f.Delete(keystone.Domain, corpID)
	asked := f.server.Lookups()
	answers := f.askAll(all...)
	assert.Equal(t, []Source{Deleted, Deleted, Deleted, Keystone},
		[]Source{answers[0].Source, answers[1].Source, answers[2].Source, answers[3].Source})
	assert.Equal(t, []string{"alice", "web-shop", "corp", "bob"},
		[]string{answers[0].Name, answers[1].Name, answers[2].Name, answers[3].Name})
	assert.Equal(t, Answer{Name: "corp", Source: Deleted, Result: Hit}, f.ask(ref(keystone.Project, corpID)), "a domain is a project too")
	assert.Equal(t, asked, f.server.Lookups())
}

func TestLearn(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(entities()...), nil)
	unlisted := strings.Repeat("7", 32)
	event := time.Now()

	f.Learn(keystone.User, unlisted, "carol", "", event)
	assert.Equal(t, Answer{Name: "carol", Source: Deleted, Result: Hit}, f.ask(ref(keystone.User, unlisted)),
		"Keystone is asked, and knows her no more")

	f.Learn(keystone.User, aliceID, "mallory", "", event)
	assert.Equal(t, "alice", f.ask(ref(keystone.User, aliceID)).Name, "Keystone's word counts more than that of a queue")
	f.Learn(keystone.User, aliceID, "an old name", "", event.Add(-time.Hour))
	assert.Equal(t, Answer{Name: "alice", DomainID: corpID, Source: Keystone, Result: Hit}, f.ask(ref(keystone.User, aliceID)),
		"a replayed event says nothing new")
	f.server.Put(keystonetest.Entity{Kind: "user", ID: aliceID, Name: "alicia", DomainID: corpID})
	f.clock.advance(time.Minute)
	f.Learn(keystone.User, aliceID, "alicia", "", f.clock.now())
	assert.Equal(t, Found, f.ask(ref(keystone.User, aliceID)).Result, "a newer name makes us ask")

	f.Learn(keystone.User, bobID, strings.Repeat("x", 2000), "", event)
	f.Learn(keystone.User, bobID, "", "", event)
	_, found := f.table.get(keyOf(keystone.User, bobID))
	assert.False(t, found, "neither is a name of Keystone's")
}

func TestLearnedNameIsUsedWhileKeystoneIsAway(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(), nil)
	f.server.Fail(keystonetest.Failures{Status: 503})
	f.Learn(keystone.User, aliceID, "alice", corpID, time.Now())
	assert.Equal(t, Answer{Name: "alice", DomainID: corpID, Source: Event, Result: Stale}, f.ask(ref(keystone.User, aliceID)))
}

func TestDeletedWhileKeystoneAnswers(t *testing.T) {
	answers := make(chan struct{})
	server := keystonetest.NewServer(entities()...)
	f := newFixture(t, server, nil)
	f.ask(ref(keystone.User, aliceID))
	f.clock.advance(2 * time.Hour)
	server.Fail(keystonetest.Failures{Delay: answers})
	done := make(chan Answer)
	go func() { done <- f.ask(ref(keystone.User, aliceID)) }()
	assert.Eventually(t, func() bool { return server.Requests("users/"+aliceID) == 2 }, patience, time.Millisecond)
	f.clock.advance(2 * time.Second)
	f.Delete(keystone.User, aliceID)
	close(answers)
	assert.Equal(t, Deleted, (<-done).Source, "the older answer does not bring it back")
}

func TestRenamedDuringAList(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(entities()...), nil)
	began := f.clock.now()
	f.clock.advance(2 * time.Second)
	f.server.Put(keystonetest.Entity{Kind: "user", ID: aliceID, Name: "alicia", DomainID: corpID})
	assert.Equal(t, "alicia", f.ask(Query{Ref: keystone.Ref{Kind: keystone.User, ID: aliceID}, After: f.clock.now()}).Name)
	f.found(keystone.User, keystone.Entity{ID: aliceID, Name: "alice", DomainID: corpID}, began)
	assert.Equal(t, "alicia", f.ask(ref(keystone.User, aliceID)).Name, "the list is of the time when it began")
}

func TestTombstonesOfHearsay(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(entities()...), nil)
	state := func(id string) state { e, _ := f.table.get(keyOf(keystone.User, id)); return e.state }
	forged, typed := strings.Repeat("7", 32), strings.Repeat("8", 32)
	f.Learn(keystone.User, forged, "mallory", corpID, time.Now())
	f.Delete(keystone.User, forged)
	assert.Equal(t, hearsay, state(forged), "nobody but an event ever told of it")
	f.Learn(keystone.User, typed, "mallory", "", time.Now())
	assert.Equal(t, Answer{Name: "mallory", Source: Deleted, Result: Hit}, f.ask(ref(keystone.User, typed)))
	assert.Equal(t, hearsay, state(typed), "Keystone does not know it")

	f.ask(ref(keystone.User, aliceID))
	f.server.Delete("user", aliceID)
	f.Delete(keystone.User, aliceID)
	assert.Equal(t, deleted, state(aliceID))
	f.Learn(keystone.User, forged, "again", corpID, time.Now().Add(-time.Hour))
	f.Delete(keystone.Domain, corpID)
	assert.Equal(t, []any{deleted, hearsay}, []any{state(aliceID), state(forged)})
	assert.EqualValues(t, 3, f.Stats().Entries["deleted"], "both are deleted to whoever looks at the metrics")
}

func TestAnEventCannotRenameATombstone(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(entities()...), nil)
	f.ask(ref(keystone.User, aliceID))
	f.server.Delete("user", aliceID)
	f.Delete(keystone.User, aliceID)
	f.clock.advance(time.Minute)
	f.Learn(keystone.User, aliceID, "mallory", "", f.clock.now())
	assert.Equal(t, Answer{Name: "alice", DomainID: corpID, Source: Deleted, Result: Hit}, f.ask(ref(keystone.User, aliceID)))

	f.server.Put(keystonetest.Entity{Kind: "user", ID: aliceID, Name: "alicia", DomainID: corpID})
	f.clock.advance(time.Minute)
	f.Learn(keystone.User, aliceID, "alicia", "", f.clock.now())
	assert.Equal(t, "alicia", f.ask(ref(keystone.User, aliceID)).Name, "an LDAP user may come back")
}

func TestUnknownDomainsAreNotKept(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(), nil)
	before := len(f.table.domains.ids)
	for i := range 100 {
		f.Delete(keystone.Domain, strings.Repeat("0", 30)+string(rune('a'+i/10))+string(rune('a'+i%10)))
	}
	assert.Len(t, f.table.domains.ids, before, "ids of domains are kept for good")
}
