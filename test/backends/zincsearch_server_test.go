//go:build backends

package backends

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// zincSearch is a running ZincSearch, which understands a part of Elasticsearch's requests.
type zincSearch struct {
	*process
	url string
}

const zincPassword = "only-this-test"

// startZincSearch runs one without data. It sends nothing to its makers.
func startZincSearch(t testing.TB) zincSearch {
	t.Helper()
	address := collectortest.FreeAddress(t)
	host, port, _ := strings.Cut(address, ":")
	z := zincSearch{url: "http://" + address}
	z.process = collectortest.Start(t, []string{
		"ZINC_TELEMETRY=false", "ZINC_SENTRY=false", "GIN_MODE=release", "ZINC_DATA_PATH=" + t.TempDir(), "ZINC_WAL_SYNC_INTERVAL=10ms",
		"ZINC_SERVER_ADDRESS=" + host, "ZINC_SERVER_PORT=" + port,
		"ZINC_FIRST_ADMIN_USER=admin", "ZINC_FIRST_ADMIN_PASSWORD=" + zincPassword,
	}, backendBinary(t, "zincsearch"))
	t.Cleanup(z.Kill)
	eventually(t, func() error {
		_, err := collectortest.Get(t.Context(), z.url+"/healthz")
		return err
	}, z.process)
	return z
}

// settings make a configuration's exporter send to it. It understands no compressed requests.
func (z zincSearch) settings() []string {
	return []string{
		"--set", "exporters.elasticsearch.endpoints=[" + z.url + "/es]", "--set", "exporters.elasticsearch.compression=none",
		"--set", "exporters.elasticsearch.user=admin", "--set", "exporters.elasticsearch.password=" + zincPassword,
	}
}

func (z zincSearch) request(ctx context.Context, method, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, z.url+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.SetBasicAuth("admin", zincPassword)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, answer)
	}
	if err == nil && into != nil {
		err = json.Unmarshal(answer, into)
	}
	return err
}

// keywords makes an index in which these fields are keywords, as Elasticsearch's own templates and ours make them.
func (z zincSearch) keywords(t testing.TB, index string, fields ...string) {
	t.Helper()
	properties := object{}
	for _, field := range fields {
		properties[field] = object{"type": "keyword", "index": true, "aggregatable": true}
	}
	require.NoError(t, z.request(t.Context(), http.MethodPut, "/es/"+index, object{"mappings": object{"properties": properties}}, nil))
}

// search returns the documents that a query in Elasticsearch's language finds, by their ids.
func (z zincSearch) search(ctx context.Context, index string, query object) (map[string]object, error) {
	var answer struct {
		Hits struct {
			Hits []struct {
				ID     string `json:"_id"`
				Source object `json:"_source"`
			}
		}
	}
	err := z.request(ctx, http.MethodPost, "/es/"+index+"/_search", object{"query": query, "size": 10000}, &answer)
	found := map[string]object{}
	for _, hit := range answer.Hits.Hits {
		if _, twice := found[hit.ID]; twice {
			return nil, fmt.Errorf("%s is there twice", hit.ID)
		}
		found[hit.ID] = hit.Source
	}
	return found, err
}
