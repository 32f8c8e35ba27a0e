package httpdeliveryextension

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// A backend that does not know zstd answers as its kind does. No record is lost, and none is rejected for it.
func TestBackendWithoutZstd(t *testing.T) {
	for _, test := range []struct {
		name      string
		unknown   int // how it answers what it does not know; 0: it knows zstd
		rejects   bool
		encodings []string // of the requests that it gets for two of the exporter's
		want      int
		kept      string
	}{
		{name: "knows it", encodings: []string{"zstd", "zstd"}, want: 200},
		{name: "400, as Loki before 3.6", unknown: 400, encodings: []string{"zstd", "gzip", "gzip"}, want: 200},
		{name: "415, as the standard says", unknown: 415, encodings: []string{"zstd", "gzip", "gzip"}, want: 200},
		{name: "422", unknown: 422, encodings: []string{"zstd", "gzip", "gzip"}, want: 200},
		{name: "knows it, rejects the records", rejects: true, encodings: []string{"zstd", "gzip", "zstd", "gzip"}, want: 400, kept: "records"},
		{name: "away", unknown: 503, encodings: []string{"zstd", "zstd"}, want: 503},
	} {
		t.Run(test.name, func(t *testing.T) {
			var encodings []string
			f := newFixture(t, func(w http.ResponseWriter, r *http.Request) {
				encoding := r.Header.Get(contentEncoding)
				encodings = append(encodings, encoding)
				body, err := collectortest.Body(r)
				switch {
				case err != nil || string(body) != "records":
					w.WriteHeader(http.StatusTeapot)
				case encoding == "zstd" && test.unknown != 0:
					w.WriteHeader(test.unknown)
				case test.rejects:
					w.WriteHeader(http.StatusBadRequest)
				}
			}, nil)
			for range 2 {
				status, err := f.postZstd(t, "records")
				require.NoError(t, err)
				require.Equal(t, test.want, status)
			}
			require.Equal(t, test.encodings, encodings)
			require.Equal(t, test.kept, f.letters(t)[".pb"])
		})
	}
}

func (f *fixture) postZstd(t *testing.T, body string) (int, error) {
	t.Helper()
	encoder, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.url+otlp, bytes.NewReader(encoder.EncodeAll([]byte(body), nil)))
	require.NoError(t, err)
	request.Header.Set("Content-Type", proto)
	request.Header.Set(contentEncoding, "zstd")
	response, err := f.client.RoundTrip(request)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(t, err)
	return response.StatusCode, response.Body.Close()
}
