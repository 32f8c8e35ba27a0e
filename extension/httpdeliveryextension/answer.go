package httpdeliveryextension

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// aboutTheRecords are the statuses by which a backend rejects what it was sent. Every other failure is one of the backend, of what
// stands before it, or of the credentials: a repair there makes the same request succeed.
var aboutTheRecords = []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity}

// retriedDocuments are the statuses of single documents that the Elasticsearch exporter sends again: its retry::retry_on_status in
// config/.
var retriedDocuments = []int{
	http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusRequestTimeout, http.StatusTooManyRequests,
	http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
}

// The header by which Elasticsearch tells that it is one.
const product, elasticsearch = "X-Elastic-Product", "Elasticsearch"

// verdict is what an answer means.
type verdict struct {
	// problem says why the request, or some documents of it, have to be sent again; empty: the backend decided on all of it.
	problem string
	// single reports that the problem is one of single documents, which the exporter looks for in the answer by itself.
	single bool
	// rejected reports that the backend rejected the request, or the documents at these positions of it.
	rejected  bool
	documents []int
	// reason is the backend's words for that.
	reason string
}

// judge reads an answer. bulk reports that the request was Elasticsearch's _bulk.
func judge(response *http.Response, body []byte, bulk bool) verdict {
	switch {
	case slices.Contains(aboutTheRecords, response.StatusCode):
		return verdict{rejected: true, reason: response.Status + ": " + excerpt(body)}
	case response.StatusCode < 200 || response.StatusCode > 299:
		return verdict{problem: "it answers " + response.Status}
	case bulk:
		return judgeBulk(response, body)
	}
	// OTLP answers with protobuf or JSON, or with nothing. A page is that of a proxy or of a login.
	if kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type")); strings.HasPrefix(kind, "text/") && len(body) > 0 {
		return verdict{problem: "it answers " + response.Status + " with " + kind + ", which is no answer of OTLP"}
	}
	return verdict{}
}

// bulkAnswer is what of an answer to _bulk matters here.
type bulkAnswer struct {
	Items []map[string]struct {
		Status int
		Error  struct{ Type, Reason string }
	}
}

func judgeBulk(response *http.Response, body []byte) verdict {
	if response.Header.Get(product) != elasticsearch {
		return verdict{problem: "it answers " + response.Status + " without " + product + ": it is no Elasticsearch"}
	}
	var answer bulkAnswer
	if err := json.Unmarshal(body, &answer); err != nil {
		return verdict{problem: "it answers " + response.Status + " with no answer to _bulk"}
	}
	var v verdict
	for i, item := range answer.Items {
		for _, result := range item {
			switch {
			case result.Status < 300 || result.Status == http.StatusConflict: // stored, now or before
			case slices.Contains(retriedDocuments, result.Status):
				v.problem, v.single = fmt.Sprintf("it does not store documents: %d %s", result.Status, result.Error.Type), true
			default:
				v.rejected, v.documents = true, append(v.documents, i)
				v.reason = fmt.Sprintf("%d %s: %s", result.Status, result.Error.Type, result.Error.Reason)
			}
		}
	}
	return v
}

// excerpt is the beginning of what a backend said.
func excerpt(body []byte) string {
	const enough = 1024
	return strings.ToValidUTF8(string(body[:min(len(body), enough)]), "�")
}
