package openstackauditreceiver

import (
	"runtime"
	"sync"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
)

// A large batch is read and mapped in consecutive parts at the same time, which are joined in their order.

// minPart is the fewest messages that are worth a goroutine of their own: to read or map them takes about a hundred microseconds.
const minPart = 32

// inParts calls f for consecutive parts of n items, all at the same time. With one part, f
// runs in the caller's goroutine.
func inParts(n, parts int, f func(part, from, to int)) {
	var work sync.WaitGroup
	for part := range parts - 1 {
		work.Go(func() { f(part, n*part/parts, n*(part+1)/parts) })
	}
	f(parts-1, n*(parts-1)/parts, n)
	work.Wait()
}

// partCount may differ from call to call: the Go runtime follows the container's limit of CPUs.
func partCount(n int) int {
	if n < 2*minPart {
		return 1 // GOMAXPROCS takes a lock of the scheduler
	}
	return min(n/minPart, runtime.GOMAXPROCS(0))
}

// read decodes a batch. Its records go back with release.
func (p *pipeline) read(messages []auditlog.Message) []auditlog.Record {
	var records []auditlog.Record
	if pooled, _ := p.batches.Get().(*[]auditlog.Record); pooled != nil {
		records = *pooled
	}
	if cap(records) < len(messages) {
		records = make([]auditlog.Record, len(messages))
	}
	records = records[:len(messages)]
	inParts(len(messages), partCount(len(messages)), func(_, from, to int) {
		for i := from; i < to; i++ {
			p.mapper.ReadInto(&records[i], messages[i])
		}
	})
	return records
}

// release takes the records of a batch that is done. They are emptied: what they refer to would live on.
func (p *pipeline) release(records []auditlog.Record) {
	clear(records)
	p.batches.Put(&records)
}

// build makes the log records of a batch.
func (p *pipeline) build(records []auditlog.Record) (plog.Logs, auditlog.Stats) {
	parts := make([]auditlog.Part, partCount(len(records)))
	inParts(len(records), len(parts), func(part, from, to int) { parts[part] = p.mapper.Part(records[from:to]) })
	return p.mapper.Join(parts)
}
