package treelog

import (
	"crypto/sha256"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// frontier has the roots of the perfect subtrees of the nodes that were appended, as RFC 6962 cuts them, the largest first.
type frontier struct {
	size  uint64
	roots []tlog.Hash
}

func (f *frontier) append(node tlog.Hash) {
	for size := f.size; size&1 == 1; size >>= 1 {
		node = tlog.NodeHash(f.roots[len(f.roots)-1], node)
		f.roots = f.roots[:len(f.roots)-1]
	}
	f.roots = append(f.roots, node)
	f.size++
}

// root is the root of the tree of all nodes, and of what comes after them, if anything.
func (f *frontier) root(after *tlog.Hash) tlog.Hash {
	roots := f.roots
	var root tlog.Hash
	switch {
	case after != nil:
		root = *after
	case len(roots) == 0:
		return emptyRoot
	default:
		root, roots = roots[len(roots)-1], roots[:len(roots)-1]
	}
	for _, left := range slices.Backward(roots) {
		root = tlog.NodeHash(left, root)
	}
	return root
}

// rootOf is the root of a tree of some nodes.
func rootOf(nodes []tlog.Hash) tlog.Hash {
	var f frontier
	for _, node := range nodes {
		f.append(node)
	}
	return f.root(nil)
}

// emptyRoot is the root of a tree without entries (RFC 6962).
var emptyRoot = tlog.Hash(sha256.Sum256(nil))
