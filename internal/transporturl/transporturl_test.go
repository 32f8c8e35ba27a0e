package transporturl

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	t.Parallel()
	host := func(name string, port int, credentials ...string) Host {
		h := Host{Name: name, Port: port}
		if len(credentials) > 0 {
			h.Username, h.Password = credentials[0], credentials[1]
		}
		return h
	}
	one := func(name string, port int, username, password string) []Host {
		return []Host{host(name, port, username, password)}
	}
	heartbeat := func(d time.Duration) *time.Duration { return &d }
	verified := TLS{VerifyHostname: true}
	tls := TLS{Enabled: true, VerifyHostname: true}

	tests := []struct {
		text string
		want URL
	}{
		{"rabbit://u:p@h:5672", URL{Hosts: one("h", 5672, "u", "p"), VirtualHost: "/", TLS: verified}},
		{"rabbit://u:p@h:5672/", URL{Hosts: one("h", 5672, "u", "p"), VirtualHost: "/", TLS: verified}},
		{"rabbit://u:p@h:5672//", URL{Hosts: one("h", 5672, "u", "p"), VirtualHost: "/", TLS: verified}},
		{"rabbit://u:p@h:5672/%2F", URL{Hosts: one("h", 5672, "u", "p"), VirtualHost: "/", TLS: verified}},
		{"rabbit://u:p@h:5672/%2f", URL{Hosts: one("h", 5672, "u", "p"), VirtualHost: "/", TLS: verified}},
		{"rabbit://u:p@h/openstack", URL{Hosts: one("h", 5672, "u", "p"), VirtualHost: "openstack", TLS: verified}},
		{"rabbit://u:p@h/%2Fos", URL{Hosts: one("h", 5672, "u", "p"), VirtualHost: "/os", TLS: verified}},
		{"rabbit://u:p@h/a/b", URL{Hosts: one("h", 5672, "u", "p"), VirtualHost: "a/b", TLS: verified}},
		{"rabbit://u:p@h:/v", URL{Hosts: one("h", 5672, "u", "p"), VirtualHost: "v", TLS: verified}},
		{"rabbit://u:p@a@h/", URL{Hosts: one("h", 5672, "u", "p@a"), VirtualHost: "/", TLS: verified}},
		{"rabbit://u:p:q@h/", URL{Hosts: one("h", 5672, "u", "p:q"), VirtualHost: "/", TLS: verified}},
		{"rabbit://u:100%25%@h/", URL{Hosts: one("h", 5672, "u", "100%%"), VirtualHost: "/", TLS: verified}},
		{"rabbit://u:p+q%2Bx@h/", URL{Hosts: one("h", 5672, "u", "p+q+x"), VirtualHost: "/", TLS: verified}},
		{"rabbit://u:%C3%BC%FF@h/", URL{Hosts: one("h", 5672, "u", "ü\uFFFD"), VirtualHost: "/", TLS: verified}},
		{"rabbit://u@h/", URL{Hosts: []Host{host("h", 5672, "u", "")}, VirtualHost: "/", TLS: verified}},
		{"rabbit://h", URL{Hosts: []Host{host("h", 5672)}, VirtualHost: "/", TLS: verified}},
		{"rabbit://u:p@/v", URL{Hosts: one("localhost", 5672, "u", "p"), VirtualHost: "v", TLS: verified}},
		{"rabbit://", URL{Hosts: one("localhost", 5672, "guest", "guest"), VirtualHost: "/", TLS: verified}},
		{"rabbit:///v", URL{Hosts: one("localhost", 5672, "guest", "guest"), VirtualHost: "v", TLS: verified}},
		{"\x20rabbit://u:p@h/v\n", URL{Hosts: one("h", 5672, "u", "p"), VirtualHost: "v", TLS: verified}},
		{"RABBIT://u:p@H/v", URL{Hosts: one("H", 5672, "u", "p"), VirtualHost: "v", TLS: verified}},
		{"kombu://u:p@h/v", URL{Hosts: one("h", 5672, "u", "p"), VirtualHost: "v", TLS: verified}},
		{"kombu+amqp://u:p@h/v", URL{Hosts: one("h", 5672, "u", "p"), VirtualHost: "v", TLS: verified}},
		{"kombu+amqps://u:p@h/v", URL{Hosts: one("h", 5672, "u", "p"), VirtualHost: "v", TLS: tls}},
		{"amqp://u:p@h/v", URL{Hosts: one("h", 5672, "u", "p"), VirtualHost: "v", TLS: verified}},
		{"amqps://u:p@h:5671/v", URL{Hosts: one("h", 5671, "u", "p"), VirtualHost: "v", TLS: tls}},
		{"rabbit://u:p@h:5671/v", URL{Hosts: one("h", 5671, "u", "p"), VirtualHost: "v", TLS: verified}},
		{"rabbit://u:p@h/v?ssl=no", URL{Hosts: one("h", 5672, "u", "p"), VirtualHost: "v", TLS: TLS{Off: true, VerifyHostname: true}}},
		{"rabbit://u:p@h/v?ssl=", URL{Hosts: one("h", 5672, "u", "p"), VirtualHost: "v", TLS: verified}},
		{"rabbit://u:p@h/v?ssl=True", URL{Hosts: one("h", 5672, "u", "p"), VirtualHost: "v", TLS: tls}},
		{"rabbit://u:p@h?ssl=1", URL{Hosts: one("h", 5672, "u", "p"), VirtualHost: "/", TLS: tls}},
		{"rabbit://u:p@h1:5672,u:p@h2:5673/vh", URL{
			Hosts: []Host{host("h1", 5672, "u", "p"), host("h2", 5673, "u", "p")}, VirtualHost: "vh", TLS: verified,
		}},
		{"rabbit://u:p@h1,h2/vh", URL{
			Hosts: []Host{host("h1", 5672, "u", "p"), host("h2", 5672)}, VirtualHost: "vh", TLS: verified,
		}},
		{"rabbit://a:b@[::1],,c:d@[fe80::1%25eth0]:5673,e:f@10.0.0.1", URL{
			Hosts: []Host{
				host("::1", 5672, "a", "b"), host("fe80::1%25eth0", 5673, "c", "d"), host("10.0.0.1", 5672, "e", "f"),
			},
			VirtualHost: "/", TLS: verified,
		}},
		{"rabbit://u%40x:p%2F%3A%40@[::1]:5671/vh?ssl=1", URL{Hosts: one("::1", 5671, "u@x", "p/:@"), VirtualHost: "vh", TLS: tls}},
		{"rabbit://u:p@h/v?ssl=on&ssl_ca_file=/etc/ca+1.pem&ssl_cert_file=%2Fc.pem&ssl_key_file=/k.pem&ssl_version=TLSv1_2" +
			"&ssl_enforce_hostname_verification=off", URL{
			Hosts: one("h", 5672, "u", "p"), VirtualHost: "v",
			TLS: TLS{Enabled: true, CAFile: "/etc/ca 1.pem", CertFile: "/c.pem", KeyFile: "/k.pem", Version: "TLSv1_2"},
		}},
		{"rabbit://u:p@h/v?heartbeat_timeout_threshold=10&rabbit_login_method=external&rabbit_quorum_queue=true&kombu_reconnect_delay=1.0", URL{
			Hosts: one("h", 5672, "u", "p"), VirtualHost: "v", TLS: verified,
			Heartbeat: heartbeat(10 * time.Second), LoginMethod: "EXTERNAL",
		}},
		{"rabbit://u:p@h/v?heartbeat_timeout_threshold=0&zz=1&sslca=2&zz=3&flag", URL{
			Hosts: one("h", 5672, "u", "p"), VirtualHost: "v", TLS: verified,
			Heartbeat: heartbeat(0), UnknownKeys: []string{"sslca", "zz"},
		}},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			t.Parallel()
			got, err := Parse(test.text)
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
}

func TestParseErrorsNameTheMistakeAndHoldNoSecret(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, mistake string }{
		{"rabbit://user:s3cret#x@h/v", "%23"},
		{"rabbit://user:s3cret/x@h/v", "percent-encoded"},
		{"rabbit://user:s3cret?x@h/v", "percent-encoded"},
		{"rabbit://user:s3cret@h:port/v", "host 1: the port"},
		{"rabbit://user:s3cret@h:1,user:s3cret@h:0/v", "host 2: the port"},
		{"rabbit://user:s3cret@h:65536/v", "the port"},
		{"rabbit://user:s3cret@[::1/v", "']'"},
		{"user:s3cret@h", "must begin with rabbit://"},
		{"", "must begin with rabbit://"},
		{"kafka://user:s3cret@h", "amqps://"},
		{"rabbit:user:s3cret@h", "must begin with rabbit://"},
		{"rabbit://user:s3cret@h/v?ssl=maybe", "query key ssl must be one of true"},
		{"rabbit://user:s3cret@h/v?ssl=1&ssl=0", "query key ssl must be one of true"},
		{"rabbit://user:s3cret@h/?heartbeat_timeout_threshold=-1", "query key heartbeat_timeout_threshold must be a number of seconds"},
		{"rabbit://user:s3cret@h/?rabbit_login_method=KERBEROS", "query key rabbit_login_method must be one of PLAIN"},
	} {
		_, err := Parse(test.text)
		require.ErrorContains(t, err, test.mistake, test.text)
		require.NotContains(t, err.Error(), "s3cret")
		require.NotContains(t, err.Error(), "user:")
	}
}

func TestURLPrintsNoCredentials(t *testing.T) {
	t.Parallel()
	parsed, err := Parse("rabbit://someone:s3cret@h1:1,h2,other:s3cret@[::1]/v")
	require.NoError(t, err)
	require.Equal(t, []string{"h2:5672"}, parsed.HostsWithoutCredentials())
	for _, format := range []string{"%v", "%+v", "%s", "%#v"} {
		printed := fmt.Sprintf(format, parsed)
		require.Contains(t, printed, "h1:1")
		require.Contains(t, printed, "[::1]:5672")
		require.NotContains(t, printed, "s3cret")
		require.NotContains(t, printed, "someone")
	}
	parsed, err = Parse("rabbit://h1,h2")
	require.NoError(t, err)
	require.Empty(t, parsed.HostsWithoutCredentials(), "none has any")
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"rabbit://u%40x:p%2F%3A%40@[::1]:5671/vh?ssl=1&ssl_ca_file=/x", "rabbit://u:p@h1,h2:5673/%2F", "amqps://", "rabbit://u:p#x@h/v",
		"rabbit://a@b@[c]d:1,/e/f?g=h&g=i&=j&k", "kombu+amqp://%zz:%@%", "\trabbit://\xff:%ff@\n",
	} {
		f.Add(seed)
	}
	allowed := func(message string) bool {
		for _, r := range message {
			if r > 126 || r < ' ' {
				return false
			}
		}
		return true
	}
	f.Fuzz(func(t *testing.T, text string) {
		const secret = "\u2603s3cret\u2603" // no error message holds a snowman of its own
		for _, candidate := range []string{text, strings.Replace(text, ":", ":"+secret, 2), "rabbit://u:" + secret + text} {
			parsed, err := Parse(candidate)
			if err != nil {
				require.True(t, allowed(err.Error()), "the message %q holds input", err)
				continue
			}
			require.NotEmpty(t, parsed.Hosts)
			require.NotEmpty(t, parsed.VirtualHost)
			for _, host := range parsed.Hosts {
				require.NotEmpty(t, host.Name)
				require.Positive(t, host.Port)
				if utf8.ValidString(candidate) {
					require.True(t, utf8.ValidString(host.Username+host.Password))
				}
			}
		}
	})
}
