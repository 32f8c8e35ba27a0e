package oslo

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/cadf"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

func TestReadSigned(t *testing.T) {
	lines := fixtures.Lines(t, "signed/spool.jsonl")
	var types []string
	for i, line := range lines {
		n, signature, err := ReadSigned(line)
		require.NoError(t, err)
		require.Equal(t, KindCADF, n.Kind)
		require.Equal(t, &Sequence{Number: int64(i), Session: "7c1f2d6e-90a4-4d0b-8a8e-0c4ce6a3b1d2"}, n.Sequence)
		require.Equal(t, "keystone-node-1", signature.NodeID)
		require.EqualValues(t, 1, signature.KeyVersion)
		require.Len(t, signature.Value, 64)
		types = append(types, n.EventType+" "+n.Event.Outcome)
	}
	require.Equal(t, []string{
		"identity.authenticate success", "identity.authenticate failure", "identity.authenticate failure",
		"identity.user.created attempt", "identity.user.created success", "identity.role_assignment.created success",
		"identity.project.updated success", "identity.user.disabled success", "identity.user.deleted failure",
		"identity.application_credential.created success", "identity.oauth2_signing_key.OAUTH2_KEY_ROTATION success",
		"identity.region.deleted success",
	}, types)

	n, _, err := ReadSigned(lines[4])
	require.NoError(t, err)
	require.Equal(t, "keystone-node-1", n.Line.Hostname)
	require.Contains(t, n.Payload().String(), `"boot_session_id":"7c1f2d6e`)
	require.Equal(t, cadf.Event{
		TypeURI: cadf.EventTypeURI, EventType: "activity", ID: "keystone-node-1:00000000-0000-4000-8000-000000000004",
		EventTime: "2026-11-20T23:32:04.123456789+00:00", Action: "create", Outcome: "success", HasInitiator: true,
		Initiator: cadf.Initiator{
			Resource: cadf.Resource{ID: "f7392725f2c840bc987abde9d2d7888f"}, UserID: "f7392725f2c840bc987abde9d2d7888f",
			ProjectID: "6fc3ba08ca0d44e9a42f764ce18fb333", RequestID: "req-00000000-0000-4000-8000-000000000004",
			Host: cadf.Host{Address: "192.0.2.7"},
		},
		Target:       cadf.Target{Resource: cadf.Resource{ID: "5b21bca43719484caec6edea429e963d", TypeURI: "data/security/identity/user"}},
		ResourceInfo: "5b21bca43719484caec6edea429e963d",
		Extras:       n.Event.Extras,
	}, n.Event)
	extras := map[string]string{}
	for _, extra := range n.Event.Extras {
		extras[extra.Path] = extra.Value.Text
	}
	require.Equal(t, map[string]string{"hmac_key_version": "1", "version": "1.1"}, extras)
}

// Whatever else stands in an event is kept, and what is none is an error.
func TestReadSignedOfOtherForms(t *testing.T) {
	line := fixtures.Lines(t, "signed/spool.jsonl")[4]
	n, _, err := ReadSigned(strings.NewReplacer(`"domain":"default"`, `"domain":"corp"`, `"seq":4`, `"seq":4,"region":{"a":[1]}`,
		`"address":"192.0.2.7"`, `"address":"192.0.2.7","agent":"curl"`,
		`"id":"service/security/keystone/keystone-node-1"`, `"id":"other"`).Replace(line))
	require.NoError(t, err)
	paths := []string{}
	for _, extra := range n.Event.Extras {
		paths = append(paths, extra.Path)
	}
	require.Equal(t, []string{"region", "hmac_key_version", "version", "domain", "initiator_host_agent"}, paths)
	require.Equal(t, "other", n.Event.Observer.ID)

	for _, test := range []struct {
		name, text string
		want       Reason
	}{
		{"no JSON", "2026-11-20 23:32:04 ERROR oslo.messaging.notification", ReasonJSON},
		{"two objects", line + line, ReasonJSON},
		{"no object", `[1]`, ReasonNotNotification},
		{"an event of the Python Keystone", `{"typeURI": "` + cadf.EventTypeURI + `", "id": "1", "action": "a"}`, ReasonNotNotification},
		{"no number", strings.Replace(line, `"seq":4`, `"seq":"x"`, 1), ReasonNotNotification},
		{"no node", strings.Replace(line, `"node_id"`, `"node"`, 1), ReasonNotNotification},
		{"huge", `{"a":"` + strings.Repeat("x", maxWhole) + `"}`, ReasonNotNotification},
	} {
		t.Run(test.name, func(t *testing.T) {
			n, _, err := ReadSigned(test.text)
			require.Nil(t, n)
			var failure *DecodeError
			require.ErrorAs(t, err, &failure)
			require.Equal(t, test.want, failure.Reason)
		})
	}
}

func FuzzReadSigned(f *testing.F) {
	for _, line := range fixtures.Lines(f, "signed/spool.jsonl") {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, _, err := ReadSigned(text)
		require.Equal(t, err != nil, n == nil)
	})
}
