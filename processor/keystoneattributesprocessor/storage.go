package keystoneattributesprocessor

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/shared"
)

// storageName is what our part of the storage is called.
const storageName = "names"

// storage opens the storage, nil when there is none. It fails for an extension that is not there. One that is there and
// cannot be opened is no failure: the audit trail does not wait for what keeps names over a restart.
func (e *enricher) storage(ctx context.Context, host component.Host) (storage.Client, error) {
	if e.config.Storage == nil {
		return nil, nil
	}
	id := *e.config.Storage
	keeper, err := shared.Storage(host, id)
	if err != nil {
		return nil, err
	}
	client, err := e.open(ctx, keeper)
	if err != nil {
		e.set.Logger.Warn("the storage cannot be opened: names are known until the next restart only. If its file is damaged, remove it, "+
			"or set recreate: true at the extension.",
			zap.Stringer("storage", id), zap.Error(err))
		return nil, nil
	}
	return client, nil
}

func (e *enricher) open(ctx context.Context, keeper storage.Extension) (storage.Client, error) {
	var client storage.Client
	err := guard(func() (err error) {
		client, err = keeper.GetClient(ctx, component.KindProcessor, e.set.ID, storageName)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &guardedClient{Client: client}, nil
}

// errDamaged is a panic of the storage.
var errDamaged = errors.New("the storage is damaged")

// guard turns a panic of f into an error, and also a fault: bbolt reads a file that is mapped into memory, and where that
// was cut short the system sends SIGBUS.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", errDamaged, r)
		}
	}()
	return f()
}

// guardedClient keeps damage in a storage from ending the Collector. After a panic, the locks of the storage may be held
// for ever: it is not used any more.
type guardedClient struct {
	storage.Client
	damage atomic.Pointer[error]
}

// Batch implements storage.Client.
func (c *guardedClient) Batch(ctx context.Context, operations ...*storage.Operation) error {
	if damage := c.damage.Load(); damage != nil {
		return *damage
	}
	var err error
	if damage := guard(func() error { err = c.Client.Batch(ctx, operations...); return nil }); damage != nil {
		damage = fmt.Errorf("%w; names are known until the next restart only. Remove its file", damage)
		c.damage.Store(&damage)
		return damage
	}
	return err
}

// closeTime is how long a storage that is damaged may take to close.
const closeTime = 5 * time.Second

// Close implements storage.Client.
func (c *guardedClient) Close(ctx context.Context) error {
	if c.damage.Load() == nil {
		return guard(func() error { return c.Client.Close(ctx) })
	}
	ctx, cancel := context.WithTimeout(ctx, closeTime)
	defer cancel()
	closed := make(chan error, 1)
	go func() { closed <- guard(func() error { return c.Client.Close(ctx) }) }()
	select {
	case err := <-closed:
		return err
	case <-ctx.Done():
		return nil // it was said when it broke
	}
}
