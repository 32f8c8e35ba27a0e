package distribution

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// runbooks are the links of our alerts, by their names.
func runbooks(t *testing.T) map[string]string {
	t.Helper()
	links := map[string]string{}
	for _, pattern := range []string{"prometheus/*.rules.yml", "loki/*.rules.yaml"} {
		files, err := filepath.Glob(filepath.Join(root, "deploy", pattern))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, file := range files {
			var rules struct {
				Groups []struct {
					Rules []struct {
						Alert       string
						Annotations map[string]string
					}
				}
			}
			readYAML(t, file, &rules)
			for _, group := range rules.Groups {
				for _, rule := range group.Rules {
					if rule.Alert != "" {
						assert.NotContains(t, links, rule.Alert, "two alerts of one name")
						links[rule.Alert] = rule.Annotations["runbook_url"]
					}
				}
			}
		}
	}
	return links
}

// The link of each alert leads to a section of the page that says what to do.
func TestEachAlertHasARunbook(t *testing.T) {
	sections := places(string(read(t, filepath.Join(root, "docs", "troubleshooting.md"))))
	for alert, link := range runbooks(t) {
		section, ours := strings.CutPrefix(link, "https://github.com/openstack-audit/otelcol-openstack-audit/blob/main/docs/troubleshooting.md#")
		assert.True(t, ours, "%s: %q", alert, link)
		assert.Contains(t, sections, section, alert)
	}
}

// Operations has one row for each alert, with the same link.
func TestOperationsListsEachAlert(t *testing.T) {
	rows := map[string]string{}
	row := regexp.MustCompile(`(?m)^\| .(OpenStack\w+). \|.*\]\(troubleshooting\.md#([^)]*)\) \|$`)
	for _, match := range row.FindAllStringSubmatch(string(read(t, filepath.Join(root, "docs", "operations.md"))), -1) {
		assert.NotContains(t, rows, match[1], "two rows of one alert")
		rows[match[1]] = match[2]
	}
	want := map[string]string{}
	for alert, link := range runbooks(t) {
		_, want[alert], _ = strings.Cut(link, "#")
	}
	assert.Equal(t, want, rows)
}
