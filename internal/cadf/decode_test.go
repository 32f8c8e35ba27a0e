package cadf_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/cadf"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
)

func decode(t *testing.T, text string) cadf.Event {
	t.Helper()
	v, rest, err := literal.ParseJSON(text)
	require.NoError(t, err)
	require.Empty(t, rest)
	return cadf.Decode(v)
}

// extras are the extras of an event as JSON, by path.
func extras(e cadf.Event) map[string][]string {
	texts := map[string][]string{}
	for _, x := range e.Extras {
		texts[x.Path] = append(texts[x.Path], x.Value.String())
	}
	return texts
}

func TestDecodeWholeEvent(t *testing.T) {
	e := decode(t, `{"typeURI":"`+cadf.EventTypeURI+`","id":"i","eventType":"activity","eventTime":"t","action":"create","outcome":"success",
		"name":"n","severity":"s","requestPath":"/p","resource_info":"ri","role":"r","user":"u","group":"g","project":"p","domain":"d",
		"inherited_to_projects":true,
		"initiator":{"id":"ii","typeURI":"it","name":"in","domain":"idom","user_id":"iu","username":"iun","user_name":"is",
		"user_domain_id":"udi","user_domain_name":"udn",
			"project_id":"ip","project_name":"ipn","project_domain_name":"ipdn","domain_id":"idi","domain_name":"idn","request_id":"rq",
			"global_request_id":"gr",
			"application_credential_id":"ac","host":{"id":"h","address":"a","agent":"g","platform":"pl"},"geolocation":{"city":"Bern"},
			"credential":{"token":"secret","type":"ct","identity_status":"Confirmed","identity_provider":"idp","user":"cu","groups":["g1","g2"]}},
		"target":{"id":"ti","typeURI":"tt","name":"tn","project_id":"tp","domain_id":"td","addresses":[{"url":"u1","name":"public"}],
		"attachments":[{"name":"key","typeURI":"xs:string","content":"k"}]},
		"observer":{"id":"oi","typeURI":"ot","name":"on"},
		"reason":{"reasonType":"HTTP","reasonCode":200,"policyType":"pt","policyId":"pi"},
		"tags":["a",1],"attachments":[{"name":"payload","contentType":"mime","content":{"x":1}}],
		"reporterchain":[{"role":"modifier","reporterTime":"rt","reporter":{"id":"target"}},{"role":"relay","reporterId":"x"}],
		"measurements":[{"result":1}]}`)
	require.Empty(t, e.Extras)
	require.True(t, e.HasInitiator)
	require.Equal(t, cadf.Initiator{
		Resource: cadf.Resource{ID: "ii", TypeURI: "it", Name: "in"}, Domain: "idom", UserID: "iu", Username: "iun", SubmittedName: "is",
		UserDomainID: "udi", UserDomainName: "udn",
		ProjectID: "ip", ProjectName: "ipn", ProjectDomainName: "ipdn", DomainID: "idi", DomainName: "idn", RequestID: "rq",
		GlobalRequestID:         "gr",
		ApplicationCredentialID: "ac", Host: cadf.Host{ID: "h", Address: "a", Agent: "g", Platform: "pl"},
		Credential:  cadf.Credential{Type: "ct", IdentityStatus: "Confirmed", IdentityProvider: "idp", User: "cu", Groups: []string{"g1", "g2"}},
		Geolocation: e.Initiator.Geolocation,
	}, e.Initiator)
	require.JSONEq(t, `{"city":"Bern"}`, e.Initiator.Geolocation.String())
	require.False(t, e.Initiator.Credential.Empty())
	require.Equal(t, []cadf.Endpoint{{URL: "u1", Name: "public"}}, e.Target.Addresses)
	require.Equal(t, "tp", e.Target.ProjectID)
	require.Equal(t, "td", e.Target.DomainID)
	require.Equal(t, "key", e.Target.Attachments[0].Name)
	require.Equal(t, cadf.Resource{ID: "oi", TypeURI: "ot", Name: "on"}, e.Observer)
	require.Equal(t, cadf.Reason{Type: "HTTP", Code: "200", PolicyType: "pt", PolicyID: "pi"}, e.Reason)
	require.Equal(t, []string{"a", "1"}, e.Tags)
	require.Equal(t, "mime", e.Attachments[0].TypeURI)
	require.Equal(t, `{"x":1}`, e.Attachments[0].Content.String())
	require.Equal(t, []cadf.ReporterStep{
		{Role: "modifier", Reporter: cadf.Reporter{ID: "target"}, Time: "rt"}, {Role: "relay", Reporter: cadf.Reporter{ID: "x"}}},
		e.ReporterChain)
	require.Len(t, e.Measurements, 1)
	require.Equal(t, "true", e.Inherited)
	require.Equal(t, []string{"i", "ri", "r", "u", "g", "p", "d", "n", "s", "/p"},
		[]string{e.ID, e.ResourceInfo, e.Role, e.User, e.Group, e.Project, e.Domain, e.Name, e.Severity, e.RequestPath})
}

// What has no place is an extra: nothing of an event is lost but tokens.
func TestDecodeKeepsWhatItDoesNotKnow(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       map[string][]string
	}{
		{"unknown field", `{"tenant_ids":["a","b"]}`, map[string][]string{"tenant_ids": {`["a","b"]`}}},
		{"unknown fields within", `{"initiator":{"x":1,"host":{"y":2},"credential":{"z":3}},"reason":{"w":4}}`,
			map[string][]string{"initiator_x": {"1"}, "initiator_host_y": {"2"}, "initiator_credential_z": {"3"}, "reason_w": {"4"}}},
		{"fields of an initiator in others", `{"target":{"user_id":"u","host":{"address":"a"},"domain":"d"},` +
			`"observer":{"addresses":[{"url":"x"}],"project_id":"p"}}`,
			map[string][]string{"target_user_id": {"u"}, "target_host": {`{"address":"a"}`}, "target_domain": {"d"},
				"observer_addresses": {`[{"url":"x"}]`}, "observer_project_id": {"p"}}},
		{"fields of a target in an initiator", `{"initiator":{"addresses":[{"url":"x"}],"attachments":[{"name":"n"}]}}`,
			map[string][]string{"initiator_addresses": {`[{"url":"x"}]`}, "initiator_attachments": {`[{"name":"n"}]`}}},
		{"object for text", `{"action":{"a":1},"target":{"id":["x"]}}`, map[string][]string{"action": {`{"a":1}`}, "target_id": {`["x"]`}}},
		{"text for object", `{"initiator":"me","target":"it","observer":7,"reason":"why","reporterchain":["r"],"attachments":["a"],` +
			`"measurements":["m"]}`,
			map[string][]string{"initiator": {"me"}, "target": {"it"}, "observer": {"7"}, "reason": {"why"}, "reporterchain_0": {"r"},
				"attachments_0": {"a"}, "measurements_0": {"m"}}},
		{"text within", `{"initiator":{"host":"h","credential":"c","geolocation":"g"},"target":{"addresses":["u"],"attachments":"a"}}`,
			map[string][]string{"initiator_host": {"h"}, "initiator_credential": {"c"}, "initiator_geolocation": {"g"},
				"target_addresses_0": {"u"}, "target_attachments": {"a"}}},
		{"unknown within lists", `{"attachments":[{"x":1}],"reporterchain":[{"y":2,"reporter":{"name":"n"}},{"reporter":"r"}],` +
			`"target":{"addresses":[{"port":"80"}]}}`,
			map[string][]string{"attachments_0_x": {"1"}, "reporterchain_0_y": {"2"}, "reporterchain_0_reporter_name": {"n"},
				"reporterchain_1_reporter": {"r"},
				"target_addresses_0_port":  {"80"}}},
		{"objects in lists of texts", `{"tags":[{"a":1},""],"initiator":{"credential":{"groups":[["x"]]}}}`,
			map[string][]string{"tags_0": {`{"a":1}`}, "initiator_credential_groups_0": {`["x"]`}}},
		{"member twice", `{"action":"a","action":"b","initiator":{"name":"n"},"initiator":{"name":"m"},"attachments":[{"content":"c",` +
			`"content":"d"}]}`,
			map[string][]string{"action": {"a"}, "initiator_name": {"n"}, "attachments_0_content": {"c"}}},
		{"same member twice", `{"action":"a","action":"a"}`, map[string][]string{}},
		{"object twice", `{"initiator":{"geolocation":{"city":"a"}},"initiator":{"geolocation":{"city":"b"}}}`,
			map[string][]string{"initiator_geolocation": {`{"city":"b"}`}}},
		{"both forms of a reference", `{"target":{"id":"a"},"targetId":"b","initiatorId":"c","initiatorId":"d","observerId":"e"}`,
			map[string][]string{"target_id": nil, "targetId": {"a"}, "initiatorId": {"c"}}},
		{"empty containers say nothing", `{"x":{},"y":[],"z":null}`, map[string][]string{}},
		{"no object", `["x"]`, map[string][]string{"payload": {`["x"]`}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := extras(decode(t, test.text))
			for path, values := range test.want {
				require.Equal(t, values, got[path], path)
				delete(got, path)
			}
			require.Empty(t, got)
		})
	}
}

func TestDecodeNullEverywhere(t *testing.T) {
	e := decode(t, `{"typeURI":null,"id":null,"initiator":null,"initiatorId":null,"target":null,"observer":null,"reason":null,"tags":null,
	"attachments":null,
		"reporterchain":null,"measurements":null,"outcome":null,"x":null}`)
	require.Equal(t, cadf.Event{}, e)
	e = decode(t, `{"initiator":{"id":null,"host":null,"credential":null,"geolocation":null},"target":{"addresses":null,"attachments":null,`+
		`"id":null},"reason":{"reasonCode":null}}`)
	require.Equal(t, cadf.Event{HasInitiator: true}, e)
}

func TestDecodeScalarsOfOtherKinds(t *testing.T) {
	e := decode(t, `{"id":12,"outcome":true,"initiator":{"id":1.50,"name":false},"tags":"one"}`)
	require.Equal(t, []string{"12", "true", "1.50", "false"}, []string{e.ID, e.Outcome, e.Initiator.ID, e.Initiator.Name})
	require.Equal(t, []string{"one"}, e.Tags)
}

func TestDecodeDropsTokens(t *testing.T) {
	e := decode(t, `{"initiator":{"credential":{"token":"gAAAAA","token":"again"}}}`)
	require.Empty(t, e.Extras)
	require.True(t, e.Initiator.Credential.Empty())
}

func TestDecodeDeepNesting(t *testing.T) {
	deep := strings.Repeat(`{"initiator":`, 1000) + `1` + strings.Repeat(`}`, 1000)
	e := decode(t, deep)
	require.Len(t, e.Extras, 1)
	require.Equal(t, "initiator_initiator", e.Extras[0].Path)
}

func TestIsEvent(t *testing.T) {
	for _, test := range []struct {
		text string
		want bool
	}{
		{`{"typeURI":"` + cadf.EventTypeURI + `"}`, true},
		{`{"typeURI":"cadf:/event"}`, true},
		{`{"eventType":"activity","action":"x"}`, true},
		{`{"eventType":"activity"}`, false},
		{`{"typeURI":7}`, false},
		{`{"resource_info":"x"}`, false},
		{`["typeURI"]`, false},
		{`null`, false},
	} {
		v, _, err := literal.ParseJSON(test.text)
		require.NoError(t, err)
		require.Equal(t, test.want, cadf.IsEvent(v), test.text)
	}
}

func TestReadTexts(t *testing.T) {
	v, _, err := literal.ParseJSON(`{"a":1,"known":{"x":1},"b":"y","a":"2"}`)
	require.NoError(t, err)
	var a string
	left := cadf.ReadTexts(v, func(key string) (*string, bool) {
		if key == "a" {
			return &a, true
		}
		return nil, key == "known"
	})
	require.Equal(t, "2", a)
	require.Len(t, left, 2)
	require.Equal(t, "b", left[0].Path)
	require.Equal(t, "1", left[1].Value.Text)
}
