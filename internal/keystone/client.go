package keystone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"
)

// Settings are what a Client needs.
type Settings struct {
	// Auth says who we are; IdentityEndpoint is the URL of Keystone, with or without /v3.
	Auth gophercloud.AuthOptions
	// HTTP carries every request. Its Timeout bounds a login and a lookup, not a list. Its connections stay its owner's to close.
	HTTP *http.Client
	// Observe is told of every request: "get", "list" or "login". It must not block.
	Observe func(operation string, err error, took time.Duration)
	// LoginChanged is told of every login, nil for a good one. It is called by Run and must not block.
	LoginChanged func(err error)
	// LoggedIn is told of every good login. It is called by Run and must not block.
	LoggedIn func(login Login)
}

// Login is a login of ours, as Keystone tells it.
type Login struct {
	UserID, UserName string
	// At is when it began, by our clock.
	At time.Time
}

// defaultTimeout bounds a request where the HTTP client has no timeout.
const defaultTimeout = 30 * time.Second

func (s *Settings) timeout() time.Duration {
	if s.HTTP.Timeout > 0 {
		return s.HTTP.Timeout
	}
	return defaultTimeout
}

// Client asks one Keystone. It is safe for concurrent use. Requests need Run to be running.
type Client struct {
	http    *http.Client
	lists   *http.Client
	base    string
	timeout time.Duration
	session *session
	observe func(operation string, err error, took time.Duration)
	// sent are the texts of Auth, which no error repeats.
	sent []string
}

// NewClient makes a client and sends nothing.
func NewClient(settings Settings) *Client {
	if settings.Observe == nil {
		settings.Observe = func(string, error, time.Duration) {}
	}
	if settings.LoginChanged == nil {
		settings.LoginChanged = func(error) {}
	}
	if settings.LoggedIn == nil {
		settings.LoggedIn = func(Login) {}
	}
	lookups, lists := *settings.HTTP, *settings.HTTP
	lookups.CheckRedirect, lists.CheckRedirect = noRedirect, noRedirect
	lists.Timeout = 0 // a large directory takes longer than any lookup may
	base := identityV3(settings.Auth.IdentityEndpoint)
	return &Client{
		http: &lookups, lists: &lists, base: base,
		timeout: settings.timeout(),
		session: newSession(settings, base),
		observe: settings.Observe,
		sent:    sentTexts(settings.Auth),
	}
}

// identityV3 returns the root of API v3 with a slash at its end.
func identityV3(authURL string) string {
	base := strings.TrimRight(authURL, "/")
	base = strings.TrimSuffix(base, "/v2.0")
	if !strings.HasSuffix(base, "/v3") {
		base += "/v3"
	}
	return base + "/"
}

// Run logs in, and renews the token ahead of its end, until ctx is done. A refused login is tried again later.
func (c *Client) Run(ctx context.Context) { c.session.run(ctx) }

// maxEntityBytes bounds the answer to a lookup: descriptions may be long, and none is kept.
const maxEntityBytes = 1 << 20

// Get returns one thing. The error is an *Error.
func (c *Client) Get(ctx context.Context, ref Ref) (entity Entity, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	start := time.Now()
	defer func() { c.observe("get", err, time.Since(start)) }()

	body, err := c.open(ctx, c.http, c.base+ref.path(), ref.ID, ref.Owner)
	if err != nil {
		return Entity{}, err
	}
	defer drain(body)
	var document map[string]json.RawMessage
	if err := json.NewDecoder(http.MaxBytesReader(nil, body, maxEntityBytes)).Decode(&document); err != nil {
		return Entity{}, bodyError(err)
	}
	if err := json.Unmarshal(document[ref.Kind.String()], &entity); err != nil || entity.ID != ref.ID {
		return Entity{}, &Error{Reason: Unexpected, Status: http.StatusOK,
			message: "the answer is not the " + ref.Kind.String() + " that was asked for"}
	}
	return entity, nil
}

// open sends a GET and returns the body of a 200. A token that is refused is renewed once. asked are the ids in the URL.
func (c *Client) open(ctx context.Context, client *http.Client, url string, asked ...string) (io.ReadCloser, error) {
	sent := slices.Concat(c.sent, asked)
	for attempt := 1; ; attempt++ {
		tok, err := c.session.take(ctx)
		if err != nil {
			return nil, err
		}
		response, err := send(ctx, client, url, tok.id)
		if err != nil {
			return nil, networkError(err, append(sent, tok.id))
		}
		if response.StatusCode != http.StatusUnauthorized {
			tok.proven.Store(true)
		}
		if response.StatusCode == http.StatusOK {
			return response.Body, nil
		}
		refusal, _ := io.ReadAll(io.LimitReader(response.Body, 64<<10))
		drain(response.Body)
		if response.StatusCode == http.StatusUnauthorized && attempt == 1 && c.session.reject(tok) {
			continue
		}
		return nil, responseError(response.StatusCode, response.Header, refusal, append(sent, tok.id))
	}
}

func send(ctx context.Context, client *http.Client, url, tokenID string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "otelcol-openstack-audit")
	request.Header.Set("X-Auth-Token", tokenID)
	return client.Do(request)
}

// bodyError tells a connection that broke from an answer that is not Keystone's.
func bodyError(err error) error {
	var syntax *json.SyntaxError
	var mismatch *json.UnmarshalTypeError
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return &Error{Reason: Unexpected, Status: http.StatusOK, message: fmt.Sprintf("the answer has more than %d bytes", tooLong.Limit)}
	case errors.As(err, &syntax), errors.As(err, &mismatch):
		return &Error{Reason: Unexpected, Status: http.StatusOK, message: "the answer is not Keystone's: check auth_url"}
	default:
		return &Error{Reason: Unavailable, message: "the answer broke off", cause: err}
	}
}

// drain makes the connection fit for the next request.
func drain(body io.ReadCloser) {
	_, _ = io.Copy(io.Discard, io.LimitReader(body, 64<<10))
	_ = body.Close()
}
