package openstackauditevidenceprocessor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/configtest"
)

func TestConfigurations(t *testing.T) {
	least, all := createDefaultConfig().(*Config), createDefaultConfig().(*Config)
	require.NoError(t, configtest.Section(t, "openstack_audit_evidence/least", least))
	require.NoError(t, configtest.Section(t, "openstack_audit_evidence/all", all))
	assert.Equal(t, &Config{
		Origin: "audit.example.com/ctl01", Directory: "/var/lib/otelcol-openstack-audit/evidence",
		KeyFile:            "/etc/otelcol-openstack-audit/evidence.key",
		CheckpointInterval: 10 * time.Second, ExportInterval: time.Minute, OnFailure: FailureHold, Rotate: RotateMonthly,
	}, least)
	assert.Equal(t, "https://witness.example.com/w1", all.Witnesses[0].URL)
	assert.Equal(t, RotateNever, all.Rotate)
}

func TestMistakes(t *testing.T) {
	for _, test := range []struct{ name, text, message string }{
		{"nothing is set", `{origin: "", directory: "", key_file: ""}`, "origin: is empty"},
		{"no directory", `{directory: ""}`, "directory: is empty"},
		{"no key", `{key_file: ""}`, "key_file: is empty; make a key with audit-verify keygen --origin o"},
		{"a plus in the origin", `{origin: a+b}`, `origin: "a+b" has a space, a plus or a control character`},
		{"a space in the origin", `{origin: "a b"}`, "origin:"},
		{"a line break in the origin", `{origin: "a\nb"}`, "origin:"},
		{"checkpoints too often", `{checkpoint_interval: 1ms}`, "checkpoint_interval: 1ms is less than 100ms"},
		{"records too often", `{export_interval: 1ms}`, "export_interval: 1ms is less than 1s"},
		{"no URL", `{witnesses: [{url: w1, key: k}]}`, "witnesses[0]::url: is no http or https URL"},
		{"a password in a URL", `{witnesses: [{url: "http://u:pw@w1", key: k}]}`, "witnesses[0]::url: must not have a user or password"},
		{"no key of a witness", `{witnesses: [{url: "http://w1", key: k}]}`, "witnesses[0]::key: is no public key"},
		{"no witness", `{require_witness: true}`, "require_witness: needs one of witnesses"},
		{"an unknown policy", `{on_failure: drop}`, `on_failure: "drop" is none of hold, pass`},
		{"an unknown rotation", `{rotate: daily}`, `rotate: "daily" is none of monthly, never`},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := createDefaultConfig().(*Config)
			config.Origin, config.Directory, config.KeyFile = "o", "d", "k"
			err := configtest.YAML(t, test.text, config)
			require.ErrorContains(t, err, test.message)
			assert.NotContains(t, err.Error(), "pw")
		})
	}
}
