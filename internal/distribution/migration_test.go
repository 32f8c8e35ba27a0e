package distribution

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

const migrationCaptures = "amqp-keystone-messagingv2 amqp-keystone-basic amqp-keystone-default-optout amqp-audit-middleware"

// Each row of the table of fields holds in an event that a service sent: what stood in the field stands in the attribute.
func TestMigrationMapsFields(t *testing.T) {
	page := string(read(t, filepath.Join(root, "docs", "migration.md")))
	rows := regexp.MustCompile("(?m)^\\| `([a-zA-Z_.]+)` \\|.*\\| `([a-z_.]+)` \\|$").FindAllStringSubmatch(page, -1)
	require.Len(t, rows, 19)
	equal := map[string]int{}
	for capture := range strings.FieldsSeq(migrationCaptures) {
		sent := map[string]map[string]any{}
		for _, body := range fixtures.Bodies(t, capture) {
			notification := unwrapped(t, body)
			sent[fmt.Sprint(notification["message_id"])] = notification
		}
		for _, record := range fixtures.Rows[struct{ Attributes map[string]any }](t, "golden/notifications/"+capture+".jsonl") {
			for _, row := range rows {
				value := at(sent[fmt.Sprint(record.Attributes["log.record.uid"])], strings.Split(row[1], "."))
				if value != nil && fmt.Sprint(value) == fmt.Sprint(record.Attributes[row[2]]) {
					equal[row[1]]++
				}
			}
		}
	}
	for _, row := range rows {
		assert.Positive(t, equal[row[1]], "%s is never what %s was", row[2], row[1])
	}
}

// unwrapped is the notification within its envelope.
func unwrapped(t *testing.T, body []byte) map[string]any {
	t.Helper()
	var notification map[string]any
	require.NoError(t, json.Unmarshal(body, &notification))
	if inner, ok := notification["oslo.message"].(string); ok {
		notification = nil
		require.NoError(t, json.Unmarshal([]byte(inner), &notification))
	}
	return notification
}

// at returns the value at a path, or nil.
func at(value any, path []string) any {
	for _, key := range path {
		members, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = members[key]
	}
	return value
}

// The processor that the page shows is one that the collector accepts in the configuration of the package.
func TestMigrationShowsAValidProcessor(t *testing.T) {
	page := read(t, filepath.Join(root, "docs", "migration.md"))
	block := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(page)
	require.NotNil(t, block)
	shown := filepath.Join(t.TempDir(), "shown.yaml")
	require.NoError(t, os.WriteFile(shown, block[1], 0o600))
	output, err := exec.CommandContext(t.Context(), collectortest.Binary(t), "validate",
		"--feature-gates=+extension.healthcheck.useComponentStatus",
		"--config="+filepath.Join(root, "config", "durable.yaml"), "--config="+shown,
		"--config=yaml:service::pipelines::logs::processors: [memory_limiter, filter/reads, keystone_attributes]").CombinedOutput()
	require.NoError(t, err, "%s", output)
}
