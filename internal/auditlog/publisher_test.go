package auditlog_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
)

// Who published is on each kind of record, and changes nothing else of it.
func TestPublisher(t *testing.T) {
	config := configured(func(c *auditlog.Config) { c.OtherNotifications = auditlog.Keep })
	for _, test := range []struct{ name, body string }{
		{"audit", notification("identity.user.created", event(`"action":"created.user","outcome":"success","target":{"id":"t"}`))},
		{"other", notification("compute.instance.create.end", `{"a":1}`)},
		{"raw", "{torn"},
	} {
		t.Run(test.name, func(t *testing.T) {
			without := one(t, config, test.body)
			message := auditlog.Message{Body: []byte(test.body), Received: received,
				Publisher: &audit.Publisher{Address: "192.0.2.10", CertificateSubject: "CN=ctl01"}}
			with := mapAll(t, config, []auditlog.Message{message})[0]
			require.Equal(t, "192.0.2.10", with.Attributes[audit.AttrPeerAddress])
			require.Equal(t, "CN=ctl01", with.Attributes[audit.AttrTLSClientSubject])
			delete(with.Attributes, audit.AttrPeerAddress)
			delete(with.Attributes, audit.AttrTLSClientSubject)
			require.Equal(t, without, with)
		})
	}
}
