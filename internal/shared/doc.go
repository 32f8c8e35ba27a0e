// Package shared holds what several components do alike: one instance for all pipelines that name it, the status of each, the storage that
// keeps its state, the id on its own metrics, and work at intervals.
package shared
