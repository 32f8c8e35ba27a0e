package selfauthextension

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/http"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensionauth"
)

// header is what an exporter sends; the map of a receiver has it in this spelling.
const header = "Authorization"

var errNotThisCollector = errors.New("only this collector itself may send here")

// selfAuth is both ends of the authentication.
type selfAuth struct {
	component.StartFunc
	component.ShutdownFunc
	credentials string
}

var (
	_ extension.Extension      = (*selfAuth)(nil)
	_ extensionauth.Server     = (*selfAuth)(nil)
	_ extensionauth.HTTPClient = (*selfAuth)(nil)
)

func newSelfAuth() *selfAuth { return &selfAuth{credentials: "Bearer " + rand.Text()} }

// Authenticate implements extensionauth.Server.
func (s *selfAuth) Authenticate(ctx context.Context, sources map[string][]string) (context.Context, error) {
	given := sources[header]
	if len(given) != 1 || subtle.ConstantTimeCompare([]byte(given[0]), []byte(s.credentials)) != 1 {
		return ctx, errNotThisCollector
	}
	return ctx, nil
}

// RoundTripper implements extensionauth.HTTPClient.
func (s *selfAuth) RoundTripper(base http.RoundTripper) (http.RoundTripper, error) {
	return roundTripper{base: base, credentials: s.credentials}, nil
}

type roundTripper struct {
	base        http.RoundTripper
	credentials string
}

func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set(header, r.credentials)
	return r.base.RoundTrip(request)
}
