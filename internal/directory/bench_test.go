package directory

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
)

const million = 1_000_000

// ids are made up, 32 or 64 digits long.
func ids(n, digits int) []string {
	random := rand.New(rand.NewPCG(1, 2))
	made := make([]string, n)
	for i := range made {
		id := make([]byte, 0, digits/2)
		for len(id) < digits/2 {
			id = binary.BigEndian.AppendUint64(id, random.Uint64())
		}
		made[i] = hex.EncodeToString(id)
	}
	return made
}

func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

type nobody struct{}

func (nobody) Resolved(keystone.Kind, Result, int) {}
func (nobody) Listed(keystone.Kind, int, string)   {}
func (nobody) Contradicted(keystone.Kind, Claim)   {}
func (nobody) Get(context.Context, keystone.Ref) (keystone.Entity, error) {
	return keystone.Entity{}, &keystone.Error{Reason: keystone.Absent}
}

func (nobody) List(context.Context, keystone.Kind, string, func(keystone.Entity) error) (keystone.ListResult, error) {
	return keystone.ListResult{}, nil
}

func large(ids []string) *Directory {
	d := New(Settings{
		Identity: nobody{}, Observer: nobody{}, Logger: zap.NewNop(), Kinds: []keystone.Kind{keystone.User},
		MaxEntries: 2 * million, TTL: time.Hour, NegativeTTL: time.Minute, TombstoneTTL: time.Hour, Workers: 1, Wait: time.Second,
	})
	domains := make([]string, 50)
	for i := range domains {
		domains[i] = fmt.Sprintf("%032x", i)
	}
	for i, id := range ids {
		d.found(keystone.User, keystone.Entity{ID: id, Name: fmt.Sprintf("user-%07d", i), DomainID: domains[i%len(domains)]}, d.order.Add(1),
			false)
	}
	return d
}

// BenchmarkMemory tells what an entry of a million costs, its name of 12 characters included.
func BenchmarkMemory(b *testing.B) {
	for _, digits := range []int{32, 64} {
		b.Run(fmt.Sprintf("ids of %d digits", digits), func(b *testing.B) {
			made := ids(million, digits)
			for b.Loop() {
				before := heap()
				d := large(made)
				b.ReportMetric(float64(heap()-before)/million, "B/entry")
				runtime.KeepAlive(d)
			}
		})
	}
}

// BenchmarkResolve is one lookup among a million that are known: of ids at random, and of a hundred that come again.
func BenchmarkResolve(b *testing.B) {
	for _, digits := range []int{32, 64} {
		made := ids(million, digits)
		d := large(made)
		for _, test := range []struct {
			name string
			used int
		}{{"cold", million}, {"hot", 100}} {
			b.Run(fmt.Sprintf("%s ids of %d digits", test.name, digits), func(b *testing.B) {
				queries := make([]Query, 240)
				answers := make([]Answer, 0, len(queries))
				i := 0
				b.ReportAllocs()
				for b.Loop() {
					for q := range queries {
						i = (i + 7919) % test.used
						queries[q] = Query{Ref: keystone.Ref{Kind: keystone.User, ID: made[i]}}
					}
					d.Resolve(context.Background(), answers, queries, false)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(queries)), "ns/id")
			})
		}
	}
}

// BenchmarkStore writes and reads a million names.
func BenchmarkStore(b *testing.B) {
	d := large(ids(million, 32))
	b.Run("encode", func(b *testing.B) {
		size := 0
		for b.Loop() {
			size = 0
			for i := range shardCount {
				value, err := encodeShard(d.table, i)
				if err != nil {
					b.Fatal(err)
				}
				size += len(value)
			}
		}
		b.ReportMetric(float64(size)/million, "B/entry")
	})
	values := make([][]byte, shardCount)
	for i := range values {
		values[i], _ = encodeShard(d.table, i)
	}
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			t := newTable(2 * million)
			for i, value := range values {
				if _, err := decodeShard(value, i, t, time.Now()); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
