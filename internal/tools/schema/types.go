package main

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/confmap"
)

// node is a JSON schema, in the form that the Collector's components have: a duration has the format duration, a type that is no JSON type
// stands in x-customType, and a section that is off unless it is there has x-optional.
type node map[string]any

var (
	durationType  = reflect.TypeFor[time.Duration]()
	idType        = reflect.TypeFor[component.ID]()
	headersType   = reflect.TypeFor[configopaque.MapList]()
	textType      = reflect.TypeFor[encoding.TextUnmarshaler]()
	unmarshalType = reflect.TypeFor[confmap.Unmarshaler]()
)

// componentSchema is the schema of the configuration of a component.
func (s *sources) componentSchema(c registered) node {
	schema := s.schema(c.config.Type(), c.config)
	schema["description"] = s.docs[nameOf(c.config.Type())]
	if c.factory.Type().String() == "keystone_attributes" {
		kinds := schema["properties"].(node)["kinds"].(node)
		kinds["items"].(node)["enum"] = kinds["default"] // which is all of them
	}
	return schema
}

// schema describes a type. The value is the default; where there is none it is the zero value.
func (s *sources) schema(t reflect.Type, value reflect.Value) node {
	switch {
	case t.Kind() == reflect.Pointer:
		if value.IsNil() {
			return s.schema(t.Elem(), reflect.Zero(t.Elem()))
		}
		return s.schema(t.Elem(), value.Elem())
	case isOptional(t):
		optional := reflect.New(t)
		optional.Elem().Set(value)
		inner := optional.MethodByName("GetOrInsertDefault").Call(nil)[0].Elem()
		schema := s.schema(inner.Type(), inner)
		schema["x-optional"] = true
		return schema
	case t == durationType:
		schema := node{"type": "string", "format": "duration", "x-customType": "time.Duration"}
		if value.Int() != 0 {
			schema["default"] = shortDuration(time.Duration(value.Int()))
		}
		return schema
	case t == idType:
		return node{"type": "string", "x-customType": nameOf(t)}
	case t == headersType:
		return node{"type": []string{"object", "array"}, "x-customType": nameOf(t)}
	case reflect.PointerTo(t).Implements(textType):
		return withDefault(node{"type": "string", "x-customType": nameOf(t)}, value)
	}
	return s.kind(t, value)
}

func (s *sources) kind(t reflect.Type, value reflect.Value) node {
	schema := node{}
	if t.PkgPath() != "" && t.Kind() != reflect.Struct {
		schema["x-customType"] = nameOf(t)
	}
	switch t.Kind() {
	case reflect.Struct:
		return s.structure(t, value)
	case reflect.Slice:
		schema["type"], schema["items"] = "array", s.schema(t.Elem(), reflect.Zero(t.Elem()))
		if value.Len() == 0 {
			return schema
		}
	case reflect.Map:
		schema["type"], schema["additionalProperties"] = "object", s.schema(t.Elem(), reflect.Zero(t.Elem()))
		return schema
	case reflect.String:
		schema["type"] = "string"
		if values := s.values[nameOf(t)]; values != nil {
			schema["enum"] = values
		}
	case reflect.Bool:
		schema["type"] = "boolean"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		schema["type"] = "integer"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		schema["type"], schema["minimum"] = "integer", 0
	case reflect.Float32, reflect.Float64:
		schema["type"] = "number"
	default:
		panic(fmt.Sprintf("a configuration has a %v, of which this generator knows nothing", t))
	}
	return withDefault(schema, value)
}

func (s *sources) structure(t reflect.Type, value reflect.Value) node {
	if reflect.PointerTo(t).Implements(unmarshalType) {
		panic(fmt.Sprintf("%v has an Unmarshal of its own, of which this generator knows nothing", t))
	}
	keys, order := map[string]string{}, []string{}
	for field := range t.Fields() {
		if key, _, _ := strings.Cut(field.Tag.Get("mapstructure"), ","); key != "" && key != "-" && field.IsExported() {
			keys[field.Name] = key
			order = append(order, field.Name)
		}
	}
	properties := node{}
	for field := range t.Fields() {
		if !field.IsExported() {
			continue
		}
		_, options, _ := strings.Cut(field.Tag.Get("mapstructure"), ",")
		key := keys[field.Name]
		fieldValue := value.FieldByIndex(field.Index)
		switch {
		case options == "squash":
			maps.Copy(properties, s.schema(field.Type, fieldValue)["properties"].(node))
		case key != "":
			property := s.schema(field.Type, fieldValue)
			if description := s.describe(nameOf(t), field.Name, nameOf(named(field.Type)), keys, order); description != "" {
				property["description"] = description
			}
			properties[key] = property
		case field.Tag.Get("mapstructure") != "-":
			panic(fmt.Sprintf("%v.%s has no key, of which this generator knows nothing", t, field.Name))
		}
	}
	return node{"type": "object", "properties": properties}
}

// withDefault adds a default, unless that is the zero value.
func withDefault(schema node, value reflect.Value) node {
	if !value.IsZero() {
		schema["default"] = value.Interface()
	}
	return schema
}

func isOptional(t reflect.Type) bool {
	return t.PkgPath() == "go.opentelemetry.io/collector/config/configoptional" && strings.HasPrefix(t.Name(), "Optional[")
}

// named is the type in a pointer or in an Optional.
func named(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	if isOptional(t) {
		method, _ := reflect.PointerTo(t).MethodByName("GetOrInsertDefault")
		return method.Type.Out(0).Elem()
	}
	return t
}

func nameOf(t reflect.Type) string { return t.PkgPath() + "." + t.Name() }

// shortDuration is 1h and not 1h0m0s.
func shortDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
