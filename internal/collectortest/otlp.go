package collectortest

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
)

// OTLP is an endpoint that takes logs as OTLP/HTTP has them. take decides the status of each answer; the context ends with
// the client's connection.
func OTLP(path string, take func(context.Context, plog.Logs) (status int)) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
		request := plogotlp.NewExportRequest()
		body, err := Body(r)
		if err == nil {
			err = request.UnmarshalProto(body)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		status := take(r.Context(), request.Logs())
		w.Header().Set("Content-Type", "application/x-protobuf") // an empty body is an ExportLogsServiceResponse
		w.WriteHeader(status)
	})
	return mux
}

// Body reads the body of a request, which may be compressed.
func Body(r *http.Request) ([]byte, error) {
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "":
		return io.ReadAll(r.Body)
	case "gzip":
		plain, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, err
		}
		return io.ReadAll(plain)
	case "zstd":
		plain, err := zstd.NewReader(r.Body, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		defer plain.Close()
		return io.ReadAll(plain)
	default:
		return nil, fmt.Errorf("Content-Encoding: %s is not known here", encoding)
	}
}
