package oslo

import (
	"maps"
	"slices"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/cadf"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
)

// messageShape is what FromValue reads by name, whatever envelope the message is in.
func messageShape() *literal.Shape {
	var n Notification
	event := cadf.Shape()
	message := &literal.Shape{
		Text: either(event.Text, func(name string) bool {
			field, _ := n.textField(name)
			return field != nil || name == "oslo.version" || name == rpcMethod
		}),
		Members: event.Members,
	}
	message.Members["payload"] = payloadShape()
	message.Members[rpcArguments] = &literal.Shape{Replaces: true}
	within := *message
	within.Replaces, within.Quoted = true, true
	envelope := *message
	envelope.Members = maps.Clone(message.Members)
	envelope.Members["oslo.message"] = &within
	return &envelope
}

// payloadShape is what is read of a payload: of a CADF event or Keystone's basic one.
func payloadShape() *literal.Shape {
	var b Basic
	payload := cadf.Shape()
	payload.Replaces = true
	payload.Text = either(payload.Text, func(name string) bool { field, _ := b.textField(name); return field != nil })
	return payload
}

// recordShape is what LineReader reads of a log record in fields, which may be a message itself or have others in its fields.
func recordShape() *literal.Shape {
	var line Line
	record := messageShape()
	for range maxLayers {
		outer := messageShape()
		outer.Text = either(outer.Text, func(name string) bool {
			return line.textField(name) != nil || IsLoggerField(name) || slices.Contains(recordFields[:], name)
		})
		outer.Whole = IsMessageKey
		record.Replaces = true
		for _, key := range messageKeys {
			outer.Members[key] = record
		}
		outer.Members["context"] = &literal.Shape{Text: func(name string) bool { return line.contextField(name) != nil }, Replaces: true}
		document := messageShape()
		document.Replaces = true
		outer.Members["args"] = &literal.Shape{
			Text:     func(name string) bool { return name == "event_type" },
			Members:  map[string]*literal.Shape{"payload": payloadShape(), "message": document},
			Replaces: true,
		}
		record = outer
	}
	return record
}

// recordFields are those of which LineReader asks whether they are there.
var recordFields = [...]string{"funcname", "stream", sessionFields[0], sessionFields[1], sessionFields[2]}

// nothing is the shape of a document of which nothing is read.
func nothing() *literal.Shape { return &literal.Shape{} }

func either(one, other func(name string) bool) func(name string) bool {
	return func(name string) bool { return one(name) || other(name) }
}
