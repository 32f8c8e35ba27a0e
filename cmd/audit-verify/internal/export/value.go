package export

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/valyala/fastjson"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// text returns a JSON value as pdata's AsString writes the value that it was.
func text(value *fastjson.Value) string {
	if value == nil {
		return ""
	}
	switch value.Type() {
	case fastjson.TypeString:
		return string(value.GetStringBytes())
	case fastjson.TypeNumber:
		return number(value)
	case fastjson.TypeTrue:
		return "true"
	case fastjson.TypeFalse:
		return "false"
	case fastjson.TypeArray, fastjson.TypeObject:
		var b bytes.Buffer
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(false)
		if encoder.Encode(raw(value)) != nil {
			return value.String()
		}
		return strings.TrimSuffix(b.String(), "\n")
	case fastjson.TypeNull:
	}
	return ""
}

// number writes a floating point number as pdata does, and leaves a whole one as it is.
func number(value *fastjson.Value) string {
	token := value.String()
	if strings.ContainsAny(token, ".eE") {
		if f, err := strconv.ParseFloat(token, 64); err == nil {
			return pcommon.NewValueDouble(f).AsString()
		}
	}
	return token
}

// raw is the value for encoding/json.
func raw(value *fastjson.Value) any {
	switch value.Type() {
	case fastjson.TypeArray:
		elements := []any{}
		for _, element := range value.GetArray() {
			elements = append(elements, raw(element))
		}
		return elements
	case fastjson.TypeObject:
		members := map[string]any{}
		value.GetObject().Visit(func(key []byte, member *fastjson.Value) { members[string(key)] = raw(member) })
		return members
	case fastjson.TypeNull:
		return nil
	case fastjson.TypeNumber:
		return json.Number(number(value))
	case fastjson.TypeTrue, fastjson.TypeFalse:
		return value.GetBool()
	case fastjson.TypeString:
	}
	return string(value.GetStringBytes())
}
