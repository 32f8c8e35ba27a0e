package directory

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

// store keeps the table through a storage extension: a value for each shard. A shard that changed is written whole, by a
// goroutine of its own and never by whoever changed it.
type store struct {
	client storage.Client
	table  *table
	logger *zap.Logger
	// loaded: all shards were read. Before that none is written, or a storage that is away for a moment
	// would cost the names that it holds.
	loaded  atomic.Bool
	seldom  atomic.Bool
	writing sync.Mutex
}

const (
	flushInterval       = 5 * time.Second
	seldomFlushInterval = time.Minute
	// loadTime is how long a slow storage may hold up the start.
	loadTime   = 10 * time.Second
	batchSize  = 32 // divides shardCount
	shardNames = "names-%03d"
)

// load reads the names. What cannot be read as names is left out, said once, and written anew.
func (s *store) load(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, loadTime)
	defer cancel()
	if err := s.read(ctx); err != nil {
		s.logger.Warn("the stored names cannot be read: starting without them, trying again in the background", zap.Error(err))
	}
}

func (s *store) read(ctx context.Context) error {
	var corrupt, entries int
	var reason error
	for first := 0; first < shardCount; first += batchSize {
		operations := make([]*storage.Operation, 0, batchSize)
		for i := first; i < first+batchSize; i++ {
			operations = append(operations, storage.GetOperation(fmt.Sprintf(shardNames, i)))
		}
		if err := s.client.Batch(ctx, operations...); err != nil {
			return err
		}
		for n, operation := range operations {
			if len(operation.Value) == 0 {
				continue
			}
			count, err := decodeShard(operation.Value, first+n, s.table, time.Now())
			entries += count
			if err != nil {
				corrupt++
				reason = err
				s.markDirty(first + n)
			}
		}
	}
	if corrupt > 0 {
		s.logger.Warn("a part of the stored names is of an older version or damaged: it is built anew",
			zap.Int("parts", corrupt), zap.Int("of", shardCount), zap.Error(reason))
	}
	s.loaded.Store(true)
	s.logger.Info("stored names were read", zap.Int("entries", entries))
	return nil
}

func (s *store) markDirty(index int) {
	shard := &s.table.shards[index]
	shard.Lock()
	shard.dirty = true
	shard.Unlock()
}

// rarely makes writes rarer while a list changes every shard again and again.
func (s *store) rarely(seldom bool) { s.seldom.Store(seldom) }

// run writes changed shards until ctx is done.
func (s *store) run(ctx context.Context) {
	failing := false
	var last time.Time
	for sleep(ctx, flushInterval) {
		if s.seldom.Load() && time.Since(last) < seldomFlushInterval {
			continue
		}
		last = time.Now()
		err := s.flush(ctx)
		if ctx.Err() != nil {
			return
		}
		if (err != nil) != failing {
			failing = err != nil
			if failing {
				s.logger.Warn("names cannot be stored: they would not survive a restart", zap.Error(err))
			} else {
				s.logger.Info("names are stored again")
			}
		}
	}
}

// flush writes all shards that changed. Those that fail stay for the next time.
func (s *store) flush(ctx context.Context) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if !s.loaded.Load() {
		if err := s.read(ctx); err != nil {
			return err
		}
	}
	var errs []error
	for first := 0; first < shardCount; first += batchSize {
		var operations []*storage.Operation
		var indexes []int
		for i := first; i < first+batchSize; i++ {
			value, err := s.encodeChanged(i)
			if err != nil {
				errs = append(errs, err)
			}
			if value != nil {
				operations = append(operations, storage.SetOperation(fmt.Sprintf(shardNames, i), value))
				indexes = append(indexes, i)
			}
		}
		if len(operations) == 0 {
			continue
		}
		if err := s.client.Batch(ctx, operations...); err != nil {
			errs = append(errs, err)
			for _, i := range indexes {
				s.markDirty(i)
			}
		}
	}
	return errors.Join(errs...)
}

// encodeChanged returns nil for what did not change.
func (s *store) encodeChanged(index int) ([]byte, error) {
	shard := &s.table.shards[index]
	shard.Lock()
	changed := shard.dirty
	shard.dirty = false
	shard.Unlock()
	if !changed {
		return nil, nil
	}
	return encodeShard(s.table, index)
}

// close writes what changed since, and closes the storage.
func (s *store) close(ctx context.Context) {
	var err error
	if s.loaded.Load() {
		err = s.flush(ctx)
	}
	if closeErr := s.client.Close(ctx); closeErr != nil {
		err = errors.Join(err, closeErr)
	}
	if err != nil {
		s.logger.Warn("names that came last are not stored: they are asked for again after a restart, those of deleted things are lost",
			zap.Error(err))
	}
}
