package directory

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
)

func put(t *table, i int, s state) {
	t.change(keyOf(keystone.User, fmt.Sprintf("%032x", i)), func(entry) entry { return entry{name: "n", state: s, asked: uint32(i)} })
}

func TestTableIsBounded(t *testing.T) {
	table := newTable(100)
	for i := range 10_000 {
		put(table, i*7919, answered)
	}
	assert.EqualValues(t, 100, table.size.Load())
	assert.EqualValues(t, 100, table.counts[answered].Load())
	entries := 0
	table.sweep(func(*entry) bool { entries++; return false })
	assert.Equal(t, 100, entries)
}

// TestWhatCountsMoreStays fills a table with one state, and then with another: what is worth less makes room, wherever it is.
func TestWhatCountsMoreStays(t *testing.T) {
	order := []state{absent, answered, deleted}
	for less, worse := range order {
		for _, better := range order[less+1:] {
			t.Run(worse.String()+" before "+better.String(), func(t *testing.T) {
				table := newTable(64)
				for i := range 64 {
					put(table, i, better)
				}
				for i := range 200 {
					put(table, 1000+i, worse)
				}
				assert.EqualValues(t, 64, table.counts[better].Load())
				assert.Zero(t, table.counts[worse].Load())
				for i := range 200 {
					put(table, 5000+i, better)
				}
				assert.EqualValues(t, 64, table.size.Load())
			})
		}
	}
}

// TestTombstonesOutliveFloods makes up many more ids than there is room for, in every place.
func TestTombstonesOutliveFloods(t *testing.T) {
	const tombstones, flood = 10_000, 100_000
	random := rand.New(rand.NewPCG(1, 2))
	for _, test := range []struct {
		name  string
		key   func(i int) key
		limit int
	}{
		{"spread", func(int) key { return randomKey(random) }, 20_000},
		{"sorted, in one shard", func(i int) key {
			return key{id: [16]byte{12: byte(i >> 24), 13: byte(i >> 16), 14: byte(i >> 8), 15: byte(i)}}
		}, 20_000},
		{"in a table that is full of them", func(int) key { return randomKey(random) }, tombstones},
	} {
		t.Run(test.name, func(t *testing.T) {
			table := newTable(test.limit)
			for i := range tombstones {
				k := test.key(i)
				k.kind = keystone.Project
				table.change(k, func(entry) entry { return entry{name: "n", state: deleted} })
			}
			for i := range flood {
				made := [...]entry{{state: absent}, {state: heard, name: "mallory"}, {state: forbidden}}[i%3]
				table.change(test.key(i), func(entry) entry { return made })
			}
			assert.EqualValues(t, tombstones, table.counts[deleted].Load())
			assert.LessOrEqual(t, table.size.Load(), table.limit)
		})
	}
}

func randomKey(random *rand.Rand) (k key) {
	binary.LittleEndian.PutUint64(k.id[:], random.Uint64())
	binary.LittleEndian.PutUint64(k.id[8:], random.Uint64())
	return k
}

func TestKeys(t *testing.T) {
	assert.NotEqual(t, keyOf(keystone.User, aliceID), keyOf(keystone.Project, aliceID))
	assert.NotEqual(t, keyOf(keystone.User, ldapID), keyOf(keystone.User, ldapID[:32]))
	assert.NotEqual(t, keyOf(keystone.User, aliceID), keyOf(keystone.User, strings.ToUpper(aliceID)), "upper case is another id")
	assert.NotEqual(t, keyOf(keystone.User, aliceID), keyOf(keystone.User, aliceID[:31]+"g"))
	assert.NotEqual(t, keyOf(keystone.Domain, "default"), keyOf(keystone.Domain, "defaulu"))
}

func TestBreaker(t *testing.T) {
	var b breaker
	allows := func(now time.Time) bool { _, ok := b.allow(now); return ok }
	now := time.Now()
	for range breakerThreshold - 1 {
		assert.False(t, b.fail(now, 0, Unavailable))
		assert.True(t, allows(now))
	}
	assert.True(t, b.fail(now, 0, Unavailable), "opens")
	assert.False(t, allows(now))
	assert.False(t, b.fail(now, 0, Unavailable), "a lookup that was on its way")
	later := now.Add(breakerPause)
	assert.True(t, allows(later), "one may try")
	assert.False(t, allows(later), "one")
	assert.False(t, b.fail(later, 0, Unavailable))
	assert.False(t, allows(later))
	later = later.Add(2 * breakerPause)
	assert.True(t, allows(later))
	assert.True(t, b.succeed(), "closes")
	assert.True(t, allows(later))
	assert.True(t, b.fail(later, time.Minute, Unavailable), "Retry-After opens at once")
	assert.False(t, allows(later.Add(59*time.Second)))
}
