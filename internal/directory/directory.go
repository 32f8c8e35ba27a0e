package directory

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
)

// Identity is the part of Keystone that a Directory asks.
type Identity interface {
	Get(ctx context.Context, ref keystone.Ref) (keystone.Entity, error)
	List(ctx context.Context, kind keystone.Kind, domainID string, yield func(keystone.Entity) error) (keystone.ListResult, error)
}

// Observer counts what a Directory does. Its methods must not block.
type Observer interface {
	// Resolved is told of the ids that were asked for, once for a caller of Resolve, a kind and a result.
	Resolved(kind keystone.Kind, result Result, ids int)
	// Listed is told of every list: complete, truncated, forbidden or failed.
	Listed(kind keystone.Kind, entities int, result string)
	// Contradicted is told when Keystone says otherwise than an event.
	Contradicted(kind keystone.Kind, claim Claim)
}

// Settings are what a Directory needs. All durations are positive but for those that say otherwise.
type Settings struct {
	Identity Identity
	Observer Observer
	Logger   *zap.Logger
	// Kinds are the kinds that Keystone is asked for.
	Kinds []keystone.Kind
	// MaxEntries bounds the map, tombstones included.
	MaxEntries int
	// TTL is how long a name holds before Keystone is asked again, NegativeTTL how long "no such thing" does, and
	// TombstoneTTL how long the name of a deleted thing is kept.
	TTL, NegativeTTL, TombstoneTTL time.Duration
	// Preload lists everything after the start, and again every RefreshInterval; 0: never again.
	Preload         bool
	RefreshInterval time.Duration
	// Workers is the number of lookups at a time.
	Workers int
	// Wait is how long a caller of Resolve usually waits. A lookup that takes longer counts as slow.
	Wait time.Duration
	// Storage keeps the names, nil: nowhere. The Directory closes it.
	Storage storage.Client
}

// Directory answers ids with names. It is safe for concurrent use between Start and Shutdown.
type Directory struct {
	settings  Settings
	lifetimes lifetimes
	logger    *zap.Logger
	table     *table
	store     *store
	queue     *queue
	breaker   breaker
	kinds     [keystone.KindCount]kindState
	// order counts what came, so that one thing is before another whatever clocks say.
	order atomic.Uint64
	// answeredAt is when Keystone last gave an answer, of whatever kind, in Unix nanoseconds.
	answeredAt atomic.Int64

	cancel  context.CancelFunc
	workers sync.WaitGroup
	now     func() time.Time
}

// New makes a Directory that knows nothing yet.
func New(settings Settings) *Directory {
	d := &Directory{
		settings:  settings,
		lifetimes: lifetimes{name: settings.TTL, absence: settings.NegativeTTL, tombstone: settings.TombstoneTTL},
		logger:    settings.Logger,
		table:     newTable(settings.MaxEntries),
		queue:     newQueue(),
		now:       time.Now,
	}
	for _, kind := range settings.Kinds {
		d.kinds[kind].enabled = true
	}
	if settings.Storage != nil {
		d.store = &store{client: settings.Storage, table: d.table, logger: d.logger}
	}
	return d
}

// Start reads the stored names, for at most a few seconds, and starts the goroutines that ask, list and write. They end at
// Shutdown. It does not fail: without its store a Directory starts empty.
func (d *Directory) Start(ctx context.Context) {
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	d.cancel = cancel
	if d.store != nil {
		d.store.load(ctx)
		d.workers.Go(func() { d.store.run(run) })
	}
	d.queue.closeWith(run)
	for i := range d.settings.Workers {
		d.workers.Go(func() { d.work(run, i > 0 && i == d.settings.Workers-1) })
	}
	if d.settings.Preload {
		d.workers.Go(func() { d.refresh(run) })
	}
	d.workers.Go(func() { d.sweep(run) })
}

// Shutdown ends the goroutines and writes what is not stored yet, as long as ctx lasts. A storage that cannot take it is no
// failure: the log says what that costs.
func (d *Directory) Shutdown(ctx context.Context) {
	if d.cancel == nil {
		return
	}
	d.cancel()
	d.workers.Wait()
	if d.store != nil {
		d.store.close(ctx)
	}
}

// Stats are a Directory's sizes.
type Stats struct {
	// Entries are the entries by state: absent, forbidden, event, keystone, deleted.
	Entries map[string]int64
	// Queued are the lookups that wait for a worker.
	Queued int
	// BreakerOpen: Keystone is not asked at the moment.
	BreakerOpen bool
}

// Stats returns the sizes as of now.
func (d *Directory) Stats() Stats {
	_, closed := d.breaker.state(d.now())
	stats := Stats{Entries: map[string]int64{}, Queued: d.queue.len(), BreakerOpen: !closed}
	for s := absent; s < stateCount; s++ {
		stats.Entries[s.String()] += d.table.counts[s].Load()
	}
	return stats
}

// sweepInterval is how often entries that nobody can use any more are taken out.
const sweepInterval = 10 * time.Minute

func (d *Directory) sweep(ctx context.Context) {
	for sleep(ctx, sweepInterval) {
		now := seconds(d.now())
		d.table.sweep(func(e *entry) bool { return e.useless(now, d.lifetimes) })
	}
}

// sleep waits, and returns false when ctx is done first.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
