// Package storagetest is a storage extension for tests.
package storagetest

import (
	"context"
	"errors"
	"maps"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// ErrBroken is what a Memory returns while it is broken.
var ErrBroken = errors.New("the disk is gone")

// Memory is a storage extension and its only client. It outlives the components that use it, as a disk does, and can be broken.
type Memory struct {
	component.StartFunc
	component.ShutdownFunc
	mu     sync.Mutex
	values map[string][]byte
	broken bool
	writes int
}

var _ interface {
	storage.Extension
	storage.Client
} = (*Memory)(nil)

// NewMemory returns an empty Memory.
func NewMemory() *Memory { return &Memory{values: map[string][]byte{}} }

// Break makes every operation fail, or heals the storage.
func (m *Memory) Break(broken bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.broken = broken
}

// Values returns what is stored.
func (m *Memory) Values() map[string][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.values)
}

// Writes returns how many values were set so far.
func (m *Memory) Writes() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.writes
}

// GetClient implements storage.Extension.
func (m *Memory) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return m, nil
}

// Get implements storage.Client.
func (m *Memory) Get(ctx context.Context, key string) ([]byte, error) {
	operation := storage.GetOperation(key)
	err := m.Batch(ctx, operation)
	return operation.Value, err
}

// Set implements storage.Client.
func (m *Memory) Set(ctx context.Context, key string, value []byte) error {
	return m.Batch(ctx, storage.SetOperation(key, value))
}

// Delete implements storage.Client.
func (m *Memory) Delete(ctx context.Context, key string) error {
	return m.Batch(ctx, storage.DeleteOperation(key))
}

// Batch implements storage.Client: all of it or, while the storage is broken, nothing.
func (m *Memory) Batch(_ context.Context, operations ...*storage.Operation) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken {
		return ErrBroken
	}
	for _, operation := range operations {
		switch operation.Type {
		case storage.Get:
			operation.Value = m.values[operation.Key]
		case storage.Set:
			m.values[operation.Key] = operation.Value
			m.writes++
		case storage.Delete:
			delete(m.values, operation.Key)
		}
	}
	return nil
}

// Close implements storage.Client. What is stored stays.
func (m *Memory) Close(context.Context) error { return nil }
