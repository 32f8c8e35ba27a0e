package openstackauditevidenceprocessor

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.yaml.in/yaml/v3"
)

func load(t *testing.T, name string) *Config {
	t.Helper()
	all, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	section, err := all.Sub("openstack_audit_evidence/" + name)
	require.NoError(t, err)
	config := createDefaultConfig()
	require.NoError(t, section.Unmarshal(config))
	return config.(*Config)
}

func TestConfigurations(t *testing.T) {
	least, all := load(t, "least"), load(t, "all")
	require.NoError(t, confmap.Validate(least))
	assert.Equal(t, &Config{
		Origin: "audit.example.com/ctl01", Directory: "/var/lib/otelcol-openstack-audit/evidence",
		KeyFile:            "/etc/otelcol-openstack-audit/evidence.key",
		CheckpointInterval: 10 * time.Second, ExportInterval: time.Minute, OnFailure: FailureHold, Rotate: RotateMonthly,
	}, least)
	require.NoError(t, confmap.Validate(all))
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
			var values map[string]any
			require.NoError(t, yaml.Unmarshal([]byte(test.text), &values))
			config := createDefaultConfig().(*Config)
			config.Origin, config.Directory, config.KeyFile = "o", "d", "k"
			require.NoError(t, confmap.NewFromStringMap(values).Unmarshal(config))
			err := confmap.Validate(config)
			require.ErrorContains(t, err, test.message)
			assert.NotContains(t, err.Error(), "pw")
		})
	}
}
