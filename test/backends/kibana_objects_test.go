package backends

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// savedObject is one of deploy/elasticsearch/kibana.ndjson. Kibana keeps parts of it as JSON within strings.
type savedObject struct {
	ID, Type             string
	Attributes           object
	References           []reference
	CoreMigrationVersion string
	TypeMigrationVersion string
}

type reference struct{ Name, Type, ID string }

func readSavedObjects(t testing.TB) (all []savedObject) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "deploy", "elasticsearch", "kibana.ndjson"))
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		var o savedObject
		require.NoError(t, json.Unmarshal([]byte(line), &o))
		unfold(t, o.Attributes)
		all = append(all, o)
	}
	require.NotEmpty(t, all)
	return all
}

// unfold puts what the strings named ...JSON hold in their place.
func unfold(t testing.TB, value any) {
	t.Helper()
	members, _ := value.(object)
	for name, member := range members {
		if text, ok := member.(string); ok && strings.HasSuffix(name, "JSON") {
			require.NoError(t, json.Unmarshal([]byte(text), &member), name)
			members[name] = member
		}
		unfold(t, member)
	}
}

// walk calls visit with each object in a value.
func walk(value any, visit func(object)) {
	switch v := value.(type) {
	case object:
		visit(v)
		for _, member := range v {
			walk(member, visit)
		}
	case []any:
		for _, element := range v {
			walk(element, visit)
		}
	}
}

// strings returns the strings that members of this name have.
func (o savedObject) strings(name string) (found []string) {
	walk(o.Attributes, func(members object) {
		if text, ok := members[name].(string); ok {
			found = append(found, text)
		}
	})
	return found
}

// queries returns what is asked in Kibana's language.
func (o savedObject) queries() (found []string) {
	walk(o.Attributes, func(members object) {
		if text, ok := members["query"].(string); ok && text != "" && members["language"] == "kuery" {
			found = append(found, text)
		}
	})
	return found
}

// fields returns the names of all that is asked for, shown or filtered by.
func (o savedObject) fields(t testing.TB) map[string]bool {
	t.Helper()
	fields := map[string]bool{}
	for _, name := range append(o.strings("sourceField"), o.strings("fieldName")...) {
		fields[name] = name != "___records___"
	}
	columns, _ := o.Attributes["columns"].([]any)
	for _, column := range columns {
		fields[column.(string)] = true
	}
	for _, query := range o.queries() {
		parsed, err := parseKQL(query)
		require.NoError(t, err, query)
		for _, field := range parsed.fields() {
			fields[field] = true
		}
	}
	return fields
}

// The versions are those of the sample data that Kibana 8.8 to 9 bring: an older Kibana refuses newer ones, a newer one migrates
// older ones.
func TestKibanaObjectsCanBeImported(t *testing.T) {
	t.Parallel()
	versions := map[string]string{"index-pattern": "7.11.0", "search": "7.9.3", "dashboard": "8.7.0"}
	objects := map[string]savedObject{}
	for _, o := range readSavedObjects(t) {
		assert.NotContains(t, objects, o.ID, "two objects have one id")
		assert.Equal(t, versions[o.Type], o.TypeMigrationVersion, o.ID)
		assert.Equal(t, "8.8.0", o.CoreMigrationVersion, o.ID)
		objects[o.ID] = o
	}
	for _, o := range objects {
		names := map[string]bool{}
		for _, r := range o.References {
			assert.False(t, names[r.Name], "%s: two references are called %s", o.ID, r.Name)
			names[r.Name] = true
			assert.Equal(t, r.Type, objects[r.ID].Type, "%s: %s leads nowhere", o.ID, r.Name)
		}
		wanted := map[string]bool{}
		for _, name := range o.strings("indexRefName") {
			wanted[name] = true
		}
		if o.Type == "dashboard" {
			controls := o.Attributes["controlGroupInput"].(object)["panelsJSON"].(object)
			for id, control := range controls {
				assert.Equal(t, id, lookup(control.(object), "explicitInput.id"))
				wanted["controlGroup_"+id+":optionsListDataView"] = true
			}
			for _, reference := range panelReferences(t, o) {
				wanted[reference] = true
			}
		}
		assert.Equal(t, wanted, names, "%s: the references that it makes use of, and those that it has", o.ID)
	}
	assert.Equal(t, "logs-openstack.audit*", objects["openstack-audit-data-view"].Attributes["title"], "both data streams")
}

// panelReferences checks the panels of a dashboard, and returns the names of the references that they need.
func panelReferences(t testing.TB, dashboard savedObject) (names []string) {
	t.Helper()
	taken := map[[2]int]string{}
	for _, element := range dashboard.Attributes["panelsJSON"].([]any) {
		panel := element.(object)
		id, title := panel["panelIndex"].(string), panel["title"].(string)
		config := panel["embeddableConfig"].(object)
		assert.NotEmpty(t, title)
		assert.NotEmpty(t, config["description"], title)
		grid := panel["gridData"].(object)
		assert.Equal(t, id, grid["i"])
		for x := range int(grid["w"].(float64)) {
			for y := range int(grid["h"].(float64)) {
				cell := [2]int{int(grid["x"].(float64)) + x, int(grid["y"].(float64)) + y}
				require.Less(t, cell[0], 48, title)
				require.Empty(t, taken[cell], "%s overlaps", title)
				taken[cell] = title
			}
		}
		if name, saved := panel["panelRefName"].(string); saved {
			names = append(names, id+":"+name)
			continue
		}
		state := lookup(config, "attributes.state").(object)
		for layer, columns := range lookup(state, "datasourceStates.formBased.layers").(object) {
			names = append(names, id+":indexpattern-datasource-layer-"+layer)
			walk(state["visualization"], func(members object) {
				for name, value := range members {
					if column, ok := value.(string); ok && strings.HasSuffix(name, "ccessor") || name == "columnId" {
						assert.Contains(t, columns.(object)["columns"], column, "%s: %s", title, name)
					}
				}
			})
		}
	}
	return names
}

// Everything that the objects ask for and show is in the documents of both layouts.
func TestKibanaFieldsExist(t *testing.T) {
	t.Parallel()
	for _, layout := range kibanaLayouts {
		t.Run(layout.configuration, func(t *testing.T) {
			t.Parallel()
			e := newElasticsearch(t)
			c := wholeTrail(t, layout, "AUDIT_ELASTICSEARCH_ENDPOINT="+e.URL)
			for _, o := range readSavedObjects(t) {
				for field, used := range o.fields(t) {
					if !used {
						continue
					}
					eventually(t, func() error {
						e.mu.Lock()
						defer e.mu.Unlock()
						for _, document := range e.documents {
							if lookup(document.source, layout.path(field)) != nil {
								return nil
							}
						}
						return fmt.Errorf("%s: no document has %s", o.ID, field)
					}, c)
				}
			}
			c.Stop(t)
		})
	}
}
