package keystone

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
	"golang.org/x/time/rate"
)

// token is what Keystone gave for our credentials.
type token struct {
	id string
	// obtained, expires and renew are of our own clock.
	obtained, expires, renew time.Time
	user                     Login
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
	// loggedIn is told of good logins.
	loggedIn func(login Login)
	// sent are the texts of auth, which no error repeats.
	sent []string
	// logins bounds how often Keystone's answers make us log in.
	logins *rate.Limiter

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
		if ctx.Err() != nil {
			return
		}
		s.settle(fresh, err)
		if err != nil {
			failures++
			s.sleep(ctx, loginBackoff(err, failures), nil)
			continue
		}
		failures = 0
		s.loggedIn(fresh.user)
		s.sleep(ctx, time.Until(fresh.renew), s.wanted)
		if wait := s.logins.Reserve().Delay(); wait > 0 {
			s.settle(nil, &Error{Reason: Unauthorized, message: "login: tokens end sooner than we log in again"})
			s.sleep(ctx, wait, nil)
		}
	}
}

// sleep ends early when somebody wants a login.
func (s *session) sleep(ctx context.Context, wait time.Duration, wanted <-chan struct{}) {
	select {
	case <-ctx.Done():
	case <-time.After(wait):
	case <-wanted:
	}
}

// loginInterval is the least time between two logins when Keystone refuses tokens that it just gave: without it every
// lookup would become a login.
const loginInterval = time.Minute

// loginBurst is how many logins may follow each other without that interval, such as after revoked tokens or a restart of Keystone.
const loginBurst = 5

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
		return nil, s.loginError(result.Err)
	}
	var document struct {
		IssuedAt  time.Time `json:"issued_at"`
		ExpiresAt time.Time `json:"expires_at"`
		User      tokens.User
	}
	id, err := result.ExtractTokenID()
	// The lifetime, and not the time of expiry, is what a wrong clock on either side leaves right.
	lifetime := time.Duration(0)
	if result.ExtractInto(&document) == nil && !document.IssuedAt.IsZero() {
		lifetime = document.ExpiresAt.Sub(document.IssuedAt)
	}
	if err != nil || id == "" || lifetime <= 0 {
		return nil, &Error{Reason: Unexpected, message: "login: no token in the answer: check auth_url"}
	}
	return &token{
		id: id, obtained: start, expires: start.Add(lifetime),
		renew: start.Add(max(lifetime*4/5, time.Second)),
		user:  Login{UserID: document.User.ID, UserName: document.User.Name, At: start},
	}, nil
}

// loginError keeps Keystone's words, and nothing of what we sent.
func (s *session) loginError(err error) error {
	var e *Error
	if status, ok := errors.AsType[gophercloud.ErrUnexpectedResponseCode](err); ok {
		e = responseError(status.Actual, status.ResponseHeader, status.Body, s.sent)
		if e.Reason == Absent {
			e.Reason = Unexpected
		}
	} else if tooLong, ok := errors.AsType[*http.MaxBytesError](err); ok {
		e = &Error{Reason: Unexpected, message: fmt.Sprintf("the answer has more than %d bytes", tooLong.Limit)}
	} else {
		e = networkError(err, s.sent)
	}
	e.message = "login: " + e.message
	return e
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
	if !old.proven.Load() && time.Since(old.obtained) < loginInterval || s.logins.Tokens() < 1 {
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
	httpClient.Transport = boundedTransport{httpClient.Transport}
	provider := &gophercloud.ProviderClient{HTTPClient: httpClient}
	return &session{
		identity: &gophercloud.ServiceClient{ProviderClient: provider, Endpoint: base, Type: "identity"},
		auth:     settings.Auth,
		timeout:  settings.timeout(),
		observe:  settings.Observe,
		changed:  settings.LoginChanged,
		loggedIn: settings.LoggedIn,
		sent:     sentTexts(settings.Auth),
		logins:   rate.NewLimiter(rate.Every(loginInterval), loginBurst-1),
		wanted:   make(chan struct{}, 1),
		news:     make(chan struct{}),
	}
}

// noRedirect keeps X-Auth-Token from travelling to another host: net/http drops only the headers it knows.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// maxLoginBytes bounds the answer to a login, which has the service catalog.
const maxLoginBytes = 8 << 20

// boundedTransport bounds answers, as they are when inflated.
type boundedTransport struct{ next http.RoundTripper }

func (t boundedTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	next := t.next
	if next == nil {
		next = http.DefaultTransport
	}
	response, err := next.RoundTrip(request)
	if err == nil {
		response.Body = http.MaxBytesReader(nil, response.Body, maxLoginBytes)
	}
	return response, err
}
