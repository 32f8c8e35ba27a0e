package evidence_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence/evidencetest"
)

// BenchmarkAppend is the cost of an entry, with its share of the sync: encode, hash, append.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1, 100, 500} {
		b.Run(fmt.Sprintf("batch of %d", size), func(b *testing.B) {
			file, _ := evidencetest.NewKey(b, origin)
			signer, err := evidence.ReadSigner(file)
			require.NoError(b, err)
			log, err := evidence.Open(b.Context(), evidence.Options{Directory: filepath.Join(b.TempDir(), "evidence"), Signer: signer})
			require.NoError(b, err)
			b.Cleanup(func() { require.NoError(b, log.Close(b.Context())) })
			var batch evidence.Batch
			at := uint64(1_795_287_600_000_000_000)
			b.ReportAllocs()
			for b.Loop() {
				batch.Reset()
				for range size {
					at++
					batch.Add(&evidence.Entry{
						EventName: "openstack.audit.event", Hash: hash, Service: "keystone", Time: at, UID: "6655ec87-5a10-4d4b-b6bb-bd44f99864fb",
					})
				}
				if err := log.Append(&batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size), "ns/record")
		})
	}
}
