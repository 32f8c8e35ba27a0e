// Package release holds the tests of what make release makes. They look at build/release and build nothing there; make test-release runs
// both.
package release
