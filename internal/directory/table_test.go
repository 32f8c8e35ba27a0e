package directory

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
)

func TestTableIsBounded(t *testing.T) {
	table := newTable(100)
	for i := range 10_000 {
		table.change(keyOf(keystone.User, fmt.Sprintf("%032x", i*7919)), func(entry) entry {
			return entry{name: "n", since: uint32(i), state: live}
		})
	}
	assert.EqualValues(t, 100, table.size.Load())
	assert.EqualValues(t, 100, table.counts[live].Load())
	entries := 0
	table.replace(func(slot) bool { entries++; return false }, nil)
	assert.Equal(t, 100, entries)
}

// TestWhatCountsMoreStays fills a table with one state, and then with another: what is worth less makes room.
func TestWhatCountsMoreStays(t *testing.T) {
	order := []state{absent, hearsay, learned, live, deleted}
	for less, worse := range order {
		for _, better := range order[less+1:] {
			t.Run(worse.String()+" before "+better.String(), func(t *testing.T) {
				table := newTable(64)
				put := func(i int, s state) { // all in one shard
					table.change(keyOf(keystone.User, fmt.Sprintf("%032x", i)), func(entry) entry { return entry{name: "n", state: s} })
				}
				for i := range 32 {
					put(i, better)
				}
				for i := range 200 {
					put(1000+i, worse)
				}
				assert.EqualValues(t, 64, table.size.Load())
				assert.Greater(t, table.counts[better].Load(), int64(16), "of 32, after 168 evictions")
			})
		}
	}
}

// TestNames changes names again and again: what nobody refers to any more is given back.
func TestNames(t *testing.T) {
	table := newTable(1000)
	want := map[int]string{}
	for round := range 400 {
		for i := range 40 { // all in one shard
			name := strings.Repeat(string(rune('a'+i%26)), 1+(round*7+i)%300)
			if round%5 == 4 && i%3 == 0 {
				name = ""
			}
			want[i] = name
			table.change(keyOf(keystone.User, fmt.Sprintf("%032x", i)), func(entry) entry {
				if name == "" {
					return entry{}
				}
				return entry{name: name, state: live, since: uint32(round)}
			})
		}
		for i, name := range want {
			e, found := table.get(keyOf(keystone.User, fmt.Sprintf("%032x", i)))
			require.Equal(t, name != "", found)
			require.Equal(t, name, e.name)
		}
	}
	held := 0
	for i := range table.shards {
		held = max(held, table.shards[i].names.held)
	}
	assert.Less(t, held, 100*1024, "of two megabytes that were put in")
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
	now := time.Now()
	for range breakerThreshold - 1 {
		assert.False(t, b.fail(now, 0))
		assert.True(t, b.allow(now))
	}
	assert.True(t, b.fail(now, 0), "opens")
	assert.False(t, b.allow(now))
	assert.False(t, b.fail(now, 0), "a lookup that was on its way")
	later := now.Add(breakerPause)
	assert.True(t, b.allow(later), "one may try")
	assert.False(t, b.allow(later), "one")
	assert.False(t, b.fail(later, 0))
	assert.False(t, b.allow(later))
	later = later.Add(2 * breakerPause)
	assert.True(t, b.allow(later))
	assert.True(t, b.succeed(), "closes")
	assert.True(t, b.allow(later))
	assert.True(t, b.fail(later, time.Minute), "Retry-After opens at once")
	assert.False(t, b.allow(later.Add(59*time.Second)))
}
