package httpdeliveryextension

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
)

// maxAnswer bounds what is read of an answer; that to the largest request has a few hundred KiB.
const maxAnswer = 64 << 20

// roundTripper stands between an exporter and its backend.
type roundTripper struct {
	*delivery
	next http.RoundTripper
	// knowsNoZstd: the backend refused a request in zstd, and took the same one in gzip.
	knowsNoZstd atomic.Bool

	mu      sync.Mutex
	problem string // with the backend; empty while it works
}

// RoundTrip implements http.RoundTripper. An answer that says nothing about the records becomes a 503: exporters send again then.
func (r *roundTripper) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body == nil || request.Method != http.MethodPost {
		return r.next.RoundTrip(request) // it brings no records
	}
	sent, err := io.ReadAll(request.Body)
	_ = request.Body.Close() // it is read
	if err != nil {
		return nil, err
	}
	request, sent, response, received, err := r.attemptKnown(request, sent)
	if err != nil {
		if request.Context().Err() == nil { // else the exporter gave it up
			r.retried(request, err.Error())
		}
		return nil, err
	}
	if r.openSearch {
		response.Header.Set(product, elasticsearch) // the exporter refuses an answer without it
	}
	v := judge(response, received, strings.HasSuffix(request.URL.Path, "/_bulk"))
	if v.rejected {
		if err := r.keep(request, sent, v); err != nil {
			v.problem, v.single = "what it rejects cannot be kept: "+err.Error(), false
		}
	}
	if v.problem == "" {
		r.decided(request)
		return response, nil
	}
	r.retried(request, v.problem)
	if !v.single {
		response.StatusCode, response.Status = http.StatusServiceUnavailable, "503 "+http.StatusText(http.StatusServiceUnavailable)
	}
	return response, nil
}

var errNoAnswer = errors.New("no answer")

// attempt sends the request once, and returns the answer when all of it is there.
func (r *roundTripper) attempt(request *http.Request, sent []byte) (*http.Response, []byte, error) {
	ctx, cancel := context.WithTimeoutCause(request.Context(), r.timeout, errNoAnswer)
	defer cancel()
	again := request.Clone(ctx)
	again.Body = io.NopCloser(bytes.NewReader(sent))
	again.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(sent)), nil }
	again.ContentLength = int64(len(sent))
	response, err := r.next.RoundTrip(again)
	var received []byte
	if err == nil {
		received, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer))
		_ = response.Body.Close() // what matters of it is read
	}
	switch {
	case err == nil:
		response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(received)), int64(len(received))
		return response, received, nil
	case errors.Is(context.Cause(ctx), errNoAnswer):
		// Not the context's own error: the Elasticsearch exporter gives up at that.
		return nil, nil, fmt.Errorf("no answer within %v", r.timeout)
	default:
		return nil, nil, err
	}
}

// keep puts what was rejected into the folder. It returns an error when it has to be tried again.
func (r *roundTripper) keep(request *http.Request, sent []byte, v verdict) error {
	if r.deadLetters == nil {
		r.leave(request, v)
		return nil
	}
	kept, err := r.deadLetters.add(request, sent, v)
	if err != nil {
		return err
	}
	result, message := "kept", "The backend rejects records: they are in the folder of dead letters."
	if kept == "" {
		result, message = "dropped", "The backend rejects records, and the folder of dead letters is full: they are lost."
	}
	r.rejected(request, result)
	r.logger.Error(message, zap.String("backend", request.URL.Host), zap.String("answer", v.reason), zap.String("file", kept))
	return nil
}

// leave leaves what was rejected to the exporter, which hands on the rejection of a request, and drops single documents.
func (r *roundTripper) leave(request *http.Request, v verdict) {
	if v.documents == nil {
		r.rejected(request, "returned")
		return
	}
	r.rejected(request, "dropped")
	r.logger.Error("The backend rejects documents, and dead_letters::enabled is false: they are lost.",
		zap.String("backend", request.URL.Host), zap.String("answer", v.reason))
}

func (r *roundTripper) rejected(request *http.Request, result string) {
	r.telemetry.HTTPDeliveryRejectedRequests.Add(request.Context(), 1,
		metric.WithAttributeSet(attribute.NewSet(attribute.String("server.address", request.URL.Host), attribute.String("result", result))))
}

// retried tells that a request has to be sent again: in the metrics each time, in the log when the problem is a new one.
func (r *roundTripper) retried(request *http.Request, problem string) {
	backend := metric.WithAttributeSet(attribute.NewSet(attribute.String("server.address", request.URL.Host)))
	r.telemetry.HTTPDeliveryRetriedRequests.Add(request.Context(), 1, backend)
	r.telemetry.HTTPDeliveryBackendAvailable.Record(request.Context(), 0, backend)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.problem == "" {
		r.logger.Warn("The backend does not take records: they are kept and sent again.",
			zap.String("backend", request.URL.Host), zap.String("reason", problem))
	}
	r.problem = problem
}

// decided tells that the backend works.
func (r *roundTripper) decided(request *http.Request) {
	r.telemetry.HTTPDeliveryBackendAvailable.Record(request.Context(), 1,
		metric.WithAttributeSet(attribute.NewSet(attribute.String("server.address", request.URL.Host))))
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.problem != "" {
		r.logger.Info("The backend takes records again.", zap.String("backend", request.URL.Host))
	}
	r.problem = ""
}
