// Package test has what only tests need, in a module of its own: those who build a collector from our components get none of it.
package test
