package distribution

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	links    = regexp.MustCompile(`\]\(([^)#:]*)(?:#([^)]*))?\)`)
	headings = regexp.MustCompile(`(?m)^#+ (.*)$`)
	unslug   = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// Each link of a page to another, or to a place in one, leads somewhere.
func TestLinks(t *testing.T) {
	var pages []string
	for _, pattern := range []string{"*.md", "docs/*.md", "*/openstackaudit*/README.md", "*/keystoneattributes*/README.md",
		"deploy/helm/*/README.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		require.NotEmpty(t, found, pattern)
		pages = append(pages, found...)
	}
	for _, page := range pages {
		for _, link := range links.FindAllSubmatch(read(t, page), -1) {
			target, place := page, string(link[2])
			if file := string(link[1]); file != "" {
				target = filepath.Join(filepath.Dir(page), file)
			}
			found, err := filepath.Glob(target)
			require.NoError(t, err)
			assert.NotEmpty(t, found, "%s links to %s", page, target)
			if place != "" {
				assert.Contains(t, places(string(read(t, target))), place, "%s links to %s", page, target)
			}
		}
	}
}

// Whoever reads the README finds every page.
func TestReadmeLinksEveryPage(t *testing.T) {
	readme := string(read(t, filepath.Join(root, "README.md")))
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	require.NotEmpty(t, pages)
	for _, page := range pages {
		assert.Contains(t, readme, "(docs/"+filepath.Base(page))
	}
}

// places are the anchors that GitHub makes of headings.
func places(text string) (all []string) {
	for _, heading := range headings.FindAllStringSubmatch(text, -1) {
		all = append(all, strings.ReplaceAll(unslug.ReplaceAllString(strings.ToLower(heading[1]), ""), " ", "-"))
	}
	return all
}
