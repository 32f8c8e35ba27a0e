package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"go.opentelemetry.io/collector/component"
)

// elasticsearch asks each endpoint what it is.
func (e *examination) elasticsearch(ctx context.Context, s *section, id component.ID) {
	x := e.readHTTP(s, id)
	if x == nil {
		return
	}
	switch {
	case x.APIKey != "":
		x.authorize = authorization{"Authorization": "ApiKey " + string(x.APIKey)}
	case x.User != "":
		x.authorize = basic(x.User, string(x.Password))
	}
	endpoints := x.Endpoints
	if x.Endpoint != "" {
		endpoints = append(endpoints, x.Endpoint)
	}
	if len(endpoints) == 0 {
		s.notChecked("backend.address", "", "The endpoint is in cloudid or in the environment (ELASTICSEARCH_URL).")
	}
	for _, endpoint := range endpoints {
		address, err := url.Parse(endpoint)
		if err != nil {
			s.fail("backend.address", "Correct the endpoint.", "An endpoint is no URL.")
			continue
		}
		if !e.reachURL(ctx, s, "backend", address, &x.ClientConfig) {
			continue
		}
		answer := e.do(ctx, s, x, http.MethodGet, endpoint, nil)
		if answer == nil {
			continue
		}
		judgeStatus(s, "GET "+address.Redacted(), answer.code, answer.status, answer.text)
		if answer.code == http.StatusOK {
			e.product(s, answer)
		}
	}
}

// product tells Elasticsearch from OpenSearch, whose answers the exporter refuses without http_delivery.
func (e *examination) product(s *section, answer *answer) {
	const check = "backend.product"
	var document struct {
		Version struct {
			Number       string `json:"number"`
			Distribution string `json:"distribution"`
		} `json:"version"`
	}
	_ = json.Unmarshal(answer.text, &document) // what is no JSON has no version
	switch {
	case answer.header.Get("X-Elastic-Product") == "Elasticsearch":
		s.ok(check, "It is Elasticsearch %s.", document.Version.Number)
	case e.openSearchAccepted():
		s.ok(check, "It is %s %s. The extension http_delivery has opensearch: true, so that the exporter accepts it.",
			document.Version.Distribution, document.Version.Number)
	default:
		s.fail(check,
			"For OpenSearch set opensearch: true in http_delivery (config/opensearch.yaml). A proxy must not drop the header X-Elastic-Product.",
			"The answer has no header X-Elastic-Product (%s %s). The exporter drops records that such a server stored.",
			document.Version.Distribution, document.Version.Number)
	}
}

func (e *examination) openSearchAccepted() bool {
	for _, id := range e.configuration.of("extensions", "http_delivery") {
		var config struct {
			OpenSearch bool `mapstructure:"opensearch"`
		}
		if e.configuration.read("extensions", id, &config) == nil && config.OpenSearch {
			return true
		}
	}
	return false
}
