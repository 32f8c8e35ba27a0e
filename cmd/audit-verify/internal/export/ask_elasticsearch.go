package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

const (
	elasticsearchSize = 2000
	scrollFor         = "10m"
)

// Elasticsearch asks for all documents of indices from a time until before another, by scrolling: Elasticsearch and OpenSearch know it
// alike.
func (c *Client) Elasticsearch(indices string, from, to time.Time) Source {
	return func(ctx context.Context, yield func([]byte) error) error {
		within := map[string]any{"format": "strict_date_optional_time_nanos"}
		// Times in documents of the exporter are up to a millisecond off.
		if !from.IsZero() {
			within["gte"] = from.Add(-time.Millisecond).UTC().Format(time.RFC3339Nano)
		}
		if !to.IsZero() {
			within["lt"] = to.Add(time.Millisecond).UTC().Format(time.RFC3339Nano)
		}
		query := map[string]any{
			"size": elasticsearchSize, "sort": []string{"_doc"}, "query": map[string]any{"range": map[string]any{"@timestamp": within}},
		}
		answer, err := c.ask(ctx, http.MethodPost, "/"+indices+"/_search", url.Values{"scroll": {scrollFor}}, query)
		for err == nil {
			var page struct {
				ScrollID string `json:"_scroll_id"`
				TimedOut bool   `json:"timed_out"`
				Shards   struct {
					Failed int `json:"failed"`
				} `json:"_shards"`
				Hits struct {
					Hits []json.RawMessage `json:"hits"`
				} `json:"hits"`
			}
			if err := json.Unmarshal(answer, &page); err != nil {
				return fmt.Errorf("no answer of Elasticsearch: %w", err)
			}
			if page.TimedOut || page.Shards.Failed > 0 {
				return errors.New("Elasticsearch did not give all documents back: a shard failed or took too long")
			}
			if len(page.Hits.Hits) == 0 {
				_, _ = c.ask(ctx, http.MethodDelete, "/_search/scroll", nil, map[string]any{"scroll_id": page.ScrollID})
				return nil
			}
			if err := yield(answer); err != nil {
				return err
			}
			answer, err = c.ask(ctx, http.MethodPost, "/_search/scroll", nil, map[string]any{"scroll": scrollFor, "scroll_id": page.ScrollID})
		}
		return err
	}
}
