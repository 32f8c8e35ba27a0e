package keystone

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// ListResult says what a list was.
type ListResult struct {
	Entities int
	// Truncated: Keystone holds more than it lists (`truncated: true`, its list_limit), or paging did not get on.
	Truncated bool
}

const (
	// pageSize is what we ask for. Keystone pages from 2025.1 on; older ones ignore `limit`.
	pageSize = 1000
	// maxPages ends a list that never ends.
	maxPages = 20_000
	// pageTimeout bounds one page: Keystone reads a whole LDAP tree for it.
	pageTimeout = 10 * time.Minute
	// maxMarkerBytes bounds where a page may start: markers are ids.
	maxMarkerBytes = 255
)

// List gives all things of a kind to yield, one at a time and while they come in: nothing is collected. domainID narrows
// the list to a domain; without it Keystone lists what its default scope holds. An error of yield ends the list. Any other
// error is an *Error.
func (c *Client) List(ctx context.Context, kind Kind, domainID string, yield func(Entity) error) (ListResult, error) {
	var total ListResult
	query := url.Values{"limit": {strconv.Itoa(pageSize)}}
	if domainID != "" {
		query.Set("domain_id", domainID)
	}
	seen := map[string]struct{}{}
	for range maxPages {
		page, err := c.page(ctx, kind, query, yield)
		total.Entities += page.entities
		total.Truncated = total.Truncated || page.truncated
		if err != nil {
			return total, err
		}
		if page.marker == "" {
			return total, nil
		}
		if _, again := seen[page.marker]; again {
			break
		}
		seen[page.marker] = struct{}{}
		query.Set("marker", page.marker)
	}
	total.Truncated = true
	return total, nil
}

type page struct {
	entities  int
	truncated bool
	// marker is where the next page starts, "" on the last one.
	marker string
}

func (c *Client) page(ctx context.Context, kind Kind, query url.Values, yield func(Entity) error) (p page, err error) {
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	start := time.Now()
	defer func() { c.observe("list", err, time.Since(start)) }()

	body, err := c.open(ctx, c.lists, c.base+kind.collection()+"?"+query.Encode(), query.Get("domain_id"), query.Get("marker"))
	if err != nil {
		return page{}, err
	}
	defer drain(body)
	return readPage(body, kind.collection(), yield)
}

// readPage walks the document member by member, so that a server that ignores `limit` costs no more memory than another.
func readPage(body io.Reader, collection string, yield func(Entity) error) (p page, err error) {
	bounded := &valueReader{body: body}
	decoder := json.NewDecoder(bounded)
	bounded.next()
	if err := expect(decoder, json.Delim('{')); err != nil {
		return p, err
	}
	listed := false
	for decoder.More() {
		bounded.next()
		key, err := decoder.Token()
		if err != nil {
			return p, bodyError(err)
		}
		switch key {
		case collection:
			listed = true
			if err := readEntities(decoder, bounded, &p, yield); err != nil {
				return p, err
			}
		case "truncated":
			if err := decoder.Decode(&p.truncated); err != nil {
				return p, bodyError(err)
			}
		case "links":
			var links map[string]json.RawMessage
			if err := decoder.Decode(&links); err != nil {
				return p, bodyError(err)
			}
			p.marker = marker(links["next"])
		default:
			var skipped json.RawMessage
			if err := decoder.Decode(&skipped); err != nil {
				return p, bodyError(err)
			}
		}
	}
	if !listed {
		return p, &Error{Reason: Unexpected, Status: http.StatusOK, message: fmt.Sprintf("no %s in the answer: check auth_url", collection)}
	}
	return p, nil
}

func readEntities(decoder *json.Decoder, bounded *valueReader, p *page, yield func(Entity) error) error {
	if err := expect(decoder, json.Delim('[')); err != nil {
		return err
	}
	for decoder.More() {
		bounded.next()
		var entity Entity
		if err := decoder.Decode(&entity); err != nil {
			return bodyError(err)
		}
		if entity.ID == "" {
			continue
		}
		p.entities++
		if err := yield(entity); err != nil {
			return err
		}
	}
	return expect(decoder, json.Delim(']'))
}

func expect(decoder *json.Decoder, delimiter json.Delim) error {
	found, err := decoder.Token()
	if err != nil {
		return bodyError(err)
	}
	if found != delimiter {
		return &Error{Reason: Unexpected, Status: http.StatusOK, message: "the list is not Keystone's: check auth_url"}
	}
	return nil
}

// marker takes from a link only where the next page starts: Keystone writes links with the host of its public endpoint,
// and our token goes nowhere but to auth_url.
func marker(next json.RawMessage) string {
	var text string
	if json.Unmarshal(next, &text) != nil {
		return ""
	}
	link, err := url.Parse(text)
	if err != nil {
		return ""
	}
	value := link.Query().Get("marker")
	if len(value) > maxMarkerBytes {
		return ""
	}
	return value
}

// valueReader bounds each value of a document, however long the document is: a decoder keeps a value in memory until its end.
type valueReader struct {
	body io.Reader
	left int64
}

// next begins another value.
func (r *valueReader) next() { r.left = maxEntityBytes }

func (r *valueReader) Read(to []byte) (int, error) {
	if r.left <= 0 {
		return 0, &http.MaxBytesError{Limit: maxEntityBytes}
	}
	n, err := r.body.Read(to[:min(int64(len(to)), r.left)])
	r.left -= int64(n)
	return n, err
}
