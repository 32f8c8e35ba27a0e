// Package evidence is the append-only log that shows which records left the collector, and that none was altered since.
//
// On disk it is a tiled transparency log (c2sp.org/tlog-tiles): a signed checkpoint, the tiles of the hash tree, and bundles of entries.
// Whoever reads it while it grows may find that a partial tile or bundle of the checkpoint in hand was replaced by the full one, of which
// it is the beginning.
package evidence
