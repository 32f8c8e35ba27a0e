package export_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/cmd/audit-verify/internal/export"
)

// uidsOf asks a source and counts each uid.
func uidsOf(t testing.TB, format export.Format, source export.Source) map[string]int {
	t.Helper()
	uids := map[string]int{}
	reader := export.NewReader(format)
	require.NoError(t, source(t.Context(), func(value []byte) error {
		return reader.Read(value, func(record export.Record) { uids[record.Value("log.record.uid")]++ })
	}))
	return uids
}

// A Loki with 12,000 records, of which thousands have the same time, gives each back once.
func TestAskLoki(t *testing.T) {
	const records = 12_000
	from := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	timeOf := func(i int) int64 { return from.Add(time.Duration(i/3000) * 13 * time.Hour).UnixNano() }
	var failed atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if failed.CompareAndSwap(false, true) {
			http.Error(w, "too many", http.StatusTooManyRequests)
			return
		}
		query := r.URL.Query()
		if r.URL.Path != "/loki/api/v1/query_range" || r.Header.Get("X-Scope-OrgID") != "audit" || query.Get("direction") != "forward" {
			http.Error(w, "unexpected", http.StatusBadRequest)
			return
		}
		start, _ := strconv.ParseInt(query.Get("start"), 10, 64)
		end, _ := strconv.ParseInt(query.Get("end"), 10, 64)
		limit, _ := strconv.Atoi(query.Get("limit"))
		values := []any{}
		for i := 0; i < records && len(values) < limit; i++ {
			if at := timeOf(i); start <= at && at < end {
				values = append(values, []any{strconv.FormatInt(at, 10), "line", map[string]any{
					"structuredMetadata": map[string]any{"log_record_uid": fmt.Sprint(i)},
				}})
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{
			"resultType": "streams", "result": []any{map[string]any{"stream": map[string]any{"service_name": "keystone"}, "values": values}},
		}})
	}))
	t.Cleanup(server.Close)
	client, err := export.NewClient(server.URL, "")
	require.NoError(t, err)
	client.Tenant = "audit"
	uids := uidsOf(t, export.Loki, client.Loki(`{service_namespace="openstack"}`, from, from.AddDate(0, 0, 7)))
	require.Len(t, uids, records)
	for uid, count := range uids {
		require.Equal(t, 1, count, uid)
	}
}

func TestAskElasticsearch(t *testing.T) {
	t.Setenv(export.EnvironmentAPIKey, "secret")
	page, closed := 0, false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		hits := []any{}
		switch {
		case r.Header.Get("Authorization") != "ApiKey secret":
			http.Error(w, "who are you", http.StatusUnauthorized)
			return
		case r.Method == http.MethodDelete:
			closed = true
		case r.URL.Path == "/logs-openstack.audit*/_search" && r.URL.Query().Get("scroll") != "":
			assert.Contains(t, string(body), `"gte":"2026-10-31T23:59:59.999Z"`)
		case r.URL.Path == "/_search/scroll":
			assert.Contains(t, string(body), fmt.Sprintf(`"scroll_id":"page %d"`, page))
		}
		for i := range 10 {
			if page < 3 {
				hits = append(hits, map[string]any{"_source": map[string]any{
					"@timestamp": "2026-11-02T00:00:00Z", "attributes": map[string]any{"log.record.uid": fmt.Sprint(page*10 + i)},
				}})
			}
		}
		page++
		_ = json.NewEncoder(w).Encode(map[string]any{"_scroll_id": fmt.Sprintf("page %d", page), "hits": map[string]any{"hits": hits}})
	}))
	t.Cleanup(server.Close)
	client, err := export.NewClient(server.URL, "")
	require.NoError(t, err)
	from := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	require.Len(t, uidsOf(t, export.Elasticsearch, client.Elasticsearch("logs-openstack.audit*", from, from.AddDate(0, 1, 0))), 30)
	require.True(t, closed)
	t.Setenv(export.EnvironmentAPIKey, "wrong")
	err = client.Elasticsearch("logs-openstack.audit*", from, from.AddDate(0, 1, 0))(t.Context(), func([]byte) error { return nil })
	require.ErrorContains(t, err, "401")
}
