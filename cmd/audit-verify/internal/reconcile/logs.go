package reconcile

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"sync"
	"time"

	"github.com/valyala/fastjson"

	"github.com/openstack-audit/otelcol-openstack-audit/cmd/audit-verify/internal/treelog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
)

// Range is of times in nanoseconds since 1970, with the first and without the last.
type Range struct{ From, To uint64 }

// Everything is the range of all times.
var Everything = Range{0, math.MaxUint64}

func (r Range) has(at uint64) bool { return r.From <= at && at < r.To }

// Logs are logs whose entries are together: a record counts when one of them has it.
type Logs struct {
	logs    []*treelog.Log
	firsts  []uint64 // positions of the logs' first entries
	signed  uint64   // from this position on are entries that no checkpoint has yet
	table   *Table
	when    Range
	mu      sync.Mutex
	refused []refusal
	gaps    []evidence.Entry
	strange int      // entries that cannot be read
	begun   []uint64 // when the first month that a log still has the beginning of began
	removed uint64   // entries that were deleted from the beginning of a log, and may be of the range
}

type refusal struct {
	key  uint64
	hash prefix
}

// Load checks every log and takes its entries in; read is told how many were read, from several goroutines.
func Load(ctx context.Context, logs []*treelog.Log, when Range, read func(entries int)) (*Logs, []*treelog.Result, error) {
	l := &Logs{logs: logs, when: when}
	var total, unsigned uint64
	for _, log := range logs {
		l.firsts = append(l.firsts, total)
		l.begun = append(l.begun, math.MaxUint64)
		total += log.Newest.Size
		unsigned += uint64(len(log.Unsigned))
	}
	l.signed = total
	if total += unsigned; total >= math.MaxUint32 {
		return nil, nil, errors.New("the logs have more than 4294967294 entries: name fewer")
	}
	l.table = NewTable(total)
	results := make([]*treelog.Result, len(logs))
	parsers := sync.Pool{New: func() any { return new(fastjson.Parser) }}
	for i, log := range logs {
		result, err := log.Check(ctx, func(first uint64, entries [][]byte) {
			read(len(entries))
			parser := parsers.Get().(*fastjson.Parser)
			defer parsers.Put(parser)
			for j, entry := range entries {
				l.entry(parser, l.firsts[i]+first+uint64(j), entry)
			}
		})
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", log.Dir, err)
		}
		results[i] = result
		if l.begun[i] > when.From {
			l.removed += result.Removed
		}
		for index := range result.Altered {
			l.table.states[l.firsts[i]+index].Or(untrusted)
		}
	}
	l.takeUnsigned()
	l.table.index()
	for _, refusal := range l.refused {
		for position := range l.table.positions(refusal.key) {
			if l.table.hashes[position] == refusal.hash {
				l.table.states[position].Or(refused)
			}
		}
	}
	return l, results, nil
}

// takeUnsigned takes the entries in that no checkpoint has yet.
func (l *Logs) takeUnsigned() {
	position, parser := l.signed, new(fastjson.Parser)
	for _, log := range l.logs {
		for _, entry := range log.Unsigned {
			l.entry(parser, position, entry)
			position++
		}
	}
}

// entry takes an entry in. It reads no more of it than the table needs.
func (l *Logs) entry(parser *fastjson.Parser, position uint64, data []byte) {
	value, err := parser.ParseBytes(data)
	if err != nil {
		l.keep(func() { l.strange++ })
		return
	}
	var hash [sha256.Size]byte
	switch kind := evidence.Kind(value.GetStringBytes("k")); kind {
	case evidence.KindRecord, evidence.KindRefused:
		encoded := value.GetStringBytes("h")
		if base64.StdEncoding.DecodedLen(len(encoded)) > sha256.Size+2 {
			encoded = nil
		}
		var decoded [sha256.Size + 2]byte
		if n, err := base64.StdEncoding.Decode(decoded[:], encoded); err != nil || n != sha256.Size {
			l.keep(func() { l.strange++ })
			return
		}
		hash = [sha256.Size]byte(decoded[:])
		uid := value.GetStringBytes("u")
		if kind == evidence.KindRefused {
			l.keep(func() { l.refused = append(l.refused, refusal{l.table.key(uid, prefix(hash[:])), prefix(hash[:])}) })
			return
		}
		state := uint32(0)
		at, err := strconv.ParseUint(string(value.GetStringBytes("t")), 10, 64)
		if err != nil || l.when.has(at) {
			state = inRange
		}
		l.table.set(position, uid, value.GetStringBytes("e"), hash, state)
	case evidence.KindGap:
		gap, err := evidence.ParseEntry(data)
		if err != nil {
			l.keep(func() { l.strange++ })
			return
		}
		if gap.Until >= l.when.From && gap.Time < l.when.To {
			l.keep(func() { l.gaps = append(l.gaps, gap) })
		}
	case evidence.KindShard: // what stands before it was logged before that month
		month, err := time.Parse("2006-01", string(value.GetStringBytes("m")))
		if log := l.logOf(position); err == nil && position < l.signed {
			l.keep(func() { l.begun[log] = min(l.begun[log], uint64(month.UnixNano())) })
		}
	default: // of a later version
	}
}

func (l *Logs) keep(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

// logOf returns which log an entry is of.
func (l *Logs) logOf(position uint64) int {
	return sort.Search(len(l.firsts), func(i int) bool { return l.firsts[i] > position }) - 1
}

// read returns the entries at positions, in the order of the positions.
func (l *Logs) read(positions []uint32, entry func(position uint32, entry evidence.Entry)) error {
	slices.Sort(positions)
	var entries [][]byte
	bundle, of := uint64(math.MaxUint64), -1
	for _, position := range positions {
		log := l.logOf(uint64(position))
		index := uint64(position) - l.firsts[log]
		if index/evidence.TileWidth != bundle || log != of {
			bundle, of = index/evidence.TileWidth, log
			var err error
			if entries, err = l.logs[log].Bundle(bundle, l.logs[log].Newest.Size); err != nil {
				return fmt.Errorf("%s: %w", l.logs[log].Dir, err)
			}
		}
		read, err := treelog.ParseEntry(entries[index%evidence.TileWidth])
		if err != nil {
			return fmt.Errorf("%s: entry %d: %w", l.logs[log].Dir, index, err)
		}
		entry(position, read)
	}
	return nil
}
