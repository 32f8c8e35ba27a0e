package export

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	// lokiLimit is Loki's own limit of lines in an answer (max_entries_limit_per_query).
	lokiLimit = 5000
	// lokiWindow is the time of one query.
	lokiWindow = 24 * time.Hour
)

// lokiAnswer is an answer of query_range, of which only the times are looked at.
type lokiAnswer struct {
	Data struct {
		ResultType string       `json:"resultType"`
		Result     []lokiStream `json:"result"`
	} `json:"data"`
}

type lokiStream struct {
	Stream json.RawMessage     `json:"stream"`
	Values [][]json.RawMessage `json:"values"`
}

// Loki asks for all records of a query from a time until before another, oldest first.
func (c *Client) Loki(query string, from, to time.Time) Source {
	return func(ctx context.Context, yield func([]byte) error) error {
		for start := from; start.Before(to); {
			end := start.Add(lokiWindow)
			if end.After(to) {
				end = to
			}
			answer, err := c.askLoki(ctx, query, start, end)
			if err != nil {
				return err
			}
			next := end
			if lines, newest := answer.lines(); lines >= lokiLimit {
				// More lines may have the newest time: they all come with the next answer.
				if newest <= start.UnixNano() {
					return fmt.Errorf("more than %d records have the time %s: Loki does not give them all back", lokiLimit,
						start.UTC().Format(time.RFC3339Nano))
				}
				answer.cut(newest)
				next = time.Unix(0, newest)
			}
			data, err := json.Marshal(answer)
			if err != nil {
				return err
			}
			if err := yield(data); err != nil {
				return err
			}
			start = next
		}
		return nil
	}
}

func (c *Client) askLoki(ctx context.Context, query string, start, end time.Time) (answer lokiAnswer, err error) {
	data, err := c.ask(ctx, http.MethodGet, "/loki/api/v1/query_range", url.Values{
		"query": {query}, "limit": {strconv.Itoa(lokiLimit)}, "direction": {"forward"},
		"start": {strconv.FormatInt(start.UnixNano(), 10)}, "end": {strconv.FormatInt(end.UnixNano(), 10)},
	}, nil)
	if err != nil {
		return answer, err
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return answer, fmt.Errorf("no answer of Loki: %w", err)
	}
	return answer, nil
}

func (a *lokiAnswer) lines() (lines int, newest int64) {
	for _, stream := range a.Data.Result {
		lines += len(stream.Values)
		for _, value := range stream.Values {
			newest = max(newest, lineTime(value))
		}
	}
	return lines, newest
}

// cut leaves only what is older.
func (a *lokiAnswer) cut(before int64) {
	for i := range a.Data.Result {
		stream := &a.Data.Result[i]
		kept := stream.Values[:0]
		for _, value := range stream.Values {
			if lineTime(value) < before {
				kept = append(kept, value)
			}
		}
		stream.Values = kept
	}
}

func lineTime(value []json.RawMessage) int64 {
	if len(value) == 0 {
		return 0
	}
	text, _ := strconv.Unquote(string(value[0]))
	at, _ := strconv.ParseInt(text, 10, 64)
	return at
}
