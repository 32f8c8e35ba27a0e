package backends

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dashboard is what of a Grafana dashboard these tests look at.
type dashboard struct {
	UID           string
	ID            *int
	SchemaVersion int
	Panels        []struct {
		ID          int
		Type, Title string
		GridPos     struct{ H, W, X, Y int }
		Targets     []struct {
			RefID, Expr string
			Datasource  struct{ Type, UID string }
		}
	}
	Templating struct {
		List []struct{ Name, Type, Query, AllValue any }
	}
}

func readDashboard(t testing.TB) dashboard {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "deploy", "grafana", "openstack-audit.json"))
	require.NoError(t, err)
	var d dashboard
	require.NoError(t, json.Unmarshal(text, &d))
	return d
}

// expression puts values in the place of Grafana's variables.
func expression(expr string) string {
	return strings.NewReplacer("$__rate_interval", "1m", "$__range", "2h", "$region", ".*").Replace(expr)
}

// No Grafana can be had here, so that its import was not tried: this is what an import trips over.
func TestDashboardIsPortable(t *testing.T) {
	t.Parallel()
	d := readDashboard(t)
	assert.Equal(t, "openstack-audit", d.UID)
	assert.Nil(t, d.ID)
	assert.NotZero(t, d.SchemaVersion)
	variables := map[string]any{}
	for _, v := range d.Templating.List {
		variables[v.Name.(string)] = v.Type
	}
	assert.Equal(t, map[string]any{"prometheus": "datasource", "loki": "datasource", "region": "query"}, variables)
	ids := map[int]bool{}
	taken := map[[2]int]string{}
	for _, p := range d.Panels {
		assert.False(t, ids[p.ID], "two panels have id %d", p.ID)
		ids[p.ID] = true
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				cell := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				require.Less(t, cell[0], 24, p.Title)
				require.Empty(t, taken[cell], "%s overlaps", p.Title)
				taken[cell] = p.Title
			}
		}
		for _, target := range p.Targets {
			assert.Equal(t, "${"+target.Datasource.Type+"}", target.Datasource.UID, p.Title)
			assert.NotContains(t, expression(target.Expr), "$", p.Title)
		}
	}
}
