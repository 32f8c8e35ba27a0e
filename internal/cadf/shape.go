package cadf

import "github.com/openstack-audit/otelcol-openstack-audit/internal/literal"

// Shape is what of an event says who did what to what, how it ended and when. Of an event that is too large to be read whole
// that much is read, wherever it stands. It names what Decode reads, but for lists; of the reporters the last one says when.
func Shape() *literal.Shape {
	e := new(Event)
	i, t, step := &e.Initiator, &e.Target, new(ReporterStep)
	return &literal.Shape{
		Text: func(name string) bool { return name == initiatorID || e.TextField(name) != nil },
		Members: map[string]*literal.Shape{
			"initiator": {Text: has(i.TextField), Members: map[string]*literal.Shape{
				"host":       {Text: has(i.Host.TextField)},
				"credential": {Text: has(i.Credential.TextField)},
			}},
			"target":   {Text: has(t.TextField)},
			"observer": {Text: has(e.Observer.TextField)},
			"reason":   {Text: has(e.Reason.TextField)},
			"reporterchain": {Elements: true, Text: has(step.TextField), Members: map[string]*literal.Shape{
				"reporter": {Text: func(name string) bool { return name == "id" }},
			}},
		},
	}
}

func has(field func(name string) *string) func(name string) bool {
	return func(name string) bool { return field(name) != nil }
}
