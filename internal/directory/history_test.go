package directory

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
)

// rename gives alice another name, and tells of it after a second, with the time of the renaming.
func (f *fixture) rename(name string) (at time.Time) {
	f.clock.advance(10 * time.Second)
	f.server.Put(keystonetest.Entity{Kind: "user", ID: aliceID, Name: name, DomainID: corpID})
	at = f.clock.now()
	f.clock.advance(time.Second)
	f.Changed(keystone.User, aliceID, at)
	return at
}

func TestTheNameAtTheTime(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(entities()...), nil)
	alice := ref(keystone.User, aliceID)
	nameAt := func(at time.Time) [2]any {
		answer := f.askAt(alice, at)
		return [2]any{answer.Name, answer.Source}
	}
	start := f.clock.now()
	f.ask(alice)
	assert.Equal(t, [2]any{"alice", KeystoneLater}, nameAt(start.Add(-time.Second)), "before we knew")
	first := f.rename("alicia")
	assert.Equal(t, [2]any{"alicia", KeystoneLater}, nameAt(first), "Keystone was asked after it")
	known := f.clock.now()
	second := f.rename("ali")
	f.ask(alice)
	assert.Equal(t, [2]any{"alice", Keystone}, nameAt(first.Add(-1)), "a late record has the name of its time")
	assert.Equal(t, [2]any{"alicia", KeystoneLater}, nameAt(first.Add(time.Millisecond)))
	assert.Equal(t, [2]any{"alicia", Keystone}, nameAt(known))
	assert.Equal(t, [2]any{"alicia", Keystone}, nameAt(second.Add(-1)))
	assert.Equal(t, [2]any{"ali", KeystoneLater}, nameAt(second))
	assert.Equal(t, [2]any{"ali", Keystone}, nameAt(f.clock.now()))

	f.away()
	third := f.rename("a")
	assert.Equal(t, [2]any{"ali", KeystoneEarlier}, nameAt(third), "Keystone did not say the new one")
	assert.Equal(t, [2]any{"ali", Keystone}, nameAt(third.Add(-1)))
	f.server.Fail(keystonetest.Failures{})
	f.clock.advance(time.Minute)
	f.server.Delete("user", aliceID)
	f.Deleted(aliceRef)
	f.settled()
	assert.Equal(t, [2]any{"ali", KeystoneEarlier}, nameAt(f.clock.now()), "nobody will ever say it")
}

// TestClocksOfSenders: a clock that is behind hides no renaming, and one that is ahead is none for the future.
func TestClocksOfSenders(t *testing.T) {
	for _, skew := range []time.Duration{-time.Hour, -5 * time.Second, 5 * time.Second, time.Hour} {
		f := newFixture(t, keystonetest.NewServer(entities()...), nil)
		f.ask(ref(keystone.User, aliceID))
		f.clock.advance(2 * time.Second)
		f.server.Put(keystonetest.Entity{Kind: "user", ID: aliceID, Name: "alicia", DomainID: corpID})
		f.Changed(keystone.User, aliceID, f.clock.now().Add(skew))
		assert.Equal(t, "alicia", f.ask(ref(keystone.User, aliceID)).Name, skew)
		f.clock.advance(time.Second)
		assert.Equal(t, Keystone, f.ask(ref(keystone.User, aliceID)).Source, skew)
	}
}

func TestEarlierNamesAreBounded(t *testing.T) {
	f := newFixture(t, keystonetest.NewServer(entities()...), nil)
	for i := range 10 * maxVersions {
		f.rename(string(rune('a' + i)))
		f.ask(ref(keystone.User, aliceID))
	}
	e, _ := f.table.get(keyOf(keystone.User, aliceID))
	assert.Len(t, e.history.earlier, maxVersions)
}

// TestTimesAheadAreClamped: our clock was an hour ahead when they were stored.
func TestTimesAheadAreClamped(t *testing.T) {
	ahead := newTable(10)
	k := keyOf(keystone.User, aliceID)
	now := time.Now()
	hour := now.Add(time.Hour)
	ahead.change(k, func(entry) entry {
		return entry{
			name: "alice", from: hour.UnixNano(), asked: seconds(hour), state: deleted,
			history: &history{until: hour.UnixNano(), earlier: []version{{name: "al", from: hour.UnixNano(), until: hour.UnixNano()}}},
		}
	})
	value, err := encodeShard(ahead, shardIndex(k))
	require.NoError(t, err)
	table := newTable(10)
	_, err = decodeShard(value, shardIndex(k), table, now)
	require.NoError(t, err)
	e, _ := table.get(k)
	assert.Equal(t, now.UnixNano(), e.from)
	assert.Equal(t, seconds(now), e.asked)
	assert.Equal(t, now.UnixNano(), e.history.until)
	assert.Equal(t, now.UnixNano(), e.history.earlier[0].until)
	assert.Equal(t, "al", e.history.earlier[0].name)
}
