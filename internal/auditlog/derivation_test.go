package auditlog_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

// What an event says, and what its record has then: rows of testdata/derivation, with a file for each part of a record.
func TestDerivation(t *testing.T) {
	type row struct {
		Name      string
		EventType string `json:"event_type"`
		// Event are members of a CADF event, Payload is a payload of another kind.
		Event, Payload json.RawMessage
		// Attributes are those that the record must have; null where it must not.
		Attributes map[string]any
		Sentence   string
	}
	for _, part := range fixtures.Names(t, "derivation", ".jsonl") {
		for i, test := range fixtures.Rows[row](t, "derivation/"+part+".jsonl") {
			t.Run(fmt.Sprintf("%s, row %d: %s", part, i+1, test.Name), func(t *testing.T) {
				payload := string(test.Payload)
				if test.Event != nil {
					payload = event(string(test.Event[1 : len(test.Event)-1]))
				}
				line := byDefault(t, notification(test.EventType, payload))
				for key, want := range test.Attributes {
					if got, found := line.Attributes[key]; want == nil {
						require.False(t, found, "%s: %v", key, got)
					} else {
						require.Equal(t, asJSON(t, want), asJSON(t, got), key)
					}
				}
				if test.Sentence != "" {
					require.Equal(t, test.Sentence, line.Body)
				}
			})
		}
	}
}

// asJSON makes numbers of any type alike.
func asJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}
