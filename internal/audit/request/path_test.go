package request_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/request"
)

func TestNames(t *testing.T) {
	const id, project = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
	for _, test := range []struct {
		name, path string
		want       audit.Path
	}{
		{"no resource", "/v3/", audit.Path{}},
		{"collection", "/v2.1/servers/detail", audit.Path{Type: "server", Plural: true}},
		{"behind a prefix and the token's project", "/compute/v2.1/" + project + "/servers/" + id, audit.Path{Type: "server", ID: id}},
		{"action", "/v2.1/servers/" + id + "/action", audit.Path{Type: "server", ID: id}},
		{"name that is escaped", "/v2.1/os-keypairs/my%20key", audit.Path{Type: "keypair", ID: "my key"}},
		{"word that is no name", "/v3/volumes/summary", audit.Path{Type: "volume", Part: "summary", Plural: true}},
		{"part", "/v1/secrets/" + id + "/payload", audit.Path{Type: "secret", ID: id, Part: "payload"}},
		{"what it belongs to", "/v2.1/servers/" + id + "/os-volume_attachments/42",
			audit.Path{Type: "volume_attachment", ID: "42", ParentType: "server", ParentID: id}},
		{"name before the id", "/v1/stacks/web/" + id, audit.Path{Type: "stack", Name: "web", ID: id}},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := audit.Event{Notification: audit.Notification{EventType: "audit.http.response"}, Request: audit.Request{Path: test.path}}
			require.Equal(t, test.want, request.Names(&e))
			e.Notification.EventType = "identity.user.created"
			require.Zero(t, request.Names(&e), "Keystone's events have targets of their own")
		})
	}
}
