package openstackauditprocessor

import (
	"slices"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// maxNesting is how deep the quick test looks for the text of a record.
const maxNesting = 5

// mayHoldEvent is the quick test for values of any type.
func mayHoldEvent(value pcommon.Value, depth int) bool {
	switch value.Type() {
	case pcommon.ValueTypeStr:
		return oslo.MayHoldEvent(value.Str())
	case pcommon.ValueTypeBytes:
		return oslo.MayHoldEvent(string(value.Bytes().AsRaw()))
	case pcommon.ValueTypeSlice: // journald's bytes
		return depth > 0
	case pcommon.ValueTypeMap:
		for key, member := range value.Map().All() {
			switch {
			case key == "oslo.message" || key == "event_type" || key == "typeURI":
				return true
			case oslo.IsMessageKey(key) && depth < maxNesting && mayHoldEvent(member, depth+1):
				return true
			case key == "LOGGER_NAME" && member.Type() == pcommon.ValueTypeStr && oslo.MayHoldEvent(member.Str()):
				return true // of the journal, which may have left the message out
			}
		}
	}
	return false
}

// describesLine reports whether attributes hold what oslo.log's formatters say beside
// the message: a fluent-forward receiver leaves it there.
func describesLine(attributes pcommon.Map) bool {
	for key := range attributes.All() {
		switch key {
		case "context", "hostname", "levelname", "level", "funcname":
			return true
		}
		if oslo.IsLoggerField(key) {
			return true
		}
	}
	return false
}

// lineInFields is a record of which the text is the body and the rest is attributes.
func lineInFields(attributes pcommon.Map, text string) literal.Value {
	record := object(attributes)
	record.Items = slices.DeleteFunc(record.Items, func(field literal.Value) bool { return oslo.IsMessageKey(field.Key) })
	record.Items = append(record.Items, literal.Value{Kind: literal.String, Key: "message", Text: text})
	return record
}

func object(fields pcommon.Map) literal.Value {
	v := literal.Value{Kind: literal.Object, Items: make([]literal.Value, 0, fields.Len())}
	for key, field := range fields.All() {
		item := toLiteral(field)
		item.Key = key
		v.Items = append(v.Items, item)
	}
	return v
}

// toLiteral returns the same tree as the text of the value would give.
func toLiteral(value pcommon.Value) literal.Value {
	switch value.Type() {
	case pcommon.ValueTypeMap:
		return object(value.Map())
	case pcommon.ValueTypeSlice:
		v := literal.Value{Kind: literal.Array, Items: make([]literal.Value, 0, value.Slice().Len())}
		for _, element := range value.Slice().All() {
			v.Items = append(v.Items, toLiteral(element))
		}
		return v
	case pcommon.ValueTypeBool:
		return literal.Value{Kind: literal.Bool, Text: strconv.FormatBool(value.Bool())}
	case pcommon.ValueTypeInt, pcommon.ValueTypeDouble:
		return literal.Value{Kind: literal.Number, Text: value.AsString()}
	case pcommon.ValueTypeBytes:
		return literal.Value{Kind: literal.String, Text: string(value.Bytes().AsRaw())}
	case pcommon.ValueTypeStr:
		return literal.Value{Kind: literal.String, Text: value.Str()}
	default:
		return literal.Value{}
	}
}
