// Package foreign builds a collector from the released module as a stranger does: with the Collector's builder and a manifest of his own,
// from a proxy of modules and not from this work tree. make test-foreign runs it.
package foreign
