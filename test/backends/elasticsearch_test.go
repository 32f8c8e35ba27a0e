package backends

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

func elasticsearchCollector(t testing.TB, e *elasticsearch, configuration string, environment []string) *process {
	t.Helper()
	return collector(t, configuration, append([]string{
		"AUDIT_ELASTICSEARCH_ENDPOINT=" + e.URL,
	}, environment...), "--set", "exporters.elasticsearch.retry.max_interval=1s")
}

func TestElasticsearchLosesNothing(t *testing.T) {
	t.Parallel()
	url, environment := broker(t)
	e := newElasticsearch(t)
	c := elasticsearchCollector(t, e, "elasticsearch.yaml", environment)
	var sent int
	batch := func(count int) (all [][]byte) {
		for range count {
			all = append(all, login(time.Now(), alice, "failure"))
		}
		sent += count
		return all
	}
	first := batch(50)
	send(t, url, first...)
	eventually(t, func() error { return e.has(sent) }, c)

	// The same messages again: each is in conflict, and nothing is stored twice.
	send(t, url, first...)
	eventually(t, func() error {
		if _, conflicts, _, err := e.state(); err != nil || conflicts < 50 {
			return fmt.Errorf("%d conflicts, %w", conflicts, err)
		}
		return e.has(sent)
	}, c)

	// Elasticsearch refuses single documents, and then all of it, for longer than two tries.
	e.setRefuse(0, http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusTooManyRequests)
	send(t, url, batch(50)...)
	eventually(t, func() error { return e.has(sent) }, c)
	for _, status := range []int{http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusUnauthorized, http.StatusForbidden} {
		_, _, before, err := e.state()
		require.NoError(t, err)
		e.setRefuse(status)
		send(t, url, batch(50)...)
		eventually(t, func() error {
			if _, _, refused, _ := e.state(); refused < before+4 {
				return errors.New("not tried often yet")
			}
			return nil
		}, c)
		e.setRefuse(0)
		eventually(t, func() error { return e.has(sent) }, c)
	}
	_, _, _, err := e.state()
	require.NoError(t, err)
	require.NotContains(t, c.Log.String(), "Dropping data")
	require.NotContains(t, c.Log.String(), "version_conflict")
	t.Logf("sent %d messages, 50 of them twice; %d documents", sent+50, sent)
	c.Stop(t)
}

// What was acknowledged before a SIGKILL, with Elasticsearch not there at all and then refusing, is there once it is back.
func TestElasticsearchOutageOverKill(t *testing.T) {
	t.Parallel()
	const sent = 200
	url, environment := broker(t)
	e := newElasticsearch(t)
	e.setRefuse(http.StatusServiceUnavailable)
	address := collectortest.FreeAddress(t)
	state := "AUDIT_STATE=" + t.TempDir()
	c := elasticsearchCollector(t, e, "elasticsearch.yaml", append(environment, state, "AUDIT_ELASTICSEARCH_ENDPOINT=http://"+address))
	var all [][]byte
	for range sent {
		all = append(all, login(time.Now(), alice, "failure"))
	}
	send(t, url, all...)
	// As many connections as the exporter has tries by default, and more.
	var refused atomic.Int64
	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			refused.Add(1)
			_ = connection.Close()
		}
	}()
	eventually(t, func() error {
		if refused.Load() < 6 {
			return errors.New("not tried often yet")
		}
		return nil
	}, c)
	require.NoError(t, listener.Close())
	c.Kill()
	c = elasticsearchCollector(t, e, "elasticsearch.yaml", append(environment, state))
	eventually(t, func() error {
		if _, _, refused, _ := e.state(); refused < 2 {
			return errors.New("nothing was tried")
		}
		return nil
	}, c)
	c.Kill()
	e.setRefuse(0)
	c = elasticsearchCollector(t, e, "elasticsearch.yaml", append(environment, state))
	eventually(t, func() error { return e.has(sent) }, c)
	c.Stop(t)
	require.NoError(t, e.has(sent))
}

// OpenSearch answers without Elasticsearch's header. It stores each record once, and nothing is dropped.
func TestOpenSearch(t *testing.T) {
	t.Parallel()
	url, environment := broker(t)
	e := newElasticsearch(t)
	e.openSearch = true
	c := collector(t, "opensearch.yaml", append(environment, "AUDIT_OPENSEARCH_ENDPOINT="+e.URL))
	first := [][]byte{login(time.Now(), alice, "failure"), unknownLogin(time.Now(), "eve", "Default", "203.0.113.9")}
	send(t, url, first...)
	eventually(t, func() error { return e.has(2) }, c)
	send(t, url, append(first, login(time.Now(), alice, "success"))...)
	eventually(t, func() error { return e.has(3) }, c)
	d, ok := e.find("body.text", "login of eve from 203.0.113.9: failure (user_not_found)")
	require.True(t, ok)
	require.Equal(t, "logs-openstack.audit-default", d.index)
	require.Equal(t, object{"type": "logs", "dataset": "openstack.audit", "namespace": "default"}, d.source["data_stream"])
	_, _, _, err := e.state()
	require.NoError(t, err)
	require.NotContains(t, c.Log.String(), "Dropping data")
	c.Stop(t)
}

func TestElasticsearchDocuments(t *testing.T) {
	t.Parallel()
	url, environment := broker(t)
	e := newElasticsearch(t)
	c := elasticsearchCollector(t, e, "elasticsearch.yaml", environment)
	at := time.Now().Add(-time.Hour)
	send(t, url, unknownLogin(at, "eve", "Default", "203.0.113.9"), []byte("no notification"))
	eventually(t, func() error { return e.has(2) }, c)
	d, ok := e.find("body.text", "login of eve from 203.0.113.9: failure (user_not_found)")
	require.True(t, ok)
	require.Equal(t, "logs-openstack.audit.otel-default", d.index)
	require.Equal(t, "openstack.identity.authenticate", d.source["event_name"])
	require.Equal(t, object{"type": "logs", "dataset": "openstack.audit.otel", "namespace": "default"}, d.source["data_stream"])
	for _, test := range []struct {
		field string
		want  any
	}{
		{"attributes.user.name", "eve"}, {"attributes.client.address", "203.0.113.9"}, {"attributes.openstack.audit.outcome", "failure"},
		{"attributes.error.type", "user_not_found"}, {"attributes.openstack.user.domain.name", "Default"},
		{"resource.attributes.service.name", "keystone"}, {"resource.attributes.host.name", "controller-1"},
		{"attributes.elasticsearch.document_id", nil},
	} {
		require.Equal(t, test.want, lookup(d.source, test.field), test.field)
	}
	raw, ok := e.find("body.text", "no notification")
	require.True(t, ok, "what cannot be read is kept")
	require.Equal(t, "logs-openstack.audit.otel-default", raw.index)
	c.Stop(t)
}

// Times are right to the nanosecond in both layouts: the event's, to the microsecond, and the collector's own.
func TestElasticsearchTimes(t *testing.T) {
	t.Parallel()
	hour := time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	for _, configuration := range []string{"elasticsearch.yaml", "elasticsearch-ecs.yaml"} {
		t.Run(configuration, func(t *testing.T) {
			t.Parallel()
			url, environment := broker(t)
			e := newElasticsearch(t)
			c := elasticsearchCollector(t, e, configuration, environment)
			fractions := []int{0, 1, 71, 710, 999, 1000, 4071, 71000, 100_000, 868_196, 999_999} // µs
			sent := map[string]bool{}
			for _, fraction := range fractions {
				at := hour.Add(time.Duration(fraction) * time.Microsecond)
				sent[at.Format(time.RFC3339Nano)] = true
				send(t, url, login(at, alice, "failure"))
			}
			eventually(t, func() error { return e.has(len(fractions)) }, c)
			stored := map[string]bool{}
			for _, document := range e.documents {
				text, _ := document.source["@timestamp"].(string)
				at, err := time.Parse(time.RFC3339Nano, text)
				require.NoError(t, err)
				stored[at.Format(time.RFC3339Nano)] = true
			}
			require.Equal(t, sent, stored)
			c.Stop(t)
		})
	}
}

func TestElasticsearchECS(t *testing.T) {
	t.Parallel()
	url, environment := broker(t)
	e := newElasticsearch(t)
	c := elasticsearchCollector(t, e, "elasticsearch-ecs.yaml", environment)
	at := time.Now()
	alice := actor{"a11ce", "alice", "2001:db8::7"} // from an address of IPv6
	deleted := change(at, alice, "user", "deleted", "b0b")
	all := [][]byte{
		unknownLogin(at, "eve", "Default", "203.0.113.9"),
		deleted,
		assignment(at, alice, "r01e", "b0b", "pr0ject"),
		request(at, actor{"n0", "nova-user", "masked-***"}, "nova-api", "read/list", "/v2.1/servers", 403, 250*time.Millisecond),
		request(at, alice, "nova-api", "read/list", "/v2.1/servers", 0, 0),
		[]byte("no notification"),
	}
	send(t, url, all...)
	eventually(t, func() error { return e.has(len(all)) }, c)
	for _, test := range []struct {
		field  string
		value  any
		fields map[string]any
	}{
		{"user.name", "eve", map[string]any{
			"event.kind": "event", "event.module": "openstack", "event.dataset": "openstack.audit", "event.category": []any{"authentication"},
			"event.type": []any{"start"}, "event.action": "identity.authenticate", "event.outcome": "failure", "event.code": "404",
			"event.reason": "Could not find user: eve.", "user.domain": "Default", "source.ip": "203.0.113.9", "source.address": "203.0.113.9",
			"client.ip": "203.0.113.9", "related.ip": []any{"203.0.113.9"}, "related.user": []any{"eve"},
			"message": "login of eve from 203.0.113.9: failure (user_not_found)", "error.type": "user_not_found", "service.name": "keystone",
			"data_stream.dataset": "openstack.audit",
		}},
		{"event.action", "identity.user.deleted", map[string]any{
			"event.category": []any{"iam"}, "event.type": []any{"deletion", "user"}, "event.outcome": "success", "user.target.id": "b0b",
			"user.id": "a11ce", "user.name": "alice", "related.user": []any{"a11ce", "alice", "b0b"}, "source.ip": "2001:db8::7",
		}},
		{"event.action", "identity.role_assignment.created", map[string]any{
			"event.category": []any{"iam"}, "event.type": []any{"change", "user", "admin"}, "user.target.id": "b0b",
		}},
		{"event.action", "audit.http.response", map[string]any{
			"event.category": []any{"api"}, "event.type": []any{"access"}, "event.outcome": "failure", "event.code": "403",
			"event.duration": 250000000.0, "source.ip": nil, "related.ip": nil, "source.address": "masked-***",
			"http.response.status_code": 403.0, "url.path": "/v2.1/servers", "service.name": "nova",
		}},
		{"event.action", "audit.http.request", map[string]any{"event.outcome": "unknown", "openstack.audit.outcome": "pending"}},
		{"message", "no notification", map[string]any{"event.kind": "event", "event.category": nil, "event.outcome": nil}},
	} {
		t.Run(fmt.Sprint(test.value), func(t *testing.T) {
			d, ok := e.find(test.field, test.value)
			require.True(t, ok)
			require.Equal(t, "logs-openstack.audit-default", d.index)
			require.NotEmpty(t, lookup(d.source, "@timestamp"))
			for field, want := range test.fields {
				require.Equal(t, want, lookup(d.source, field), field)
			}
		})
	}
	_, _, _, err := e.state()
	require.NoError(t, err)
	c.Stop(t)
}
