package directory

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
)

var aliceRef = keystone.Ref{Kind: keystone.User, ID: aliceID}

// settled waits until no lookup is under way.
func (f *fixture) settled() {
	f.t.Helper()
	require.Eventually(f.t, func() bool {
		f.queue.mu.Lock()
		defer f.queue.mu.Unlock()
		return len(f.queue.byKey) == 0
	}, patience, time.Millisecond)
}

// away makes Keystone give no answers.
func (f *fixture) away() { f.server.Fail(keystonetest.Failures{Status: 503}) }

func TestDeletedThingsKeepTheirNames(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(entities()...), nil)
	f.ask(ref(keystone.User, aliceID))
	f.server.Delete("user", aliceID)
	f.Deleted(aliceRef)
	want := said{Name: "alice", DomainID: corpID, Source: Deleted, Result: Hit}
	f.settled()
	assert.Equal(t, want, f.ask(ref(keystone.User, aliceID)))
	asked := f.server.Requests("users/" + aliceID)
	assert.Equal(t, 2, asked, "whether it is gone is asked once")
	for range 3 {
		f.Deleted(aliceRef)
		f.settled()
	}
	f.clock.advance(89 * 24 * time.Hour)
	assert.Equal(t, want, f.askAt(ref(keystone.User, aliceID), f.clock.now().Add(-89*24*time.Hour)))
	assert.Equal(t, asked, f.server.Requests("users/"+aliceID), "what is deleted is not asked for")
	assert.Equal(t, want, f.ask(ref(keystone.User, aliceID)))
	assert.Equal(t, asked+1, f.server.Requests("users/"+aliceID), "but for a later event")
}

func TestDeletionThatNobodyTold(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(entities()...), nil)
	f.ask(ref(keystone.User, aliceID))
	f.server.Delete("user", aliceID)
	f.clock.advance(2 * time.Hour)
	assert.Equal(t, said{Name: "alice", DomainID: corpID, Source: Deleted, Result: Hit}, f.ask(ref(keystone.User, aliceID)))
}

// TestForgedDeletions: Keystone has them, and says so.
func TestForgedDeletions(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(entities()...), nil)
	all := []Query{ref(keystone.User, aliceID), ref(keystone.Project, projectID), ref(keystone.Domain, corpID), ref(keystone.User, bobID)}
	f.askAll(all...)
	f.Deleted(keystone.Ref{Kind: keystone.Domain, ID: corpID})
	f.Deleted(aliceRef)
	f.settled()
	for _, answer := range f.askAll(all...) {
		assert.Equal(t, Keystone, answer.Source, answer.Name)
		assert.Equal(t, Hit, answer.Result)
	}
	assert.Equal(t, 1, f.counter.contradicted("user deletion"))
	assert.Equal(t, 1, f.counter.contradicted("domain deletion"))

	// The lookups of a deleted domain's users go on.
	f.server.Delete("domain", corpID)
	f.Deleted(keystone.Ref{Kind: keystone.Domain, ID: corpID})
	f.settled()
	assert.Equal(t, Deleted, f.ask(ref(keystone.Domain, corpID)).Source)
	assert.Equal(t, said{Name: "corp", Source: Deleted, Result: Hit}, f.ask(ref(keystone.Project, corpID)), "a domain is a project too")
	assert.Equal(t, Found, f.ask(ref(keystone.User, ldapID)).Result)
	assert.Equal(t, Keystone, f.ask(ref(keystone.User, aliceID)).Source)
}

// TestForgedDeletionWhileKeystoneIsAway: the name stays Keystone's, and it is asked as soon as it answers.
func TestForgedDeletionWhileKeystoneIsAway(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(entities()...), nil)
	f.ask(ref(keystone.User, aliceID))
	f.away()
	f.Learn(keystone.User, aliceID, "mallory", "", f.clock.now())
	f.Deleted(aliceRef)
	f.settled()
	assert.Equal(t, said{Name: "alice", DomainID: corpID, Source: Deleted, Result: Stale}, f.ask(ref(keystone.User, aliceID)))
	f.server.Fail(keystonetest.Failures{})
	f.clock.advance(time.Minute)
	assert.Equal(t, said{Name: "alice", DomainID: corpID, Source: Keystone, Result: Found}, f.ask(ref(keystone.User, aliceID)))
}

// TestSecondLife: the deletion of the first one comes late.
func TestSecondLife(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(entities()...), nil)
	f.ask(ref(keystone.User, ldapID))
	f.server.Delete("user", ldapID)
	f.clock.advance(2 * time.Hour)
	assert.Equal(t, Deleted, f.ask(ref(keystone.User, ldapID)).Source)
	f.server.Put(keystonetest.Entity{Kind: "user", ID: ldapID, Name: "second", DomainID: corpID})
	f.clock.advance(2 * time.Minute)
	assert.Equal(t, said{Name: "second", DomainID: corpID, Source: Keystone, Result: Found}, f.ask(ref(keystone.User, ldapID)),
		"it is seen alive")
	f.Deleted(keystone.Ref{Kind: keystone.User, ID: ldapID})
	f.settled()
	assert.Equal(t, said{Name: "second", DomainID: corpID, Source: Keystone, Result: Hit}, f.ask(ref(keystone.User, ldapID)))
}

func TestLearn(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(entities()...), nil)
	unlisted := strings.Repeat("7", 32)
	f.Learn(keystone.User, unlisted, "carol", "", f.clock.now())
	assert.Equal(t, said{Name: "carol", Source: Event, Result: Hit}, f.ask(ref(keystone.User, unlisted)), "Keystone does not know her")
	f.Deleted(keystone.Ref{Kind: keystone.User, ID: unlisted})
	assert.Equal(t, Event, f.ask(ref(keystone.User, unlisted)).Source, "nobody but events ever told of her")

	f.Learn(keystone.User, aliceID, "mallory", "", f.clock.now())
	assert.Equal(t, said{Name: "alice", DomainID: corpID, Source: Keystone, Result: Found}, f.ask(ref(keystone.User, aliceID)))
	assert.Zero(t, f.counter.contradicted("user name"), "Keystone had not said anything yet")

	f.Learn(keystone.User, bobID, strings.Repeat("x", 2000), "", f.clock.now())
	f.Learn(keystone.User, bobID, "", "", f.clock.now())
	_, found := f.table.get(keyOf(keystone.User, bobID))
	assert.False(t, found, "neither is a name of Keystone's")
}

func TestContradictions(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(entities()...), nil)
	f.ask(ref(keystone.User, aliceID))
	f.Learn(keystone.User, aliceID, "alice", "", f.clock.now())
	assert.Equal(t, Hit, f.ask(ref(keystone.User, aliceID)).Result)
	f.Learn(keystone.User, aliceID, "mallory", "default", f.clock.now())
	assert.Equal(t, 1, f.counter.contradicted("user name"))
	assert.Equal(t, said{Name: "alice", DomainID: corpID, Source: Keystone, Result: Found}, f.ask(ref(keystone.User, aliceID)), "it is asked")
	assert.Equal(t, Hit, f.ask(ref(keystone.User, aliceID)).Result, "once")

	f.away()
	f.Learn(keystone.User, aliceID, "mallory", "default", f.clock.now())
	for range 2 * breakerThreshold {
		assert.Equal(t, said{Name: "alice", DomainID: corpID, Source: Keystone, Result: Stale}, f.ask(ref(keystone.User, aliceID)))
	}
	f.server.Fail(keystonetest.Failures{})
	f.server.Put(keystonetest.Entity{Kind: "user", ID: aliceID, Name: "alicia", DomainID: corpID})
	f.clock.advance(time.Minute)
	assert.Equal(t, "alicia", f.ask(ref(keystone.User, aliceID)).Name, "an LDAP user was renamed, which no event tells")
}

// TestForgedNameDuringALookup: the answer counts, though the event came after the question.
func TestForgedNameDuringALookup(t *testing.T) {
	for _, known := range []bool{false, true} {
		answers := make(chan struct{})
		f := newFixture(t, keystonetest.NewServer(entities()...), nil)
		if known {
			f.ask(ref(keystone.User, aliceID))
			f.clock.advance(2 * time.Hour)
		}
		asked := f.server.Requests("users/" + aliceID)
		f.server.Fail(keystonetest.Failures{Delay: answers})
		done := make(chan said)
		go func() { done <- f.ask(ref(keystone.User, aliceID)) }()
		require.Eventually(t, func() bool { return f.server.Requests("users/"+aliceID) > asked }, patience, time.Millisecond)
		f.clock.advance(time.Second)
		f.Learn(keystone.User, aliceID, "mallory", "", f.clock.now())
		close(answers)
		assert.Equal(t, "alice", (<-done).Name)
		f.settled()
		f.away()
		f.clock.advance(2 * time.Hour)
		assert.Equal(t, said{Name: "alice", DomainID: corpID, Source: Keystone, Result: Stale}, f.ask(ref(keystone.User, aliceID)))
	}
}

func TestLearnedNameIsUsedWhileKeystoneIsAway(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(), nil)
	f.away()
	f.Learn(keystone.User, aliceID, "alice", corpID, f.clock.now())
	assert.Equal(t, said{Name: "alice", DomainID: corpID, Source: Event, Result: Stale}, f.ask(ref(keystone.User, aliceID)))
}

// TestChangedWhileKeystoneAnswers: the answer may be of before, so it is asked once more before anybody hears of it.
func TestChangedWhileKeystoneAnswers(t *testing.T) {
	answers := make(chan struct{})
	f := newFixture(t, keystonetest.NewServer(entities()...), nil)
	f.server.Fail(keystonetest.Failures{Delay: answers})
	done := make(chan said)
	go func() { done <- f.ask(ref(keystone.User, aliceID)) }()
	require.Eventually(t, func() bool { return f.server.Requests("users/"+aliceID) == 1 }, patience, time.Millisecond)
	f.Changed(keystone.User, aliceID, f.clock.now())
	close(answers)
	assert.Equal(t, "alice", (<-done).Name)
	assert.Equal(t, 2, f.server.Requests("users/"+aliceID))
}

func TestAnEventCannotRenameATombstone(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(entities()...), nil)
	f.ask(ref(keystone.User, aliceID))
	f.server.Delete("user", aliceID)
	f.Deleted(aliceRef)
	f.settled()
	f.clock.advance(time.Minute)
	f.Learn(keystone.User, aliceID, "mallory", "", f.clock.now())
	assert.Equal(t, said{Name: "alice", DomainID: corpID, Source: Deleted, Result: Hit}, f.ask(ref(keystone.User, aliceID)))
	assert.Equal(t, 1, f.counter.contradicted("user name"))
}
