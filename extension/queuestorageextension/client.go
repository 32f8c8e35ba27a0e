package queuestorageextension

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
	"google.golang.org/protobuf/encoding/protowire"
)

// What exporterhelper's persistent queue keeps (exporter/exporterhelper/internal/queue/persistent_queue.go, meta.proto): its state under
// one key, and each request under its index as a decimal number.
const (
	stateKey           = "qmv0"
	dispatchedRequests = protowire.Number(5) // currently_dispatched_items, repeated fixed64
)

const (
	// writeWithin is how soon what may wait is on the disk, and writeAgain when that failed.
	writeWithin = 200 * time.Millisecond
	writeAgain  = time.Second
	// unreadBytes bounds the requests that the queue gets back from memory.
	unreadBytes = 8 << 20
	// wait is for how long the queue waits for space on the disk before it tries to read on.
	wait = time.Second
)

// queueClient writes a request, and the state that names it, before it returns. What may wait is written with the next request, or a moment
// later: that a request was taken out of the queue, or was sent. A kill before that has it sent again. A transaction costs two fsyncs, and
// the queue makes three of them for each request: to put it, to take it out, and to delete it.
//
// It also delays some deletions. When the queue starts, it deletes the requests that were being sent in one transaction, and puts each at
// the queue's end in one more. A kill in between would lose those that are in neither place. A deletion is only written with a state that
// does not name the request as being sent: before that both copies are on the disk, or the first.
//
// When the queue takes a request out and the transaction fails, it drops the request. On a full disk the request is read all the same: the
// state on the disk is older then, and says that it still has to be sent. Where the disk is too full for that too, the queue waits.
type queueClient struct {
	storage.Client
	logger *zap.Logger
	waits  func() <-chan time.Time

	mu      sync.Mutex
	state   []byte            // newer than that on the disk; nil when there is no newer one
	deleted []string          // keys of requests that are still on the disk
	unread  map[string][]byte // requests that were put and not taken out, up to unreadBytes of them
	size    int               // of unread, in bytes
	timer   *time.Timer       // writes what waits; nil when nothing does
}

// Get implements storage.Client.
func (c *queueClient) Get(ctx context.Context, key string) ([]byte, error) {
	operation := storage.GetOperation(key)
	err := c.Batch(ctx, operation)
	return operation.Value, err
}

// Set implements storage.Client.
func (c *queueClient) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

// Delete implements storage.Client.
func (c *queueClient) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

// Batch implements storage.Client.
func (c *queueClient) Batch(ctx context.Context, operations ...*storage.Operation) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mayWait(operations) {
		c.takeOver(operations)
		return nil
	}
	err := c.write(ctx, operations)
	if err == nil {
		return nil
	}
	if reads := readsBesideState(operations); len(reads) > 0 && isFull(err) {
		return c.readWithoutSpace(ctx, operations, reads)
	}
	return err
}

// Close implements storage.Client.
func (c *queueClient) Close(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	var err error
	if c.state != nil {
		err = c.write(ctx, nil)
	}
	return errors.Join(err, c.Client.Close(ctx))
}

// mayWait reports whether a transaction only says how far the queue is, or deletes requests, and reads what is in memory.
func (c *queueClient) mayWait(operations []*storage.Operation) bool {
	for _, operation := range operations {
		switch operation.Type {
		case storage.Set:
			if operation.Key != stateKey {
				return false
			}
		case storage.Get:
			if _, inMemory := c.unread[operation.Key]; !inMemory {
				return false
			}
		case storage.Delete:
			if !isRequest(operation.Key) {
				return false
			}
		}
	}
	return true
}

// takeOver does in memory what may wait.
func (c *queueClient) takeOver(operations []*storage.Operation) {
	for _, operation := range operations {
		switch operation.Type {
		case storage.Set:
			c.state = stateIn(operations)
		case storage.Get:
			operation.Value = c.unread[operation.Key]
			c.forget(operation.Key)
		case storage.Delete:
			c.forget(operation.Key)
			c.deleted = append(c.deleted, operation.Key)
		}
	}
	c.writeLater(writeWithin)
}

// writeLater has what waits written within a while, even if nothing else is.
func (c *queueClient) writeLater(within time.Duration) {
	if c.timer != nil || c.state == nil {
		return
	}
	c.timer = time.AfterFunc(within, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.timer == nil { // it was closed meanwhile
			return
		}
		c.timer = nil
		if c.state == nil {
			return
		}
		if err := c.write(context.Background(), nil); err != nil {
			c.logger.Error("What was sent cannot be deleted from the sending queue: after a restart it would be sent again", zap.Error(err))
			c.writeLater(writeAgain)
		}
	})
}

// write writes a transaction with all that waits.
func (c *queueClient) write(ctx context.Context, operations []*storage.Operation) error {
	state := stateIn(operations)
	if state == nil && c.state != nil {
		state, operations = c.state, append([]*storage.Operation{storage.SetOperation(stateKey, c.state)}, operations...)
	}
	operations = slices.Clip(operations) // the caller's own stay as they are
	due, rest := c.due(state)
	for _, key := range due {
		operations = append(operations, storage.DeleteOperation(key))
	}
	if err := c.Client.Batch(ctx, operations...); err != nil {
		return err
	}
	c.state, c.deleted = nil, rest
	for _, operation := range operations {
		if operation.Type == storage.Set && isRequest(operation.Key) && c.size+len(operation.Value) <= unreadBytes {
			c.unread[operation.Key] = operation.Value
			c.size += len(operation.Value)
		}
	}
	return nil
}

func (c *queueClient) forget(key string) {
	c.size -= len(c.unread[key])
	delete(c.unread, key)
}

// readWithoutSpace does what it can of the transaction: all of it, or the reads, or nothing until there is space.
func (c *queueClient) readWithoutSpace(ctx context.Context, operations, reads []*storage.Operation) error {
	for complained := false; ; complained = true {
		err := c.Client.Batch(ctx, reads...)
		if err == nil {
			c.state = stateIn(operations)
			c.writeLater(writeAgain)
			return nil
		}
		if !isFull(err) {
			return err
		}
		if !complained {
			c.logger.Error("The disk is full: the sending queue waits until there is space, and sends nothing meanwhile", zap.Error(err))
		}
		select {
		case <-c.waits():
		case <-ctx.Done():
			return err
		}
		if c.write(ctx, operations) == nil {
			return nil
		}
	}
}

// isFull reports whether the disk, or what the storage may take of it, is full. bbolt wraps the system's error in some places and only
// quotes it in others (go.etcd.io/bbolt, db.go grow).
func isFull(err error) bool {
	return errors.Is(err, storage.ErrStorageFull) || strings.Contains(err.Error(), syscall.ENOSPC.Error()) ||
		strings.Contains(err.Error(), syscall.EDQUOT.Error())
}

// readsBesideState returns the reads of a transaction that else only writes the state.
func readsBesideState(operations []*storage.Operation) (reads []*storage.Operation) {
	for _, operation := range operations {
		switch {
		case operation.Type == storage.Get:
			reads = append(reads, operation)
		case operation.Type != storage.Set || operation.Key != stateKey:
			return nil
		}
	}
	return reads
}

// due tells which deletions belong in a transaction: those of requests that its state does not name as being sent.
func (c *queueClient) due(state []byte) (due, rest []string) {
	if len(c.deleted) == 0 || state == nil {
		return nil, c.deleted
	}
	dispatched, known := dispatchedIn(state)
	if !known {
		return nil, c.deleted
	}
	for _, key := range c.deleted {
		if slices.Contains(dispatched, key) {
			rest = append(rest, key)
		} else {
			due = append(due, key)
		}
	}
	return due, rest
}

// stateIn returns the queue's state that a transaction writes; nil when it writes none.
func stateIn(operations []*storage.Operation) (state []byte) {
	for _, operation := range operations {
		if operation.Type == storage.Set && operation.Key == stateKey {
			state = append([]byte{}, operation.Value...) // an empty one is one
		}
	}
	return state
}

func isRequest(key string) bool {
	_, err := strconv.ParseUint(key, 10, 64)
	return err == nil
}

// dispatchedIn reads the keys of the requests that were being sent from the state. A state that cannot be read is not known, and nothing
// is deleted for it.
func dispatchedIn(state []byte) (keys []string, known bool) {
	for len(state) > 0 {
		number, kind, length := protowire.ConsumeTag(state)
		if length < 0 {
			return nil, false
		}
		state = state[length:]
		length = protowire.ConsumeFieldValue(number, kind, state)
		if length < 0 {
			return nil, false
		}
		if number == dispatchedRequests {
			packed := state[:length]
			if kind == protowire.BytesType {
				packed, _ = protowire.ConsumeBytes(packed)
			}
			for len(packed) > 0 {
				index, size := protowire.ConsumeFixed64(packed)
				if size < 0 {
					return nil, false
				}
				keys = append(keys, strconv.FormatUint(index, 10))
				packed = packed[size:]
			}
		}
		state = state[length:]
	}
	return keys, true
}
