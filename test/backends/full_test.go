package backends

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// has tells when a backend has not as many records as wanted.
func has(b *collectortest.Backend, want int) error {
	if got := b.Count(); got != want {
		return fmt.Errorf("%d records, want %d", got, want)
	}
	return nil
}

func TestFull(t *testing.T) {
	t.Parallel()
	l := collectortest.NewBackend(t, "/otlp/v1/logs")
	f := startFull(t, l.URL+"/otlp")
	status := f.waitStatus(t, "StatusOK", func(status componentStatus) string { return status.Status })
	require.Contains(t, status.Components, "pipeline:logs/loki")

	send(t, f.url, story(time.Now())...)
	eventually(t, func() error { return errors.Join(has(l, storyRecords), f.elasticsearch.has(storyRecords)) }, f.Process)
	eventually(t, func() error {
		return exported(t, f.Prometheus, 12, `cloud_region="RegionOne",error_type="invalid_credentials"`)
	}, f.Process)
	sentences := map[string]int{}
	for record := range audit.Records(l.Logs()) {
		sentences[record.Body().AsString()]++
	}
	require.Equal(t, 1, sentences["admin granted role admin to user bob on project demo from 10.0.0.5: success"], "%v", sentences)
	require.Equal(t, 1, sentences["bob deleted project demo from 192.0.2.8: success"], "%v", sentences)
	_, found := f.elasticsearch.find("body.text", "bob deleted project demo from 192.0.2.8: success")
	require.True(t, found, "with names in Elasticsearch too")

	// Each backend is away for a while, and the other goes on.
	more := func(count int) (all [][]byte) {
		for range count {
			all = append(all, login(time.Now(), eve, "failure"))
		}
		return all
	}
	l.Answer(http.StatusServiceUnavailable)
	send(t, f.url, more(30)...)
	eventually(t, func() error { return f.elasticsearch.has(storyRecords + 30) }, f.Process)
	l.Answer(http.StatusOK)
	f.elasticsearch.setRefuse(http.StatusServiceUnavailable)
	send(t, f.url, more(30)...)
	eventually(t, func() error { return has(l, storyRecords+60) }, f.Process)
	f.elasticsearch.setRefuse(0)
	eventually(t, func() error { return f.elasticsearch.has(storyRecords + 60) }, f.Process)
	eventually(t, func() error {
		return exported(t, f.Prometheus, 12+60, `cloud_region="RegionOne",error_type="invalid_credentials"`)
	}, f.Process)
	t.Logf("sent %d messages; %d records at each of two backends", storyRecords+60, storyRecords+60)
	f.Stop(t)
}

// The health check says what the receiver says: the broker is away.
func TestFullKnowsThatTheBrokerIsAway(t *testing.T) {
	t.Parallel()
	l := collectortest.NewBackend(t, "/otlp/v1/logs")
	f := startFull(t, l.URL+"/otlp", "--set", "extensions.health_check.component_health.recovery_duration=1s")
	f.waitStatus(t, "StatusOK", func(status componentStatus) string { return status.Status })
	_, err := node.Ctl(t.Context(), "delete_vhost", virtualHost(t))
	require.NoError(t, err)
	eventually(t, func() error {
		_, err := collectortest.Get(t.Context(), "http://"+f.Health+"/status")
		if err == nil {
			return errors.New("still healthy")
		}
		return nil
	}, f.Process)
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
		body, err := collectortest.Get(t.Context(), "http://"+f.Health+"/status?verbose")
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
	}, f.Process)
	return status
}
