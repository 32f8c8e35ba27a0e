package openstackauditcompletenessconnector

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/shared"
)

// stateKey names what is kept over a restart.
const stateKey = "state"

// savedState is the state of a tracker that ended. It is read once: after a crash, what it says is waited for has come already.
type savedState struct {
	Publishers map[source]*publisher
	Services   map[string]*service
	Requests   map[requestKey]*request
	Sessions   map[sessionKey]*session
	Canaries   []canary
	Findings   []finding
}

// openStorage opens the storage, nil when there is none. It fails for an extension that is not there; one that cannot be opened is no
// failure: the audit trail does not wait for what remembers.
func openStorage(
	ctx context.Context, host component.Host, extension *component.ID, id component.ID, logger *zap.Logger,
) (storage.Client, error) {
	if extension == nil {
		return nil, nil
	}
	keeper, err := shared.Storage(host, *extension)
	if err != nil {
		return nil, err
	}
	client, err := keeper.GetClient(ctx, component.KindConnector, id, "")
	if err != nil {
		logger.Warn("the storage cannot be opened: what is known is forgotten at the next restart",
			zap.Stringer("storage", extension), zap.Error(err))
		return nil, nil
	}
	return client, nil
}

// load takes the state out of a storage.
func (t *tracker) load(ctx context.Context, client storage.Client) error {
	if client == nil {
		return nil
	}
	text, err := client.Get(ctx, stateKey)
	if err != nil || text == nil {
		return err
	}
	if err := client.Delete(ctx, stateKey); err != nil {
		return err
	}
	var saved savedState
	if err := gob.NewDecoder(bytes.NewReader(text)).Decode(&saved); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.restore(&saved)
	return nil
}

func (t *tracker) restore(saved *savedState) {
	for _, p := range saved.Publishers {
		if known := t.publisher(p.Source); known != &t.publishers.others {
			*known = *p
			t.all.Event = later(t.all.Event, p.Heard.Event)
		}
	}
	for name, s := range saved.Services {
		if _, expected := t.publishers.services[name]; expected {
			t.publishers.services[name] = s
		}
	}
	for key, r := range saved.Requests {
		if len(t.requests.waiting) < t.config.MaxRequests {
			t.requests.waiting[key] = r
		}
	}
	for key, s := range saved.Sessions {
		if len(t.sequences.sessions) < t.config.MaxPublishers {
			t.sequences.sessions[key] = s
		}
	}
	t.canaries.waiting = saved.Canaries
	t.found = append(t.found, saved.Findings...)
}

// save puts the state into a storage.
func (t *tracker) save(ctx context.Context, client storage.Client) error {
	var text bytes.Buffer
	t.mu.Lock()
	err := gob.NewEncoder(&text).Encode(savedState{
		t.publishers.known, t.publishers.services, t.requests.waiting, t.sequences.sessions, t.canaries.waiting, t.found,
	})
	t.mu.Unlock()
	if err != nil {
		return err
	}
	return client.Set(ctx, stateKey, text.Bytes())
}
