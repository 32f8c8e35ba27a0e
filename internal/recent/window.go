// Package recent knows the last records again.
package recent

import "hash/maphash"

// Window knows the last records by their uid, at least size of them and at most twice as many. It keeps hashes of 64 bits with
// a seed of its own, 8 bytes each: within 100000 records two different uids are taken for one with a chance of 1 in 10^14.
type Window struct {
	size             int
	seed             maphash.Seed
	recent, previous map[uint64]struct{}
}

// NewWindow returns an empty window. One of size 0 knows nothing.
func NewWindow(size int) *Window {
	return &Window{size: size, seed: maphash.MakeSeed(), recent: map[uint64]struct{}{}}
}

// Seen reports whether the uid is in the window, and adds it. A uid that is seen again stays longer: a batch that the pipeline
// refuses comes again and again while other records pass. A pending record and its outcome may have one uid and are two.
func (w *Window) Seen(uid string, pending bool) bool {
	if w.size == 0 || uid == "" {
		return false
	}
	hash := maphash.String(w.seed, uid)
	if pending {
		hash = ^hash
	}
	if _, ok := w.recent[hash]; ok {
		return true
	}
	_, ok := w.previous[hash]
	if len(w.recent) >= w.size {
		w.recent, w.previous = make(map[uint64]struct{}), w.recent
	}
	w.recent[hash] = struct{}{}
	return ok
}
