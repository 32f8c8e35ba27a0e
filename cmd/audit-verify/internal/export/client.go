package export

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// Client asks a backend.
type Client struct {
	// Tenant is Loki's, in X-Scope-OrgID.
	Tenant string

	base *url.URL
	http *http.Client
}

// The environment variables with what the backend wants to see.
const (
	EnvironmentUsername = "AUDIT_VERIFY_USERNAME"
	EnvironmentPassword = "AUDIT_VERIFY_PASSWORD"
	EnvironmentToken    = "AUDIT_VERIFY_TOKEN"
	EnvironmentAPIKey   = "AUDIT_VERIFY_API_KEY"
)

// NewClient returns a client; caFile may be empty.
func NewClient(address, caFile string) (*Client, error) {
	base, err := url.Parse(address)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("%q is no URL of a backend, such as https://loki.example.com:3100", address)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s has no certificate", caFile)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &Client{base: base, http: &http.Client{Transport: transport, Timeout: 10 * time.Minute}}, nil
}

// tries is how often a request is sent that the backend cannot answer for now.
const tries = 5

// ask sends a request until it is answered, and returns the answer.
func (c *Client) ask(ctx context.Context, method, path string, query url.Values, body any) ([]byte, error) {
	target := c.base.JoinPath(path)
	target.RawQuery = query.Encode()
	var sent []byte
	if body != nil {
		var err error
		if sent, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	for try := 1; ; try++ {
		answer, again, err := c.once(ctx, method, target.String(), sent)
		if err == nil || !again || try == tries {
			return answer, err
		}
		select {
		case <-time.After(time.Duration(try*try) * time.Second):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (c *Client) once(ctx context.Context, method, target string, body []byte) (answer []byte, again bool, err error) {
	request, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, false, err
	}
	request.Header.Set("Content-Type", "application/json")
	if c.Tenant != "" {
		request.Header.Set("X-Scope-OrgID", c.Tenant)
	}
	// Each value stands apart from the labels of its stream.
	request.Header.Set("X-Loki-Response-Encoding-Flags", "categorize-labels")
	switch username, token, key := os.Getenv(EnvironmentUsername), os.Getenv(EnvironmentToken), os.Getenv(EnvironmentAPIKey); {
	case username != "":
		request.SetBasicAuth(username, os.Getenv(EnvironmentPassword))
	case token != "":
		request.Header.Set("Authorization", "Bearer "+token)
	case key != "":
		request.Header.Set("Authorization", "ApiKey "+key)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, true, err
	}
	answer, err = io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		return nil, true, err
	}
	if response.StatusCode != http.StatusOK {
		again = response.StatusCode == http.StatusTooManyRequests || response.StatusCode >= http.StatusInternalServerError
		return nil, again, fmt.Errorf("%s %s: %s: %.300s", method, request.URL.Path, response.Status, strings.TrimSpace(string(answer)))
	}
	return answer, false, nil
}
