package selfauthextension

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAuthentication(t *testing.T) {
	own := newSelfAuth()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := own.Authenticate(r.Context(), r.Header); err != nil {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	t.Cleanup(server.Close)
	status := func(client http.RoundTripper, headers ...string) int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, nil)
		require.NoError(t, err)
		for _, value := range headers {
			request.Header.Add(header, value)
		}
		response, err := client.RoundTrip(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, headers, request.Header[header], "the caller's request stays as it is")
		return response.StatusCode
	}
	client, err := own.RoundTripper(http.DefaultTransport)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status(client))
	require.Equal(t, http.StatusOK, status(client, "Bearer other"), "an exporter's own header gives way")

	another, err := newSelfAuth().RoundTripper(http.DefaultTransport)
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, status(another), "another collector, and this one after a restart")
	for _, headers := range [][]string{nil, {""}, {"Bearer"}, {"Bearer "}, {own.credentials[:len(own.credentials)-1]},
		{own.credentials, own.credentials}} {
		require.Equal(t, http.StatusUnauthorized, status(http.DefaultTransport, headers...))
	}
	require.Greater(t, len(own.credentials), 26)
}

func TestErrorsSayNoSecret(t *testing.T) {
	own := newSelfAuth()
	_, err := own.Authenticate(context.Background(), map[string][]string{header: {"Bearer x"}})
	require.ErrorIs(t, err, errNotThisCollector)
	require.NotContains(t, err.Error(), own.credentials)
}
