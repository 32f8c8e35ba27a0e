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

// wait is for how long the queue waits for space on the disk before it tries to read on.
const wait = time.Second

// queueClient delays some deletions, and reads on where it cannot write. When the queue starts, it deletes the requests that were being
// sent in one transaction, and puts each at the queue's end in one more. A kill in between would lose those that are in neither place.
// Deletions of requests alone are kept here until the queue writes a state that does not name these requests as being sent, and done in
// that transaction. A kill before that leaves both copies, or the first: sent twice rather than never.
//
// When the queue takes a request out, it writes a state that names it as being sent, and reads it, in one transaction; where that fails, it
// drops the request. On a full disk the request is read all the same: the state on the disk is older then, and says that it still has to be
// sent. Where the disk is too full for that too, the queue waits.
type queueClient struct {
	storage.Client
	logger *zap.Logger
	waits  func() <-chan time.Time

	mu      sync.Mutex
	delayed []string // keys of requests
}

// Batch implements storage.Client.
func (c *queueClient) Batch(ctx context.Context, operations ...*storage.Operation) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if deletesRequestsAlone(operations) {
		for _, operation := range operations {
			c.delayed = append(c.delayed, operation.Key)
		}
		return nil
	}
	due, rest := c.due(operations)
	withDue := slices.Clip(operations)
	for _, key := range due {
		withDue = append(withDue, storage.DeleteOperation(key))
	}
	if err := c.Client.Batch(ctx, withDue...); err != nil {
		if reads := readsBesideState(operations); len(reads) > 0 && isFull(err) {
			return c.readWithoutSpace(ctx, operations, reads)
		}
		return err
	}
	c.delayed = rest
	return nil
}

// readWithoutSpace does what it can of the transaction: all of it, or the reads, or nothing until there is space.
func (c *queueClient) readWithoutSpace(ctx context.Context, operations, reads []*storage.Operation) error {
	for complained := false; ; complained = true {
		err := c.Client.Batch(ctx, reads...)
		if err == nil || !isFull(err) {
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
		if c.Client.Batch(ctx, operations...) == nil {
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

// due tells which delayed deletions belong in the transaction: those of requests that its state no longer names.
func (c *queueClient) due(operations []*storage.Operation) (due, rest []string) {
	if len(c.delayed) == 0 {
		return nil, nil
	}
	for _, operation := range operations {
		if operation.Type != storage.Set || operation.Key != stateKey {
			continue
		}
		dispatched, known := dispatchedIn(operation.Value)
		if !known {
			break
		}
		for _, key := range c.delayed {
			if slices.Contains(dispatched, key) {
				rest = append(rest, key)
			} else {
				due = append(due, key)
			}
		}
		return due, rest
	}
	return nil, c.delayed
}

func deletesRequestsAlone(operations []*storage.Operation) bool {
	for _, operation := range operations {
		if operation.Type != storage.Delete {
			return false
		}
		if _, err := strconv.ParseUint(operation.Key, 10, 64); err != nil {
			return false
		}
	}
	return len(operations) > 0
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
