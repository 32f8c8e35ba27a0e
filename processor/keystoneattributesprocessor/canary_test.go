package keystoneattributesprocessor

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/keystoneattributesprocessor/internal/metadata"
)

// Each login of ours is told in a record: at the start, and when the token ends.
func TestCanary(t *testing.T) {
	server := lab()
	server.SetTokenLifetime(2 * time.Second)
	h := newHarness(t, server, func(c *Config) { c.Canary = true }, nil)
	began := time.Now()
	h.start()
	require.Eventually(t, func() bool { return h.sink.LogRecordCount() >= 2 }, patience, 10*time.Millisecond)
	h.stop()
	told := map[string]bool{}
	for _, logs := range h.sink.AllLogs() {
		rl := logs.ResourceLogs().At(0)
		require.Equal(t, map[string]any{"service.name": component.NewDefaultBuildInfo().Command}, rl.Resource().Attributes().AsRaw())
		record := rl.ScopeLogs().At(0).LogRecords().At(0)
		require.Equal(t, audit.EventCanary, record.EventName())
		require.Equal(t, "the collector logged in to Keystone", record.Body().Str())
		attributes := record.Attributes().AsRaw()
		uid := attributes["log.record.uid"].(string)
		require.False(t, told[uid], "each login has its own")
		told[uid] = true
		delete(attributes, "log.record.uid")
		require.Equal(t, map[string]any{"user.id": keystonetest.UserID, "user.name": keystonetest.Username}, attributes)
		require.WithinRange(t, record.Timestamp().AsTime(), began, time.Now())
	}
	require.LessOrEqual(t, len(told), server.Logins())
}

func TestNoCanaryByDefault(t *testing.T) {
	h := newHarness(t, lab(), nil, nil)
	h.start()
	added(t, h, map[string]string{"user.id": aliceID})
	h.stop()
	require.Equal(t, 1, h.sink.LogRecordCount())
}

// Every pipeline is told; one that refuses costs the others nothing, and one that ended is left alone.
func TestCanaryInSeveralPipelines(t *testing.T) {
	c := newCanary(processortest.NewNopSettings(metadata.Type))
	accepts, ended := &consumertest.LogsSink{}, &consumertest.LogsSink{}
	c.join(consumertest.NewErr(errors.New("full")))
	c.join(accepts)
	c.join(ended)()
	c.loggedIn(keystone.Login{UserID: "a", At: time.Now()})
	c.loggedIn(keystone.Login{UserID: "b", At: time.Now()})
	go c.tell(t.Context())
	require.Eventually(t, func() bool { return accepts.LogRecordCount() == 1 }, patience, time.Millisecond)
	user, _ := accepts.AllLogs()[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().Get(audit.AttrUserID)
	require.Equal(t, "b", user.Str(), "the last one")
	require.Zero(t, ended.LogRecordCount())
}
