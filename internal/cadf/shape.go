package cadf

import "github.com/openstack-audit/otelcol-openstack-audit/internal/literal"

// Shape is what of an event says who did what to what, how it ended and when. Of an event that is too large to be read whole
// that much is read, wherever it stands. It names what Decode reads, but for lists; of the reporters the last one says when.
func Shape() *literal.Shape {
	e := new(Event)
	i, step := &e.Initiator, new(ReporterStep)
	initiator, event, chain := texts(i), texts(e), texts(step)
	initiator.Members = map[string]*literal.Shape{"host": texts(&i.Host), "credential": texts(&i.Credential)}
	chain.Elements, chain.Members = true, map[string]*literal.Shape{"reporter": texts(&step.Reporter)}
	event.Members = map[string]*literal.Shape{
		"initiator": initiator, "target": texts(&e.Target), "observer": texts(&e.Observer), "reason": texts(&e.Reason), "reporterchain": chain,
	}
	return event
}

// texts is the shape of an object of which the texts are read.
func texts(o Object) *literal.Shape {
	return &literal.Shape{Text: func(name string) bool {
		switch o.Place(name).(type) {
		case *string, *InitiatorID:
			return true
		default:
			return false
		}
	}}
}
