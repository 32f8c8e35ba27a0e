// Package soak runs the built collector for as many notifications as a large cloud sends in a day, and holds memory, files, goroutines and
// descriptors of its last quarter against its second: make soak. Package samples reads what it wrote, command figure draws it.
package soak
