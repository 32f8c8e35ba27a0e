package directory

import (
	"context"
	"hash/crc32"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"encoding/binary"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/storagetest"
)

func with(m *storagetest.Memory) func(*Settings) { return func(s *Settings) { s.Storage = m } }

// filled is a storage that knows alice, the deleted project and corp.
func filled(t *testing.T) *storagetest.Memory {
	t.Helper()
	m := storagetest.NewMemory()
	f := newFixture(t, keystonetest.NewServer(entities()...), with(m))
	f.askAll(ref(keystone.User, aliceID), ref(keystone.Project, projectID), ref(keystone.Domain, corpID), ref(keystone.User, ldapID))
	f.Deleted(keystone.Ref{Kind: keystone.Project, ID: projectID})
	f.Shutdown(context.Background())
	return m
}

func TestNamesOutliveARestart(t *testing.T) {
	m := filled(t)
	f := newFixture(t, keystonetest.NewServer(), with(m)) // nothing of it exists any more
	answers := f.askAll(ref(keystone.User, aliceID), ref(keystone.Project, projectID), ref(keystone.Domain, corpID),
		ref(keystone.User, ldapID))
	assert.Equal(t, []said{
		{Name: "alice", DomainID: corpID, Source: Deleted, Result: Hit},
		{Name: "web-shop", DomainID: corpID, Source: Deleted, Result: Hit},
		{Name: "corp", Source: Deleted, Result: Hit},
		{Name: "lena", DomainID: corpID, Source: Deleted, Result: Hit},
	}, answers)
}

func TestLivingNamesAreAskedAgainAfterARestart(t *testing.T) {
	m := filled(t)
	f := newFixture(t, keystonetest.NewServer(keystonetest.Entity{Kind: "user", ID: aliceID, Name: "alicia"}), with(m))
	assert.Equal(t, "alicia", f.ask(ref(keystone.User, aliceID)).Name)
	f = newFixture(t, keystonetest.NewServer(), with(m))
	f.server.Fail(keystonetest.Failures{Status: 503})
	assert.Equal(t, said{Name: "alice", DomainID: corpID, Source: Keystone, Result: Stale}, f.ask(ref(keystone.User, aliceID)))
}

func TestDamagedStore(t *testing.T) {
	for _, test := range []struct {
		name   string
		damage func([]byte) []byte
	}{
		{"one bit", func(v []byte) []byte { v[len(v)/2] ^= 1; return v }},
		{"cut", func(v []byte) []byte { return v[:len(v)/2] }},
		{"other bytes", func([]byte) []byte { return []byte("{}") }},
		{"of another version", func(v []byte) []byte {
			v[0] = storeVersion + 1
			return binary.BigEndian.AppendUint32(v[:len(v)-4], crc32.ChecksumIEEE(v[:len(v)-4]))
		}},
		{"right sum, wrong entries", func(v []byte) []byte {
			v = append([]byte{storeVersion, 200}, v[:20]...)
			return binary.BigEndian.AppendUint32(v, crc32.ChecksumIEEE(v))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := filled(t)
			for key, value := range m.Values() {
				require.NoError(t, m.Set(t.Context(), key, test.damage(append([]byte(nil), value...))))
			}
			f := newFixture(t, keystonetest.NewServer(entities()...), with(m))
			assert.Equal(t, 1, f.logs.FilterMessageSnippet("built anew").Len())
			assert.Equal(t, "alice", f.ask(ref(keystone.User, aliceID)).Name)
			f.Shutdown(context.Background())

			f = newFixture(t, keystonetest.NewServer(), with(m))
			assert.Zero(t, f.logs.FilterMessageSnippet("built anew").Len())
			assert.Equal(t, "alice", f.ask(ref(keystone.User, aliceID)).Name)
		})
	}
}

func TestStorageAwayAtTheStart(t *testing.T) {
	m := filled(t)
	m.Break(true)
	f := newFixture(t, keystonetest.NewServer(), with(m))
	assert.Equal(t, 1, f.logs.FilterMessageSnippet("cannot be read").Len())
	f.Learn(keystone.User, bobID, "bob", "", time.Now())
	m.Break(false)
	require.NoError(t, f.store.flush(t.Context()), "it is read before anything is written")
	assert.Equal(t, "web-shop", f.ask(ref(keystone.Project, projectID)).Name)
	f.Shutdown(context.Background())

	f = newFixture(t, keystonetest.NewServer(), with(m))
	assert.Equal(t, "web-shop", f.ask(ref(keystone.Project, projectID)).Name)
	assert.Equal(t, "bob", f.ask(ref(keystone.User, bobID)).Name)
}

func TestStorageAwayForAWhile(t *testing.T) {
	m := storagetest.NewMemory()
	f := newFixture(t, keystonetest.NewServer(entities()...), with(m))
	f.cancel() // nothing is written but by hand
	f.workers.Wait()
	f.Learn(keystone.User, aliceID, "alice", "", time.Now())
	m.Break(true)
	require.ErrorIs(t, f.store.flush(t.Context()), storagetest.ErrBroken)
	m.Break(false)
	require.NoError(t, f.store.flush(t.Context()))
	assert.Equal(t, 1, m.Writes(), "what was not written is written later")
	require.NoError(t, f.store.flush(t.Context()))
	assert.Equal(t, 1, m.Writes(), "what did not change is not written")
}

// FuzzDecodeShard looks for a panic, and for entries that no map could hold.
func FuzzDecodeShard(f *testing.F) {
	t := newTable(10)
	k := keyOf(keystone.User, aliceID)
	t.change(k, func(entry) entry {
		return entry{name: "alice", domain: domainOf(corpID), from: 1, asked: 2, state: answered,
			history: &history{until: 3, earlier: []version{{name: "al"}}}}
	})
	value, err := encodeShard(t, shardIndex(k))
	require.NoError(f, err)
	f.Add(value[:len(value)-4])
	f.Fuzz(func(_ *testing.T, body []byte) {
		value := binary.BigEndian.AppendUint32(body, crc32.ChecksumIEEE(body))
		_, _ = decodeShard(value, shardIndex(k), newTable(10), time.Now())
	})
}
