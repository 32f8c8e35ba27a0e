package config_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// TestEvidenceIsDurableWithAProcessor: evidence.yaml differs from durable.yaml in its introduction and the processor alone.
func TestEvidenceIsDurableWithAProcessor(t *testing.T) {
	parse := func(name string) (c map[string]any) {
		require.NoError(t, yaml.Unmarshal([]byte(readFile(t, name)), &c))
		return c
	}
	durable, withEvidence := parse("durable.yaml"), parse("evidence.yaml")
	processors := withEvidence["processors"].(map[string]any)
	require.Contains(t, processors, "openstack_audit_evidence")
	delete(processors, "openstack_audit_evidence")
	logs := withEvidence["service"].(map[string]any)["pipelines"].(map[string]any)["logs"].(map[string]any)
	names := logs["processors"].([]any)
	assert.Equal(t, "openstack_audit_evidence", names[len(names)-1], "it is the last")
	logs["processors"] = names[:len(names)-1]
	assert.Equal(t, durable, withEvidence)

	// Comments too.
	text := readFile(t, "evidence.yaml")
	for line := range strings.Lines(readFile(t, "durable.yaml")) {
		if !strings.HasPrefix(line, "# ") && !strings.Contains(line, "processors: [") {
			assert.Contains(t, text, line)
		}
	}
}
