package rabbitmq

import (
	"crypto/tls"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

func TestTLS(t *testing.T) {
	t.Parallel()
	address := collectortest.FreeAddress(t)
	roots, certificate, key := collectortest.NewCertificate(t, time.Hour)
	own := rabbitmqtest.Start(t, rabbitmqtest.Options{Config: fmt.Sprintf(`
listeners.ssl.1 = %s
ssl_options.cacertfile = %s
ssl_options.certfile = %s
ssl_options.keyfile = %s
`, address, certificate, certificate, key)})
	b := broker{Node: own, virtualHost: "/"}
	b.publishLarge(t, 20, mebi)

	config := b.existing("notifications.info")
	config.Hosts[0].Address = address
	config.MaxInFlightBytes = 2 * mebi

	t.Run("verified, and paused at times", func(t *testing.T) {
		config := config
		config.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
		r := start(t, config)
		s := r.session(t)
		r.eventually(t, "paused", func() bool { return len(r.paused) == 1 })
		for range 20 {
			d := r.delivery(t)
			require.Len(t, d.Body, mebi)
			require.NoError(t, s.Settle(acknowledge(d.Tag)))
		}
		require.Empty(t, config.TLS.ServerName, "the configuration is left as it is: it serves other hosts")
	})
	for _, test := range []struct {
		name   string
		config *tls.Config
		want   []string
	}{
		{"unknown authority", &tls.Config{MinVersion: tls.VersionTLS12}, []string{"certificate signed by unknown " +
			"authority", "without ssl_ca_file"}},
		{"other host name", &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, ServerName: "other"},
			[]string{"wanted to match other", "since 18.1.0"}},
		{"plaintext", nil, []string{"does this port expect TLS?"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := config
			config.TLS = test.config
			r := start(t, config)
			r.eventually(t, "refused", func() bool { return len(r.disconnected[address]) > 0 })
			r.do(func() {
				for _, words := range test.want {
					require.ErrorContains(t, r.disconnected[address][0], words)
				}
			})
		})
	}
}
