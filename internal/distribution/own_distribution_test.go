package distribution

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What make test-foreign builds and runs is what the page on distributions of one's own shows: all of our components, of this release.
func TestOwnDistribution(t *testing.T) {
	page := string(read(t, filepath.Join(root, "docs", "own-distribution.md")))
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(page, -1)
	require.Len(t, blocks, 3)
	assert.Equal(t, string(read(t, filepath.Join(root, "test", "foreign", "builder-config.yaml"))), blocks[0][1])
	assert.Equal(t, string(read(t, filepath.Join(root, "test", "foreign", "own.yaml"))), blocks[2][1])

	var ours, shown manifest
	readYAML(t, filepath.Join(root, "builder-config.yaml"), &ours)
	readYAML(t, filepath.Join(root, "test", "foreign", "builder-config.yaml"), &shown)
	for section, entries := range ours.Components {
		var want, got []string
		for _, entry := range entries {
			if entry.Import != "" {
				want = append(want, entry.Import)
			}
		}
		for _, entry := range shown.Components[section] {
			if entry.Import != "" {
				got = append(got, entry.Import)
				assert.Equal(t, module+" v"+ours.Dist.Version, entry.GoMod)
			}
		}
		assert.ElementsMatch(t, want, got, "components of builder-config.yaml (first list) and of the page (second list) differ in %s", section)
	}
	assert.Contains(t, page, module+"/cmd/audit-verify@v"+ours.Dist.Version)
	assert.Equal(t, 1, strings.Count(page, "cmd/builder@"+collectorVersion))
}
