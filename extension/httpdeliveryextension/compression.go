package httpdeliveryextension

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"go.uber.org/zap"
)

const contentEncoding = "Content-Encoding"

// mayBeEncoding are the statuses by which backends answer an encoding that they do not know: 415 by the standard (RFC 9110, 15.5.16), and
// 400 as Loki before 3.6 and the Collector do, or 422.
var mayBeEncoding = []int{http.StatusBadRequest, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity}

// attemptKnown sends the request once and, where the backend refuses zstd, once more in gzip, which every backend of OTLP knows. It returns
// what was sent last. A backend that takes gzip alone gets nothing else from then on.
func (r *roundTripper) attemptKnown(request *http.Request, sent []byte) (*http.Request, []byte, *http.Response, []byte, error) {
	inZstd := request.Header.Get(contentEncoding) == "zstd"
	if !inZstd || !r.knowsNoZstd.Load() {
		response, received, err := r.attempt(request, sent)
		if !inZstd || err != nil || !slices.Contains(mayBeEncoding, response.StatusCode) {
			return request, sent, response, received, err
		}
	}
	again, packed, err := inGzip(request, sent)
	if err != nil {
		return request, sent, nil, nil, err
	}
	response, received, err := r.attempt(again, packed)
	if err == nil && response.StatusCode < http.StatusMultipleChoices && !r.knowsNoZstd.Swap(true) {
		r.logger.Warn("The backend refuses zstd and takes gzip, which it gets from now on: set the exporter's compression to gzip.",
			zap.String("backend", request.URL.Host))
	}
	return again, packed, response, received, err
}

// inGzip returns the same request in gzip.
func inGzip(request *http.Request, sent []byte) (*http.Request, []byte, error) {
	body, err := plain(request.Header.Get(contentEncoding), sent)
	if err != nil {
		return nil, nil, err
	}
	var packed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		return nil, nil, err
	}
	_, err = writer.Write(body)
	if err := errors.Join(err, writer.Close()); err != nil {
		return nil, nil, err
	}
	again := request.Clone(request.Context())
	again.Header.Set(contentEncoding, "gzip")
	return again, packed.Bytes(), nil
}

// plain takes the compression off.
func plain(encoding string, sent []byte) ([]byte, error) {
	switch encoding {
	case "":
		return sent, nil
	case "gzip":
		reader, err := gzip.NewReader(bytes.NewReader(sent))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(reader)
	case "zstd":
		reader, err := zstd.NewReader(bytes.NewReader(sent), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		defer reader.Close()
		return io.ReadAll(reader)
	default:
		return nil, fmt.Errorf("compression %s is not known here: the exporter's compression has to be zstd, gzip or none", encoding)
	}
}
