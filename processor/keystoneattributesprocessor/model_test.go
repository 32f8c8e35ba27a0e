package keystoneattributesprocessor

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/storagetest"
)

// cloud is a Keystone with its history, and the records of what was done that did not arrive yet.
type cloud struct {
	random *rand.Rand
	server *keystonetest.Server
	// lives are the names of users by id, each from a time on; "" is none.
	lives map[string][]life
	ids   []string
	// inOrder are the records of a broker's queue; late are some that come when they like.
	inOrder, late []happened
}

type life struct {
	name string
	from time.Time
}

// happened is a record about a user.
type happened struct {
	id string
	at time.Time
	// forged records tell of nothing that was.
	forged     bool
	attributes map[string]string
}

func (c *cloud) alive(id string) bool {
	lives := c.lives[id]
	return len(lives) > 0 && lives[len(lives)-1].name != ""
}

// nameAt is the name at a time, or the last one before it.
func (c *cloud) nameAt(id string, at time.Time) (name string) {
	for _, l := range c.lives[id] {
		if !l.from.After(at) && l.name != "" {
			name = l.name
		}
	}
	return name
}

func (c *cloud) set(id, name string) {
	if name == "" {
		c.server.Delete("user", id)
	} else {
		c.server.Put(keystonetest.Entity{Kind: "user", ID: id, Name: name, DomainID: corpID})
	}
	c.lives[id] = append(c.lives[id], life{name, time.Now()})
}

func lifeEvent(operation, action, id string) map[string]string {
	return map[string]string{
		audit.AttrNotificationEventType: "identity.user." + operation, audit.AttrAuditAction: action,
		"openstack.target.type": "user", "openstack.target.id": id, "openstack.target.user.id": id,
	}
}

// pick is one of those ever created, "" before the first.
func (c *cloud) pick() string {
	if len(c.ids) == 0 {
		return ""
	}
	return c.ids[c.random.IntN(len(c.ids))]
}

// do does something at random.
func (c *cloud) do() {
	id := c.pick()
	alive := c.alive(id)
	tell := func(attributes map[string]string) {
		c.inOrder = append(c.inOrder, happened{id: id, at: time.Now(), attributes: attributes})
	}
	forge := func(attributes map[string]string) {
		at := time.Now().Add(time.Duration(c.random.Int64N(int64(4*time.Hour))) - 2*time.Hour)
		c.inOrder = append(c.inOrder, happened{id: id, at: at, forged: true, attributes: attributes})
	}
	switch n := c.random.IntN(100); {
	case n < 12 || id == "":
		id = fmt.Sprintf("%016x4000%012x", c.random.Uint64(), len(c.ids))
		id = id[:12] + "4" + id[13:] // a hash of a user id is a UUIDv5
		c.ids = append(c.ids, id)
		c.set(id, fmt.Sprintf("user%d", len(c.ids)))
		tell(lifeEvent("created", "create", id))
	case n < 32 && alive:
		c.set(id, fmt.Sprintf("renamed%d", c.random.Uint32()))
		tell(lifeEvent("updated", "update", id))
	case n < 40 && alive:
		c.set(id, "")
		deletion := happened{id: id, at: time.Now(), attributes: lifeEvent("deleted", "delete", id)}
		if c.random.IntN(3) == 0 {
			c.late = append(c.late, deletion)
		} else {
			c.inOrder = append(c.inOrder, deletion)
		}
	case n < 44 && !alive: // a second life, such as an LDAP user's
		c.set(id, fmt.Sprintf("again%d", c.random.Uint32()))
		tell(lifeEvent("created", "create", id))
	case n < 50:
		forge(lifeEvent("deleted", "delete", id))
	case n < 55:
		forge(lifeEvent("updated", "update", id))
	case n < 62:
		forge(map[string]string{audit.AttrNotificationEventType: "audit.http.request", "user.id": id, "user.name": "mallory"})
	case n < 70:
		id = fmt.Sprintf("%032x", c.random.Uint64())
		forge(map[string]string{audit.AttrNotificationEventType: "audit.http.request", "user.id": id, "user.name": "mallory"})
	case n < 80 && alive:
		c.late = append(c.late, happened{id: id, at: time.Now(), attributes: map[string]string{"openstack.target.user.id": id}})
	default:
		tell(map[string]string{audit.AttrNotificationEventType: "audit.http.request", "user.id": id})
	}
}

// batch takes some of the records that wait. The late ones come behind those that happened before them.
func (c *cloud) batch() (batch []happened) {
	n := c.random.IntN(len(c.inOrder) + 1)
	batch, c.inOrder = slices.Clone(c.inOrder[:n]), c.inOrder[n:]
	c.late = slices.DeleteFunc(c.late, func(h happened) bool {
		comes := c.random.IntN(3) == 0 && !slices.ContainsFunc(c.inOrder, func(o happened) bool { return !o.forged && o.at.Before(h.at) })
		if comes {
			batch = append(batch, h)
		}
		return comes
	})
	return batch
}

func logsOfBatch(batch []happened) plog.Logs {
	records := make([]map[string]string, len(batch))
	for i := range batch {
		records[i] = batch[i].attributes
	}
	logs := auditLogs(records...)
	for i, record := range logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
		record.SetTimestamp(pcommon.NewTimestampFromTime(batch[i].at))
	}
	return logs
}

// score counts the records of a run by what they say of their user.
type score struct{ right, marked, wrong, missing int }

func (s *score) count(t *testing.T, c *cloud, h happened, record plog.LogRecord) {
	t.Helper()
	var e audit.Event
	e.Read(record)
	name, source := cmp.Or(e.Actor.User.Name, e.Target.User.Name), e.NamesSource
	if h.forged { // its time is forged too
		if e.Target.User.Name == "mallory" {
			assert.Equal(t, "event", source)
		}
		return
	}
	want := c.nameAt(h.id, h.at)
	switch {
	case name == "":
		s.missing++
	case name == want && source != "event":
		s.right++
	case slices.Contains([]string{"keystone_later", "keystone_earlier", "event"}, source):
		s.marked++
	default:
		s.wrong++
		t.Errorf("%v at %v: %s and not %q, source %s; it was %v", h.attributes, h.at, name, want, source, c.lives[h.id])
	}
}

// modelSeeds is the number of runs, each with its own chances.
const modelSeeds = 20

// TestModel does things at random in a Keystone and lets their records, and forged ones, arrive in batches, some of them late, while
// Keystone is away now and then. Whoever says keystone or deleted must have the name of the time. Records of changes come in their order,
// as one queue keeps it: README.md says what becomes of names without that.
func TestModel(t *testing.T) {
	for seed := range uint64(modelSeeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			server := lab()
			c := &cloud{random: rand.New(rand.NewPCG(seed, 7)), server: server, lives: map[string][]life{}}
			stored := storagetest.NewMemory()
			h := newHarness(t, server, func(config *Config) {
				config.Preload = seed%2 == 0
				config.Storage = &storageID
				config.Wait = 200 * time.Millisecond
			}, stored)
			h.start()
			defer h.stop()
			var total score
			away := false
			for range 60 {
				for range c.random.IntN(12) {
					c.do()
				}
				switch c.random.IntN(30) {
				case 0:
					server.Fail(keystonetest.Failures{Status: 503})
					away = true
				case 1:
					h.stop()
					h.start()
				case 2, 3, 4, 5, 6, 7:
					if away {
						server.Fail(keystonetest.Failures{})
						away = false
						asked := server.Lookups()
						require.Eventually(t, func() bool {
							return len(added(t, h, unknown())) > 0 || server.Lookups() > asked+1
						}, patience, 10*time.Millisecond, "Keystone is asked again")
					}
				}
				batch := c.batch()
				if len(batch) == 0 {
					continue
				}
				logs := logsOfBatch(batch)
				require.NoError(t, h.consume(logs))
				for i, record := range h.last().ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
					total.count(t, c, batch[i], record)
				}
			}
			t.Logf("%d right, %d of another time and marked, %d without a name, %d wrong", total.right, total.marked, total.missing, total.wrong)
			assert.Positive(t, total.right)
		})
	}
}
