package keystone

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Reason says why there is no answer. Each asks for something else to be done.
type Reason uint8

const (
	// Absent: Keystone says that there is no such thing (404).
	Absent Reason = iota + 1
	// Forbidden: our user lacks a role for it (403).
	Forbidden
	// Unauthorized: Keystone does not take our credentials, or not the token that it just gave (401).
	Unauthorized
	// Unavailable: no connection, no answer in time, 429, or 5xx.
	Unavailable
	// Unexpected: an answer that is not Keystone's, such as that of a proxy or of another service at the URL.
	Unexpected
)

// String returns the reason in one lower-case word.
func (r Reason) String() string {
	return [...]string{"", "absent", "forbidden", "unauthorized", "unavailable", "unexpected"}[r]
}

// Error is every error of this package's requests. Its text is short, printable ASCII, and holds nothing that we sent.
type Error struct {
	Reason Reason
	// Status is the HTTP status, 0 without a response.
	Status int
	// RetryAfter is how long Keystone asks us to wait (429, 503), at most maxRetryAfter; 0 when it does not say.
	RetryAfter time.Duration

	message string
	cause   error
}

// Error returns what was asked for, the status and Keystone's words.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("keystone: ")
	if e.Status != 0 {
		fmt.Fprintf(&b, "%d %s: ", e.Status, http.StatusText(e.Status))
	}
	b.WriteString(cmp.Or(e.message, e.Reason.String()))
	return b.String()
}

// Unwrap returns the error below, such as that of the network.
func (e *Error) Unwrap() error { return e.cause }

// ReasonOf returns the reason of an error of this package; of any other one it is Unavailable.
func ReasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return Unavailable
}

// RetryAfterOf returns how long to wait before the next request, 0 when Keystone did not say.
func RetryAfterOf(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.RetryAfter
	}
	return 0
}

// maxRetryAfter bounds what a server may ask for, so that a wrong clock does not switch names off for days.
const maxRetryAfter = 5 * time.Minute

// responseError classifies an HTTP status other than 200 and 201. sent is what Keystone's words must not repeat.
func responseError(status int, header http.Header, body []byte, sent []string) *Error {
	message, isKeystone := errorMessage(body)
	e := &Error{Status: status, message: words(message, sent)}
	switch {
	case status == http.StatusNotFound && isKeystone:
		e.Reason, e.message = Absent, "no such thing"
	case status == http.StatusNotFound:
		// A 404 of a proxy, or of another service, must not be taken for "deleted".
		e.Reason, e.message = Unexpected, "not an answer of Keystone: check auth_url"
	case status == http.StatusForbidden:
		e.Reason = Forbidden
	case status == http.StatusUnauthorized:
		e.Reason = Unauthorized
	case status == http.StatusTooManyRequests || status >= http.StatusInternalServerError:
		e.Reason, e.RetryAfter = Unavailable, retryAfter(header, time.Now())
	case status >= 300 && status < 400:
		e.Reason, e.message = Unexpected, "a redirect: set auth_url to where it leads, the token is not sent there"
	default:
		e.Reason = Unexpected
	}
	return e
}

// networkError is for a request without a response.
func networkError(err error, sent []string) *Error {
	cause := err
	if failed, ok := errors.AsType[*url.Error](err); ok {
		cause = failed.Err // the rest is the URL that we asked
	}
	if _, ok := errors.AsType[*net.OpError](cause); ok {
		sent = nil // the words of our own system, such as the name of a host
	}
	return &Error{Reason: Unavailable, message: words(cause.Error(), sent), cause: err}
}

// errorMessage returns the message of Keystone's error document, and whether it is one.
func errorMessage(body []byte) (string, bool) {
	var document, members map[string]json.RawMessage
	if json.Unmarshal(body, &document) != nil || json.Unmarshal(document["error"], &members) != nil || members == nil {
		return "", false
	}
	var message string
	_ = json.Unmarshal(members["message"], &message)
	return message, true
}

// retryAfter reads both forms of RFC 9110 §10.2.3: seconds, and a date.
func retryAfter(header http.Header, now time.Time) time.Duration {
	value := header.Get("Retry-After")
	var wait time.Duration
	if seconds, err := strconv.Atoi(value); err == nil {
		wait = time.Duration(min(seconds, int(maxRetryAfter/time.Second))) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), maxRetryAfter)
}
