//go:build backends

package backends

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// testReconciliation has a proxy before Loki, which names the tenant, and refuses what is to be stored while Loki is away.
func (l loki) testReconciliation(t *testing.T) {
	target, err := url.Parse(l.url)
	require.NoError(t, err)
	forward := httputil.NewSingleHostReverseProxy(target)
	var away atomic.Bool
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away.Load() && strings.HasPrefix(r.URL.Path, "/otlp") {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		r.Header.Set("X-Scope-OrgID", tenant(t))
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	management := manage(t)
	broker, environment := broker(t)
	c := consuming(t, "loki.yaml", append(environment, "AUDIT_LOKI_ENDPOINT="+proxy.URL+"/otlp"),
		append(reconciled("otlp_http/loki"), "--set", "exporters.otlp_http/loki.retry_on_failure.max_interval=1s")...)
	r := newReconciliation(t, management, c.Metrics, "loki:3100", strings.TrimPrefix(proxy.URL, "http://"))
	reconcile(t, broker, func() (sums, error) {
		return r.read(t, 3, regexp.MustCompile(`"value":\[[^,]*,"(\d+)"\]`))
	}, away.Store, c.Process)
}
