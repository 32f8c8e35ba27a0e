package backends

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// otlpLoki takes logs where Loki would; what it is to refuse is refused for now.
type otlpLoki struct {
	*httptest.Server
	mu      sync.Mutex
	lines   map[string]int
	records int
	refuse  bool
	refused int
}

func newOTLPLoki(t testing.TB) *otlpLoki {
	t.Helper()
	l := &otlpLoki{lines: map[string]int{}}
	l.Server = httptest.NewServer(collectortest.OTLP("/otlp/v1/logs", l.store))
	t.Cleanup(l.Close)
	return l
}

func (l *otlpLoki) store(_ context.Context, logs plog.Logs) (status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuse {
		l.refused++
		return http.StatusServiceUnavailable
	}
	for record := range collectortest.Records(logs) {
		l.lines[record.Body().AsString()]++
		l.records++
	}
	return http.StatusNoContent
}

func (l *otlpLoki) setRefuse(refuse bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refuse = refuse
}

// has tells when the records are not as many as wanted.
func (l *otlpLoki) has(want int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.records != want {
		return fmt.Errorf("%d records, %d requests refused; want %d records", l.records, l.refused, want)
	}
	return nil
}

func TestFull(t *testing.T) {
	t.Parallel()
	l := newOTLPLoki(t)
	f := startFull(t, l.URL+"/otlp")
	status := f.waitStatus(t, "StatusOK", func(status componentStatus) string { return status.Status })
	require.Contains(t, status.Components, "pipeline:logs/loki")

	send(t, f.url, story(time.Now())...)
	eventually(t, func() error { return errors.Join(l.has(storyRecords), f.elasticsearch.has(storyRecords)) }, f.process)
	eventually(t, func() error {
		return exported(t, f.exporter, 12, `cloud_region="RegionOne",error_type="invalid_credentials"`)
	}, f.process)
	l.mu.Lock()
	require.Equal(t, 1, l.lines["admin granted role admin to user bob on project demo from 10.0.0.5: success"], "%v", l.lines)
	require.Equal(t, 1, l.lines["bob deleted project demo from 192.0.2.8: success"], "%v", l.lines)
	l.mu.Unlock()
	_, found := f.elasticsearch.find("body.text", "bob deleted project demo from 192.0.2.8: success")
	require.True(t, found, "with names in Elasticsearch too")

	// Each backend is away for a while, and the other goes on.
	more := func(count int) (all [][]byte) {
		for range count {
			all = append(all, login(time.Now(), eve, "failure"))
		}
		return all
	}
	l.setRefuse(true)
	send(t, f.url, more(30)...)
	eventually(t, func() error { return f.elasticsearch.has(storyRecords + 30) }, f.process)
	l.setRefuse(false)
	f.elasticsearch.setRefuse(http.StatusServiceUnavailable)
	send(t, f.url, more(30)...)
	eventually(t, func() error { return l.has(storyRecords + 60) }, f.process)
	f.elasticsearch.setRefuse(0)
	eventually(t, func() error { return f.elasticsearch.has(storyRecords + 60) }, f.process)
	eventually(t, func() error {
		return exported(t, f.exporter, 12+60, `cloud_region="RegionOne",error_type="invalid_credentials"`)
	}, f.process)
	t.Logf("sent %d messages; %d records at each of two backends", storyRecords+60, storyRecords+60)
	f.Stop(t)
}

// The health check says what the receiver says: the broker is away.
func TestFullKnowsThatTheBrokerIsAway(t *testing.T) {
	t.Parallel()
	l := newOTLPLoki(t)
	f := startFull(t, l.URL+"/otlp", "--set", "extensions.health_check.component_health.recovery_duration=1s")
	f.waitStatus(t, "StatusOK", func(status componentStatus) string { return status.Status })
	_, err := node.Ctl(t.Context(), "delete_vhost", virtualHost(t))
	require.NoError(t, err)
	eventually(t, func() error {
		_, err := get(t.Context(), "http://"+f.health+"/status", nil)
		if err == nil {
			return errors.New("still healthy")
		}
		return nil
	}, f.process)
	f.waitStatus(t, "StatusRecoverableError", func(status componentStatus) string {
		return status.Components["pipeline:logs/loki"].Components["receiver:openstack_audit/loki"].Status
	})
}

// componentStatus is what the health check tells.
type componentStatus struct {
	Healthy    bool
	Status     string
	Error      string
	Components map[string]componentStatus
}

// waitStatus waits until the health check tells the status that is wanted, of the part that is looked at.
func (f *full) waitStatus(t testing.TB, want string, look func(componentStatus) string) (status componentStatus) {
	t.Helper()
	eventually(t, func() error {
		status = componentStatus{}
		body, err := get(t.Context(), "http://"+f.health+"/status", url.Values{"verbose": {""}})
		if body == "" {
			return err
		}
		if err := json.Unmarshal([]byte(body), &status); err != nil {
			return err
		}
		if got := look(status); got != want {
			return fmt.Errorf("%s, want %s: %+v", got, want, status)
		}
		return nil
	}, f.process)
	return status
}
