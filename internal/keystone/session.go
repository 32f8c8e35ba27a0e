package keystone

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
)

// token is what Keystone gave for our credentials.
type token struct {
	id string
	// obtained, expires and renew are of our own clock.
	obtained, expires, renew time.Time
	// proven is set once a request was answered with it.
	proven atomic.Bool
}

// session holds the current token. One goroutine, run, obtains and renews it; requests only take it, or wait for the
// first one as long as their context lasts.
type session struct {
	identity *gophercloud.ServiceClient
	auth     gophercloud.AuthOptions
	// timeout bounds one login.
	timeout time.Duration
	observe func(operation string, err error, took time.Duration)
	changed func(err error)

	wanted chan struct{}

	mu      sync.Mutex
	current *token
	failure error
	news    chan struct{} // closed when current or failure changes
}

// run logs in and renews until ctx is done.
func (s *session) run(ctx context.Context) {
	var failures int
	for ctx.Err() == nil {
		fresh, err := s.login(ctx)
		var wait time.Duration
		if err != nil {
			failures++
			wait = loginBackoff(err, failures)
		} else {
			failures = 0
			wait = time.Until(fresh.renew)
		}
		if ctx.Err() != nil {
			return
		}
		s.settle(fresh, err)
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-s.wanted:
		}
		timer.Stop()
	}
}

// loginInterval is the least time between two logins when Keystone refuses tokens that it just gave: without it every
// lookup would become a login.
const loginInterval = time.Minute

// loginBackoff is short while Keystone is away, and long when it refuses us: Keystone's lockout_failure_attempts
// would lock our account.
func loginBackoff(err error, failures int) time.Duration {
	first, longest := 500*time.Millisecond, 30*time.Second
	if ReasonOf(err) != Unavailable {
		first, longest = 30*time.Second, 10*time.Minute
	}
	wait := min(first<<min(failures-1, 10), longest)
	wait = wait/2 + rand.N(wait/2+1)
	return max(wait, RetryAfterOf(err))
}

func (s *session) login(ctx context.Context) (fresh *token, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	start := time.Now()
	defer func() { s.observe("login", err, time.Since(start)) }()

	auth := s.auth // gophercloud completes the scope in place
	result := tokens.Create(ctx, s.identity, &auth)
	if result.Err != nil {
		return nil, loginError(result.Err)
	}
	var body struct {
		ExpiresAt time.Time `json:"expires_at"`
		IssuedAt  time.Time `json:"issued_at"`
	}
	id, err := result.ExtractTokenID()
	if err == nil {
		err = result.ExtractInto(&body)
	}
	if err != nil || id == "" || !body.ExpiresAt.After(body.IssuedAt) {
		return nil, &Error{Reason: Unexpected, message: "login: no token in the answer: check auth_url"}
	}
	// The lifetime, and not the time of expiry, is what a wrong clock on either side leaves right.
	lifetime := body.ExpiresAt.Sub(body.IssuedAt)
	return &token{
		id: id, obtained: start, expires: start.Add(lifetime),
		renew: start.Add(max(lifetime*4/5, time.Second)),
	}, nil
}

// loginError keeps Keystone's words, and nothing of what we sent.
func loginError(err error) error {
	if status, ok := errors.AsType[gophercloud.ErrUnexpectedResponseCode](err); ok {
		e := responseError(status.Actual, status.ResponseHeader, status.Body)
		if e.Reason == Absent {
			e.Reason = Unexpected
		}
		e.message = "login: " + e.message
		return e
	}
	return &Error{Reason: Unavailable, cause: err}
}

func (s *session) settle(fresh *token, err error) {
	s.mu.Lock()
	s.failure = err
	if err == nil {
		s.current = fresh
	}
	select {
	case <-s.wanted: // by those who did not see this login coming
	default:
	}
	close(s.news)
	s.news = make(chan struct{})
	s.mu.Unlock()
	s.changed(err)
}

// take returns the current token. Without one it waits for the login that is under way; when the last login failed it
// returns that error at once.
func (s *session) take(ctx context.Context) (*token, error) {
	for {
		s.mu.Lock()
		current, failure, news := s.current, s.failure, s.news
		s.mu.Unlock()
		switch {
		case current != nil && time.Now().Before(current.expires):
			return current, nil
		case failure != nil:
			return nil, failure
		case current != nil:
			s.wake() // the timer sleeps with the machine, the token does not
		}
		select {
		case <-news:
		case <-ctx.Done():
			return nil, &Error{Reason: Unavailable, message: "login takes too long", cause: ctx.Err()}
		}
	}
}

// reject tells that Keystone does not take a token any more. It reports whether another one is coming.
func (s *session) reject(old *token) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != old {
		return true // somebody else was faster
	}
	if !old.proven.Load() && time.Since(old.obtained) < loginInterval {
		return false
	}
	s.current = nil
	s.wake()
	return true
}

// wake makes run log in now.
func (s *session) wake() {
	select {
	case s.wanted <- struct{}{}:
	default:
	}
}

func newSession(settings Settings, base string) *session {
	httpClient := *settings.HTTP
	httpClient.CheckRedirect = noRedirect
	provider := &gophercloud.ProviderClient{HTTPClient: httpClient}
	return &session{
		identity: &gophercloud.ServiceClient{ProviderClient: provider, Endpoint: base, Type: "identity"},
		auth:     settings.Auth,
		timeout:  settings.timeout(),
		observe:  settings.Observe,
		changed:  settings.LoginChanged,
		wanted:   make(chan struct{}, 1),
		news:     make(chan struct{}),
	}
}

// noRedirect keeps X-Auth-Token from travelling to another host: net/http drops only the headers it knows.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
