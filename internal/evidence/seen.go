package evidence

import "golang.org/x/mod/sumdb/tlog"

// seen remembers the last entries, at least seenEntries and at most twice as many, so that what is delivered again is not appended again.
type seen struct{ young, old map[tlog.Hash]struct{} }

const seenEntries = 1 << 16

func (s *seen) has(leaf tlog.Hash) bool {
	if _, ok := s.young[leaf]; ok {
		return true
	}
	_, ok := s.old[leaf]
	return ok
}

func (s *seen) add(leaf tlog.Hash) {
	if s.young == nil {
		s.young = map[tlog.Hash]struct{}{}
	}
	s.young[leaf] = struct{}{}
	if len(s.young) >= seenEntries {
		s.old, s.young = s.young, nil
	}
}
