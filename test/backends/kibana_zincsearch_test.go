//go:build backends

package backends

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// The saved searches find what they say in the documents of both layouts.
func TestKibanaSearchesFind(t *testing.T) {
	t.Parallel()
	want := map[string]struct {
		documents int
		message   string
	}{
		"openstack-audit-events":        {storyRecords + 2, "login of alice from 192.0.2.7: success"},
		"openstack-audit-failed-logins": {18, "login of eve from 198.51.100.23: failure (invalid_credentials)"},
		"openstack-audit-roles":         {1, "admin granted role admin to user bob on project demo from 10.0.0.5: success"},
		"openstack-audit-changes":       {4, "alice updated user bob from 192.0.2.7: success"},
		"openstack-audit-deletions":     {2, "bob deleted project demo from 192.0.2.8: success"},
		"openstack-audit-denied":        {2, "bob tried to create server dd8448cd-7770-45ff-8097-d3a0296ff918 from 192.0.2.8: failure (403)"},
		"openstack-audit-raw":           {2, "no notification"},
		"openstack-audit-forged":        {1, ""},
		"openstack-audit-gaps":          {8, ""},
	}
	for _, layout := range kibanaLayouts {
		t.Run(layout.configuration, func(t *testing.T) {
			t.Parallel()
			z := startZincSearch(t)
			fields := map[string]bool{}
			for _, o := range readSavedObjects(t) {
				for field, used := range o.fields(t) {
					if used && field != "@timestamp" && field != "message" && field != "http.response.status_code" {
						fields[layout.path(field)] = true
					}
				}
			}
			z.keywords(t, layout.index, slices.Collect(maps.Keys(fields))...)
			c := wholeTrail(t, layout, "AUDIT_ELASTICSEARCH_ENDPOINT=", z.settings()...)
			found := 0
			for _, o := range readSavedObjects(t) {
				if o.Type != "search" {
					continue
				}
				require.Contains(t, want, o.ID)
				queries := o.queries()
				require.Len(t, queries, 1)
				parsed, err := parseKQL(queries[0])
				require.NoError(t, err)
				var documents map[string]object
				eventually(t, func() (err error) {
					documents, err = z.search(t.Context(), layout.index, forZincSearch(parsed.elasticsearch(layout.path)))
					if err == nil && len(documents) != want[o.ID].documents {
						err = fmt.Errorf("%s: %d documents, want %d", queries[0], len(documents), want[o.ID].documents)
					}
					return err
				}, c, z.process)
				if message := want[o.ID].message; message != "" {
					var messages []any
					for _, document := range documents {
						messages = append(messages, lookup(document, layout.path("message")))
					}
					require.Contains(t, messages, message, o.ID)
				}
				found++
			}
			require.Equal(t, len(want), found)
			c.Stop(t)
		})
	}
}

// forZincSearch asks for any value where Kibana asks whether there is one, which ZincSearch does not know. Of keywords that is the same.
func forZincSearch(query object) object {
	walk(query, func(members object) {
		if exists, ok := members["exists"].(object); ok {
			delete(members, "exists")
			members["wildcard"] = object{exists["field"].(string): object{"value": "*"}}
		}
	})
	return query
}
