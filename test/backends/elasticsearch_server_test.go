package backends

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// elasticsearch answers bulk requests as Elasticsearch does, and keeps the documents. It is no Elasticsearch: it checks no mapping.
type elasticsearch struct {
	*httptest.Server
	openSearch bool // it answers as OpenSearch
	mu         sync.Mutex
	documents  map[string]document
	conflicts  int
	// refuse is the status of whole requests, 0 for none; refuseItems that of the next items, one by one.
	refuse      int
	refuseItems []int
	refused     int
	problems    []string
}

// document is what was stored under an _id.
type document struct {
	index  string
	source object
}

func newElasticsearch(t testing.TB) *elasticsearch {
	t.Helper()
	e := &elasticsearch{documents: map[string]document{}}
	e.Server = httptest.NewServer(e)
	t.Cleanup(e.Close)
	return e
}

func (e *elasticsearch) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.openSearch {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
	}
	w.Header().Set("Content-Type", "application/json")
	if strings.HasSuffix(r.URL.Path, "/_count") { // also while it refuses to store
		_ = json.NewEncoder(w).Encode(object{"count": len(e.documents)})
		return
	}
	if e.refuse != 0 {
		e.refused++
		w.WriteHeader(e.refuse)
		return
	}
	if !strings.HasSuffix(r.URL.Path, "/_bulk") {
		_, _ = io.WriteString(w, `{"version": {"number": "8.16.0"}, "tagline": "You Know, for Search"}`)
		return
	}
	body, err := collectortest.Body(r)
	if err != nil { // a collector that was killed did not send all of it
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	items, failed, err := e.bulk(body)
	if err != nil {
		e.problems = append(e.problems, err.Error())
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_ = json.NewEncoder(w).Encode(object{"took": 1, "errors": failed, "items": items})
}

func (e *elasticsearch) bulk(body []byte) (items []object, failed bool, err error) {
	lines := bufio.NewScanner(bytes.NewReader(body))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var action struct {
			Create struct {
				ID                string `json:"_id"`
				Index             string `json:"_index"`
				RequireDataStream bool   `json:"require_data_stream"`
			}
		}
		if err := json.Unmarshal(lines.Bytes(), &action); err != nil {
			return nil, false, err
		}
		if e.openSearch && action.Create.RequireDataStream {
			return nil, false, fmt.Errorf("unknown parameter require_data_stream: %s", lines.Bytes())
		}
		if action.Create.ID == "" || action.Create.Index == "" {
			return nil, false, fmt.Errorf("no create with an _id: %s", lines.Bytes())
		}
		if !lines.Scan() {
			return nil, false, io.ErrUnexpectedEOF
		}
		stored := document{index: action.Create.Index}
		if err := json.Unmarshal(lines.Bytes(), &stored.source); err != nil {
			return nil, false, err
		}
		status := e.store(action.Create.ID, stored)
		item := object{"_index": action.Create.Index, "_id": action.Create.ID, "status": status}
		if status != http.StatusCreated {
			failed = true
			item["error"] = object{"type": http.StatusText(status), "reason": "as told"}
		}
		items = append(items, object{"create": item})
	}
	return items, failed, lines.Err()
}

func (e *elasticsearch) store(id string, d document) (status int) {
	if len(e.refuseItems) > 0 {
		status, e.refuseItems = e.refuseItems[0], e.refuseItems[1:]
		e.refused++
		return status
	}
	if _, exists := e.documents[id]; exists {
		e.conflicts++
		return http.StatusConflict
	}
	e.documents[id] = d
	return http.StatusCreated
}

// setRefuse changes what is refused.
func (e *elasticsearch) setRefuse(status int, items ...int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refuse, e.refuseItems = status, items
}

// state returns the counts, and an error where a request was not as it should be.
func (e *elasticsearch) state() (documents, conflicts, refused int, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.problems) > 0 {
		err = fmt.Errorf("bad requests: %v", e.problems)
	}
	return len(e.documents), e.conflicts, e.refused, err
}

// has tells when the documents are not as many as wanted.
func (e *elasticsearch) has(want int) error {
	documents, conflicts, refused, err := e.state()
	if err == nil && documents != want {
		err = fmt.Errorf("%d documents, %d conflicts, %d refused; want %d documents", documents, conflicts, refused, want)
	}
	return err
}

// find returns the document in which the dotted field has the value.
func (e *elasticsearch) find(field string, value any) (document, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, d := range e.documents {
		if lookup(d.source, field) == value {
			return d, true
		}
	}
	return document{}, false
}

// lookup finds a dotted field, of objects within objects or of keys with dots.
func lookup(source object, field string) any {
	if value, ok := source[field]; ok {
		return value
	}
	for i := range field {
		if field[i] == '.' {
			if inner, ok := source[field[:i]].(object); ok {
				if value := lookup(inner, field[i+1:]); value != nil {
					return value
				}
			}
		}
	}
	return nil
}
