package canonical

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Text is a canonical text that was read: the values of each name.
type Text map[string][]string

// ParseText reads a canonical text.
func ParseText(text []byte) (Text, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, fmt.Errorf("no canonical text: %w", err)
	}
	read := Text{}
	for name, member := range members {
		var value string
		if json.Unmarshal(member, &value) == nil {
			read[name] = []string{value}
			continue
		}
		var values []string
		if err := json.Unmarshal(member, &values); err != nil {
			return nil, fmt.Errorf("no canonical text: %s: %w", name, err)
		}
		read[name] = values
	}
	return read, nil
}

// Differences returns the names of the fields that are not as in a text. Of a name that occurs twice a backend may show one value.
// With partly, the form has only some of the record's fields, and others beside them: what both have is compared.
func (f *Form) Differences(text Text, partly bool) []string {
	var names []string
	shown := map[string]bool{}
	for _, u := range f.unsure {
		shown[u.name] = true
	}
	for _, field := range f.fields {
		shown[field.name] = true
		values, ok := text[field.name]
		if !ok && partly || slices.Contains(values, withoutReplacements(field.value)) {
			continue
		}
		names = append(names, field.name)
	}
	if !partly {
		for name := range text {
			if !shown[name] {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
