package openstackauditreceiver

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

func TestInvalidListenConfig(t *testing.T) {
	t.Parallel()
	type section = map[string]any
	auth := func(key string, value any) section {
		return section{"auth": section{"username": "u", "password": "hidden", key: value}}
	}
	for _, test := range []struct {
		want string
		keys section
	}{
		{`listen::endpoint: "5679" is not of the form host:port`, section{"endpoint": "5679"}},
		{"listen::endpoint: 0.0.0.0:5679 may be reached from other hosts", section{"endpoint": "0.0.0.0:5679"}},
		{"listen::endpoint: :5679 may be reached from other hosts", section{"endpoint": ":5679"}},
		{"listen::endpoint: localhost.example:5679 may be reached from other hosts", section{"endpoint": "localhost.example:5679"}},
		{"listen::auth::username: is required", auth("username", "")},
		{"listen::auth::password: is required", auth("password", "")},
		{"listen::auth::mechanisms: at least one", auth("mechanisms", []any{})},
		{`listen::auth::mechanisms[1]: "ANONYMOUS" is none of`, auth("mechanisms", []any{"PLAIN", "ANONYMOUS"})},
		{"listen::auth::mechanisms: EXTERNAL needs listen::tls::client_ca_file", auth("mechanisms", []any{"EXTERNAL"})},
		{"listen::auth::certificate_names: is required with EXTERNAL", auth("mechanisms", []any{"EXTERNAL"})},
		{"listen::auth::certificate_names: is for EXTERNAL", auth("certificate_names", []any{"nova"})},
		{`listen::auth::certificate_names[1]: " nova" is no name`, section{"auth": section{
			"mechanisms": []any{"EXTERNAL"}, "certificate_names": []any{"nova", " nova"}}}},
		{"listen::max_connections: 0 is not between", section{"max_connections": 0}},
		{"listen::max_message_size_mib: 0 is not between", section{"max_message_size_mib": 0}},
		{"listen::max_in_flight_mib: 4 is not more than max_message_size_mib 4", section{"max_message_size_mib": 4, "max_in_flight_mib": 4}},
		{"listen::max_hold: 0s is less than 1s", section{"max_hold": "0s"}},
		{"listen::exchanges[0]: a name of 1 to 127 bytes", section{"exchanges": []any{""}}},
		{"listen::topics[1]: a name of 1 to 127 bytes", section{"topics": []any{"a", ""}}},
	} {
		t.Run(test.want, func(t *testing.T) {
			t.Parallel()
			listen := auth("username", "u")
			maps.Copy(listen, test.keys)
			assertInvalid(t, section{"listen": listen}, test.want)
		})
	}
	for _, test := range []struct {
		name string
		keys section
	}{
		{"loopback", section{"endpoint": "127.0.0.2:5679"}},
		{"loopback of IPv6", section{"endpoint": "[::1]:5679"}},
		{"insecure plaintext", section{"endpoint": "0.0.0.0:5679", "insecure_plaintext": true}},
		{"TLS", section{"endpoint": "0.0.0.0:5679", "tls": section{"cert_file": "c", "key_file": "k"}}},
		{"EXTERNAL alone", section{"auth": section{"mechanisms": []any{"EXTERNAL"}, "certificate_names": []any{"nova"}},
			"tls": section{"cert_file": "c", "key_file": "k", "client_ca_file": "ca"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			listen := auth("username", "u")
			maps.Copy(listen, test.keys)
			require.NoError(t, confmap.Validate(load(t, confmap.NewFromStringMap(section{"listen": listen}))))
		})
	}
}

// TestREADMEShowsTheDefaultsOfListen as TestREADMEShowsTheDefaults does for the rest.
func TestREADMEShowsTheDefaultsOfListen(t *testing.T) {
	t.Parallel()
	sub := readmeExample(t, "### `listen`")
	shown := load(t, sub)
	require.NoError(t, confmap.Validate(shown))
	assert.NotContains(t, fmt.Sprintf("%+v", *shown.Listen.Get()), "AUDIT_LISTEN_PASSWORD")
	shown.Listen.Get().Auth.Username, shown.Listen.Get().Auth.Password = "", ""
	want := createDefaultConfig().(*Config)
	want.Listen.GetOrInsertDefault()
	want.Listen.Get().Exchanges, want.Listen.Get().Topics = []string{}, []string{}
	want.Listen.Get().Auth.CertificateNames = []string{}
	assert.Equal(t, want, shown)
	every := confmap.New()
	require.NoError(t, every.Marshal(want))
	for _, key := range every.AllKeys() {
		if strings.HasPrefix(key, "listen::") && key != "listen::tls" {
			assert.True(t, sub.IsSet(key), "README.md does not show %s", key)
		}
	}
}
