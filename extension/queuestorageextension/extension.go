package queuestorageextension

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/shared"
)

// queueStorage gives clients of another storage.
type queueStorage struct {
	component.ShutdownFunc
	storage component.ID
	logger  *zap.Logger
	host    component.Host
}

var (
	_ storage.Extension               = (*queueStorage)(nil)
	_ extensioncapabilities.Dependent = (*queueStorage)(nil)
)

// Dependencies implements extensioncapabilities.Dependent.
func (q *queueStorage) Dependencies() []component.ID { return []component.ID{q.storage} }

// Start implements component.Component.
func (q *queueStorage) Start(_ context.Context, host component.Host) error {
	q.host = host
	return nil
}

// GetClient implements storage.Extension. The client is the other storage's of the same name: a queue that used that one before goes on.
func (q *queueStorage) GetClient(ctx context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	inner, err := shared.Storage(q.host, q.storage)
	if err != nil {
		return nil, err
	}
	client, err := inner.GetClient(ctx, kind, id, name)
	if err != nil {
		return nil, err
	}
	return &queueClient{
		Client: client, logger: q.logger, unread: map[string][]byte{},
		waits: func() <-chan time.Time { return time.After(wait) },
	}, nil
}
