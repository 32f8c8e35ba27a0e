package keystoneattributesprocessor

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/processor"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/directory"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
)

// enricher is the processor: it owns the client for Keystone, the directory and the telemetry.
type enricher struct {
	config    *Config
	set       processor.Settings
	telemetry *telemetry
	batches   batches

	startOnce sync.Once
	startErr  error
	status    *status
	canary    canary
	transport transport
	directory *directory.Directory
	client    *keystone.Client
	cancel    context.CancelFunc
	login     sync.WaitGroup
}

func newEnricher(config *Config, set processor.Settings) (*enricher, error) {
	telemetry, err := newTelemetry(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &enricher{config: config, set: set, telemetry: telemetry, status: &status{logger: set.Logger}, canary: newCanary(set)}, nil
}

// start fails for local mistakes alone: an entry of clouds.yaml, a certificate, a storage extension that is not there. One that is there
// and cannot be opened is no reason.
func (e *enricher) start(ctx context.Context, host component.Host) error {
	e.startOnce.Do(func() { e.startErr = e.startAll(ctx, host) })
	return e.startErr
}

func (e *enricher) startAll(ctx context.Context, host component.Host) error {
	auth, httpConfig, err := e.config.credentials()
	if err != nil {
		return err
	}
	if httpConfig.MaxIdleConnsPerHost == 0 {
		httpConfig.MaxIdleConnsPerHost = e.config.MaxConcurrentRequests // net/http keeps two
	}
	httpClient, err := e.transport.client(ctx, &httpConfig, host.GetExtensions(), e.set.TelemetrySettings)
	if err != nil {
		return fmt.Errorf("http: %w", err)
	}
	names, err := e.storage(ctx, host)
	if err != nil {
		return err
	}
	e.client = keystone.NewClient(keystone.Settings{
		Auth: auth, HTTP: httpClient,
		Observe: e.telemetry.request, LoginChanged: e.status.loginChanged, LoggedIn: e.canary.loggedIn,
	})
	e.directory = directory.New(e.settings(names))
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	e.cancel = cancel
	e.login.Go(func() { e.client.Run(run) })
	if e.config.Canary {
		e.login.Go(func() { e.canary.tell(run) })
	}
	e.directory.Start(ctx)
	return e.telemetry.watch(e.directory)
}

func (e *enricher) settings(names storage.Client) directory.Settings {
	kinds := make([]keystone.Kind, 0, len(e.config.Kinds))
	for _, name := range e.config.Kinds {
		if kind, known := keystone.ParseKind(name); known {
			kinds = append(kinds, kind)
		}
	}
	return directory.Settings{
		Identity: e.client, Observer: e.telemetry, Logger: e.set.Logger,
		Kinds:      kinds,
		MaxEntries: e.config.Cache.MaxEntries,
		TTL:        e.config.Cache.TTL, NegativeTTL: e.config.Cache.NegativeTTL, TombstoneTTL: e.config.Cache.TombstoneTTL,
		Preload: e.config.Preload, RefreshInterval: e.config.RefreshInterval,
		Workers: e.config.MaxConcurrentRequests, Wait: e.config.Wait, Storage: names,
	}
}

func (e *enricher) shutdown(ctx context.Context) {
	if e.cancel != nil {
		e.cancel()
		e.directory.Shutdown(ctx)
		e.login.Wait()
		e.transport.CloseIdleConnections()
	}
	e.telemetry.builder.Shutdown()
}

// budget is the context of all lookups of a batch.
func (e *enricher) budget(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, max(e.config.Wait, time.Nanosecond))
}
