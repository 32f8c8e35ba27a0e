package queuestorageextension

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"strconv"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/openstack-audit/otelcol-openstack-audit/extension/queuestorageextension/internal/metadata"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/storagetest"
)

var file = component.MustNewID("file_storage")

// The start of a queue, as persistent_queue.go has it, killed after each of its transactions: what was being sent is still there, under its
// old index, which the state names, or under its new one.
func TestKilledWhileItStarts(t *testing.T) {
	for _, form := range []struct {
		name  string
		state func(read, write uint64, dispatched ...uint64) []byte
	}{{"packed", packedState}, {"one by one", singleState}} {
		for transactions := range 8 {
			t.Run(fmt.Sprintf("%s, killed after %d", form.name, transactions), func(t *testing.T) {
				disk := storagetest.NewMemory()
				require.NoError(t, disk.Batch(t.Context(), storage.SetOperation(stateKey, form.state(2, 2, 0, 1)),
					storage.SetOperation("0", []byte("first")), storage.SetOperation("1", []byte("second"))))
				client := newClient(t, &killed{Memory: disk, after: transactions})

				for _, transaction := range [][]*storage.Operation{
					{storage.GetOperation("0"), storage.GetOperation("1")},
					{storage.DeleteOperation("0"), storage.DeleteOperation("1")},
					{storage.SetOperation(stateKey, form.state(2, 3, 0, 1)), storage.SetOperation("2", []byte("first"))},
					{storage.SetOperation(stateKey, form.state(2, 4, 0, 1)), storage.SetOperation("3", []byte("second"))},
					{storage.SetOperation(stateKey, form.state(3, 4, 2)), storage.GetOperation("2")},
					{storage.SetOperation(stateKey, form.state(3, 4)), storage.DeleteOperation("2")}, // the first is sent
					{storage.SetOperation(stateKey, form.state(4, 4, 3)), storage.GetOperation("3")},
				} {
					if client.Batch(t.Context(), transaction...) != nil {
						break
					}
				}

				texts := found(t, disk)
				assert.Contains(t, texts, "second")
				_, taken := disk.Values()["2"]
				if transactions < 5 || taken {
					assert.Contains(t, texts, "first")
				}
				if transactions >= 4 {
					require.NoError(t, client.Close(t.Context()))
					assert.NotContains(t, disk.Values(), "0", "deleted with the state that does not name it")
					assert.NotContains(t, disk.Values(), "1")
				}
			})
		}
	}
}

// A request costs one transaction: that it was taken out and sent is written with the next one.
func TestTransactions(t *testing.T) {
	disk := &killed{Memory: storagetest.NewMemory(), after: 3}
	client := newClient(t, disk)
	for index := range uint64(3) {
		key := strconv.FormatUint(index, 10)
		get := storage.GetOperation(key)
		for _, transaction := range [][]*storage.Operation{
			{storage.SetOperation(stateKey, packedState(index, index+1)), storage.SetOperation(key, []byte("request "+key))},
			{storage.SetOperation(stateKey, packedState(index+1, index+1, index)), get},
			{storage.SetOperation(stateKey, packedState(index+1, index+1)), storage.DeleteOperation(key)},
		} {
			require.NoError(t, client.Batch(t.Context(), transaction...))
		}
		require.Equal(t, "request "+key, string(get.Value))
		assert.Contains(t, disk.Values(), key, "what was put is on the disk")
		assert.Len(t, disk.Values(), 2, "the state and the last request")
	}
}

// What waits is written a moment later if nothing else is, and when the queue ends.
func TestWrittenLater(t *testing.T) {
	for _, tt := range []struct {
		name string
		then func(t *testing.T, client storage.Client)
	}{
		{"nothing comes", func(*testing.T, storage.Client) { time.Sleep(writeWithin) }},
		{"the end", func(t *testing.T, client storage.Client) {
			t.Helper()
			require.NoError(t, client.Close(t.Context()))
		}},
		{"something else is written", func(t *testing.T, client storage.Client) {
			t.Helper()
			require.NoError(t, client.Set(t.Context(), "ri", nil))
		}},
		{"something else is read", func(t *testing.T, client storage.Client) {
			t.Helper()
			state, err := client.Get(t.Context(), stateKey)
			require.NoError(t, err)
			assert.Equal(t, packedState(8, 8), state)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				disk := storagetest.NewMemory()
				require.NoError(t, disk.Set(t.Context(), "7", []byte("sent")))
				client := newClient(t, disk)
				require.NoError(t, client.Batch(t.Context(), storage.SetOperation(stateKey, packedState(8, 8)), storage.DeleteOperation("7")))
				require.Contains(t, disk.Values(), "7")
				tt.then(t, client)
				synctest.Wait()
				assert.NotContains(t, disk.Values(), "7")
				assert.Equal(t, packedState(8, 8), disk.Values()[stateKey])
			})
		})
	}
}

// The queue gets so much back from memory, and the rest from the disk.
func TestUnread(t *testing.T) {
	disk := storagetest.NewMemory()
	client := newClient(t, disk)
	large := make([]byte, unreadBytes/2)
	for index := range uint64(3) {
		require.NoError(t, client.Batch(t.Context(), storage.SetOperation(stateKey, packedState(0, index+1)),
			storage.SetOperation(strconv.FormatUint(index, 10), large)))
	}
	disk.Break(true)
	for index, want := range []error{nil, nil, storagetest.ErrBroken} {
		get := storage.GetOperation(strconv.Itoa(index))
		require.ErrorIs(t, client.Batch(t.Context(), storage.SetOperation(stateKey, packedState(uint64(index)+1, 3)), get), want)
		assert.Equal(t, want == nil, len(get.Value) == len(large))
	}
	disk.Break(false)
	require.NoError(t, client.Batch(t.Context(), storage.SetOperation(stateKey, packedState(3, 3)), storage.GetOperation("2")))
}

// The disk is full: what was sent is deleted once there is space.
func TestDeletionThatFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := storagetest.NewMemory()
		require.NoError(t, disk.Set(t.Context(), "7", []byte("sent")))
		client := newClient(t, disk)
		disk.Break(true)
		require.NoError(t, client.Batch(t.Context(), storage.SetOperation(stateKey, packedState(8, 9)), storage.DeleteOperation("7")))
		time.Sleep(writeWithin)
		synctest.Wait()
		assert.Contains(t, disk.Values(), "7")
		require.ErrorIs(t, client.Batch(t.Context(), storage.SetOperation(stateKey, packedState(8, 10)), storage.SetOperation("9", nil)),
			storagetest.ErrBroken, "a request is refused that is not on the disk")
		disk.Break(false)
		time.Sleep(writeAgain)
		synctest.Wait()
		assert.NotContains(t, disk.Values(), "7")
	})
}

func TestWhatIsHandedOn(t *testing.T) {
	for _, tt := range []struct {
		name       string
		operations []*storage.Operation
		want       []string
	}{
		{"keys that are no requests", []*storage.Operation{storage.DeleteOperation("ri"), storage.DeleteOperation("5")}, nil},
		{"a request beside it", []*storage.Operation{storage.SetOperation("6", []byte("new"))}, []string{"5", "6"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			disk := storagetest.NewMemory()
			require.NoError(t, disk.Set(t.Context(), "5", []byte("request")))
			require.NoError(t, newClient(t, disk).Batch(t.Context(), tt.operations...))
			var keys []string
			for key := range disk.Values() {
				keys = append(keys, key)
			}
			assert.ElementsMatch(t, tt.want, keys)
		})
	}
}

// The disk is full while the queue takes a request out: it gets it at the latest when there is space.
func TestReadsWithoutSpace(t *testing.T) {
	for _, tt := range []struct {
		name     string
		failures []error // of the transactions, one behind the other
		state    bool    // whether the state is written
		want     error
	}{
		{"there is space", nil, true, nil},
		{"none to write", []error{storage.ErrStorageFull}, false, nil},
		{"none to write, as the disk says", []error{&os.PathError{Op: "write", Path: "queue", Err: syscall.ENOSPC}}, false, nil},
		{"none to write, as quoted", []error{errors.New("file resize error: " + syscall.ENOSPC.Error())}, false, nil}, // as bbolt does
		{"none to read, then all", []error{storage.ErrStorageFull, storage.ErrStorageFull}, true, nil},
		{"none to read, then to read", []error{storage.ErrStorageFull, storage.ErrStorageFull, storage.ErrStorageFull}, false, nil},
		{"another error", []error{storagetest.ErrBroken}, false, storagetest.ErrBroken},
		{"another error when it reads", []error{storage.ErrStorageFull, storagetest.ErrBroken}, false, storagetest.ErrBroken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			disk := storagetest.NewMemory()
			require.NoError(t, disk.Set(t.Context(), "0", []byte("request")))
			client := &queueClient{Client: &failing{Memory: disk, failures: tt.failures}, logger: zap.NewNop(), waits: at}
			get := storage.GetOperation("0")
			require.ErrorIs(t, client.Batch(t.Context(), storage.SetOperation(stateKey, packedState(1, 1, 0)), get), tt.want)
			if tt.want == nil {
				assert.Equal(t, "request", string(get.Value))
			}
			_, written := disk.Values()[stateKey]
			assert.Equal(t, tt.state, written)
		})
	}

	t.Run("a request that is put is refused", func(t *testing.T) {
		client := &queueClient{Client: &failing{Memory: storagetest.NewMemory(), failures: []error{storage.ErrStorageFull}}, waits: at}
		require.ErrorIs(t, client.Batch(t.Context(), storage.SetOperation(stateKey, packedState(0, 1)), storage.SetOperation("0", nil)),
			storage.ErrStorageFull)
	})
}

// failing is a disk whose next transactions fail.
type failing struct {
	*storagetest.Memory
	failures []error
}

func (f *failing) Batch(ctx context.Context, operations ...*storage.Operation) error {
	if len(f.failures) > 0 {
		err := f.failures[0]
		f.failures = f.failures[1:]
		return err
	}
	return f.Memory.Batch(ctx, operations...)
}

// at is a wait that is over.
func at() <-chan time.Time {
	over := make(chan time.Time)
	close(over)
	return over
}

// A state that cannot be read deletes nothing.
func TestUnknownState(t *testing.T) {
	disk := storagetest.NewMemory()
	require.NoError(t, disk.Set(t.Context(), "5", []byte("request")))
	client := newClient(t, disk)
	require.NoError(t, client.Batch(t.Context(), storage.DeleteOperation("5")))
	for _, state := range [][]byte{{0xff}, protowire.AppendTag(nil, dispatchedRequests, protowire.BytesType), {0x2a, 0x01, 0x00}} {
		require.NoError(t, client.Batch(t.Context(), storage.SetOperation(stateKey, state)))
		written, err := client.Get(t.Context(), stateKey)
		require.NoError(t, err)
		assert.Equal(t, state, written)
		assert.Contains(t, disk.Values(), "5")
	}
	require.NoError(t, client.Batch(t.Context(), storage.SetOperation(stateKey, nil)))
	require.NoError(t, client.Close(t.Context()))
	assert.NotContains(t, disk.Values(), "5", "a state without requests is one")
}

func TestStorageMissing(t *testing.T) {
	for _, tt := range []struct {
		name string
		host host
		want string
	}{
		{"not there", host{}, `there is no extension "file_storage"`},
		{"no storage", host{file: struct{ component.Component }{}}, "is no storage"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := start(t, tt.host).GetClient(t.Context(), component.KindExporter, component.MustNewID("otlp_http"), "logs")
			require.ErrorContains(t, err, tt.want)
		})
	}
	require.ErrorIs(t, (&Config{}).Validate(), errNoStorage)
}

func FuzzState(f *testing.F) {
	f.Add(packedState(1, 2, 3))
	f.Add(singleState(1, 2, 3, 4))
	f.Fuzz(func(t *testing.T, state []byte) {
		keys, known := dispatchedIn(state)
		for _, key := range keys {
			_, err := strconv.ParseUint(key, 10, 64)
			require.NoError(t, err)
		}
		assert.True(t, known || len(state) > 0)
	})
}

// killed is a disk whose process ends after so many transactions.
type killed struct {
	*storagetest.Memory
	after int
}

func (k *killed) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return k, nil
}

func (k *killed) Batch(ctx context.Context, operations ...*storage.Operation) error {
	if k.after == 0 {
		return errors.New("killed")
	}
	k.after--
	return k.Memory.Batch(ctx, operations...)
}

// found are the requests that a queue finds when it starts: those that its state names, and those from its read index to its write index.
func found(t *testing.T, disk *storagetest.Memory) (texts []string) {
	t.Helper()
	values := maps.Clone(disk.Values())
	dispatched, known := dispatchedIn(values[stateKey])
	require.True(t, known)
	for _, key := range dispatched {
		texts = append(texts, string(values[key]))
	}
	read, write := indexes(t, values[stateKey])
	for index := read; index < write; index++ {
		texts = append(texts, string(values[strconv.FormatUint(index, 10)]))
	}
	return texts
}

func indexes(t *testing.T, state []byte) (read, write uint64) {
	t.Helper()
	for len(state) > 0 {
		number, kind, length := protowire.ConsumeTag(state)
		require.Positive(t, length)
		state = state[length:]
		switch number {
		case 3:
			read, _ = protowire.ConsumeFixed64(state)
		case 4:
			write, _ = protowire.ConsumeFixed64(state)
		}
		state = state[protowire.ConsumeFieldValue(number, kind, state):]
	}
	return read, write
}

func stateOf(read, write uint64) []byte {
	state := protowire.AppendFixed64(protowire.AppendTag(nil, 1, protowire.Fixed64Type), 2) // items_size
	state = protowire.AppendFixed64(protowire.AppendTag(state, 3, protowire.Fixed64Type), read)
	return protowire.AppendFixed64(protowire.AppendTag(state, 4, protowire.Fixed64Type), write)
}

// packedState is how the queue writes it.
func packedState(read, write uint64, dispatched ...uint64) []byte {
	var indexes []byte
	for _, index := range dispatched {
		indexes = protowire.AppendFixed64(indexes, index)
	}
	if len(indexes) == 0 {
		return stateOf(read, write)
	}
	return protowire.AppendBytes(protowire.AppendTag(stateOf(read, write), dispatchedRequests, protowire.BytesType), indexes)
}

// singleState is what a reader of such data has to understand as well.
func singleState(read, write uint64, dispatched ...uint64) []byte {
	state := stateOf(read, write)
	for _, index := range dispatched {
		state = protowire.AppendFixed64(protowire.AppendTag(state, dispatchedRequests, protowire.Fixed64Type), index)
	}
	return state
}

type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

func newClient(t *testing.T, disk component.Component) storage.Client {
	t.Helper()
	client, err := start(t, host{file: disk}).GetClient(t.Context(), component.KindExporter, component.MustNewID("otlp_http"), "logs")
	require.NoError(t, err)
	return client
}

func start(t *testing.T, h host) storage.Extension {
	t.Helper()
	made, err := NewFactory().Create(t.Context(), extensiontest.NewNopSettings(metadata.Type), &Config{Storage: file})
	require.NoError(t, err)
	require.NoError(t, made.Start(t.Context(), h))
	return made.(storage.Extension)
}
