package openstackauditevidenceprocessor

import (
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
)

// refusals are the records that the next consumer rejected permanently. Of a batch it is not known which of its records are to blame: the
// receiver halves the batch and sends the parts again. So the entries of a batch are written once none of it comes again for a while.
type refusals struct {
	append func(*evidence.Batch) error
	now    func() time.Time

	count   atomic.Int64 // of waiting
	mu      sync.Mutex
	waiting map[tlog.Hash]refusal
}

type refusal struct {
	entry evidence.Entry
	since time.Time
}

const (
	// comesAgainWithin is how long a receiver may take to send a part of a rejected batch again.
	comesAgainWithin = time.Minute
	// maxRefusals bounds those that wait. The entries of more are written at once.
	maxRefusals = 10_000
)

// refused takes note of a batch that was rejected.
func (r *refusals) refused(b *evidence.Batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting == nil {
		r.waiting = map[tlog.Hash]refusal{}
	}
	since := r.now()
	if b.Len() == 1 {
		since = time.Time{} // there is no doubt
	}
	for leaf, entry := range b.Entries() {
		entry.Kind = evidence.KindRefused
		r.waiting[leaf] = refusal{entry, since}
	}
	if b.Len() == 1 || len(r.waiting) > maxRefusals {
		r.write(len(r.waiting) > maxRefusals)
	}
	r.count.Store(int64(len(r.waiting)))
}

// again forgets the records of a batch that comes again.
func (r *refusals) again(b *evidence.Batch) {
	if r.count.Load() == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for leaf := range b.Entries() {
		delete(r.waiting, leaf)
	}
	r.count.Store(int64(len(r.waiting)))
}

// flush writes the entries of records that did not come again; with all of those too that may still.
func (r *refusals) flush(all bool) {
	if r.count.Load() == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.write(all)
	r.count.Store(int64(len(r.waiting)))
}

// write tries again with the next flush if the log cannot be written.
func (r *refusals) write(all bool) {
	var b evidence.Batch
	var leaves []tlog.Hash
	due := r.now().Add(-comesAgainWithin)
	for leaf, refusal := range r.waiting {
		if all || refusal.since.Before(due) {
			b.Add(&refusal.entry)
			leaves = append(leaves, leaf)
		}
	}
	if len(leaves) == 0 || r.append(&b) != nil {
		return
	}
	for _, leaf := range leaves {
		delete(r.waiting, leaf)
	}
}
