package distribution

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Who is woken by an alert finds in docs/operations.md what to do.
func TestOperationsTellsOfEachAlert(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "deploy", "prometheus", "*.rules.yml"))
	require.NoError(t, err)
	var alerts []string
	for _, file := range files {
		var rules struct {
			Groups []struct {
				Rules []struct{ Alert string }
			}
		}
		readYAML(t, file, &rules)
		for _, group := range rules.Groups {
			for _, rule := range group.Rules {
				if rule.Alert != "" {
					alerts = append(alerts, rule.Alert)
				}
			}
		}
	}
	require.NotEmpty(t, alerts)
	told := regexp.MustCompile(`\bOpenStack[A-Z]\w+`).FindAllString(string(read(t, filepath.Join(root, "docs", "operations.md"))), -1)
	slices.Sort(told)
	assert.ElementsMatch(t, alerts, slices.Compact(told))
}

// Each of its links to a file or folder of the repository leads somewhere.
func TestOperationsLinks(t *testing.T) {
	text := read(t, filepath.Join(root, "docs", "operations.md"))
	for _, link := range regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`).FindAllSubmatch(text, -1) {
		_, err := os.Stat(filepath.Join(root, "docs", string(link[1])))
		assert.NoError(t, err)
	}
}
