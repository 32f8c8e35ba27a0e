package openstackauditprocessor

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/derive"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/configtest"
)

func TestConfig(t *testing.T) {
	for _, tc := range []struct {
		id   string
		want *Config
		err  string
	}{
		{id: "openstack_audit", want: createDefaultConfig().(*Config)},
		{id: "openstack_audit/all", want: &Config{
			Content:            ContentNotifications,
			Loggers:            []string{"audit.nova", "audit.neutron.*"},
			TrustUnnamedLogger: true,
			Unmatched:          auditlog.Keep,
			Records: auditlog.Config{
				OnDecodeError:      auditlog.DecodeErrorDrop,
				MaxBodySizeKiB:     64,
				OtherNotifications: auditlog.Keep,
				HTTPAuditPending:   auditlog.Drop,
				Body:               auditlog.BodyOriginal,
				IncludeOriginal:    true,
				UnknownUserNames:   derive.UnknownUserNamesHash,
				SeverityOfFailure:  auditlog.FailureSeverityError,
				ObservedTime:       auditlog.ObservedTimeNotification,
				Resource: auditlog.ResourceConfig{
					Region: "RegionOne", ServiceNamespace: "cloud", ServiceNames: map[string]string{"nova-api": "nova"},
				},
			},
		}},
		{id: "openstack_audit/signed", want: func() *Config {
			c := createDefaultConfig().(*Config)
			c.Content = ContentSignedEvents
			c.HMACKeys = []HMACKey{
				{Version: 1, KEK: "746573742d6b656b2d33322d62797465732d3031323334353637383961626364"},
				{Version: 2, KEK: "0000000000000000000000000000000000000000000000000000000000000000"},
			}
			return c
		}()},
		{id: "openstack_audit/content", err: `content: "events" is none of log_lines, notifications, signed_events`},
		{id: "openstack_audit/keys", err: "hmac_keys: needs content: signed_events"},
		{id: "openstack_audit/short_key", err: "hmac_keys[1]::kek: must have 64 hexadecimal digits, " +
			"such as xxd -p -c 64 writes of Keystone's file"},
		{id: "openstack_audit/loggers", err: "loggers[1]: \"*\" is no logger's name, such as audit.nova or audit.*"},
		{id: "openstack_audit/unmatched", err: `unmatched: "forward" is none of drop, keep`},
		{id: "openstack_audit/reject", err: "on_decode_error: a log record cannot be rejected; use keep or drop"},
		{id: "openstack_audit/body", err: `body: "sentence" is none of summary, original, none`},
		{id: "openstack_audit/size", err: "max_body_size_kib: 0 is not between 1 and 65536 (KiB)"},
	} {
		t.Run(tc.id, func(t *testing.T) {
			config := createDefaultConfig()
			err := configtest.Section(t, tc.id, config)
			if tc.err != "" {
				assert.EqualError(t, err, tc.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tc.want, config)
		})
	}
}
