package main

import "strings"

// substituted is what the collector replaces before it looks at the type: ${env:NAME}, ${file:PATH}.
const substituted = `\$\{.+\}`

// duration is what time.ParseDuration accepts.
const duration = `^[+-]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$`

// collectorSchema is the schema of a collector's whole configuration. Our components are in it key by key; those of others may have any.
// Nothing is required: several files make one configuration. It is of draft 7, which every editor knows.
func (s *sources) collectorSchema(components []registered) node {
	sections := node{"service": service()}
	for _, section := range []string{"receivers", "processors", "exporters", "connectors", "extensions"} {
		ours := node{}
		for _, c := range components {
			if c.section == section {
				ours["^"+c.factory.Type().String()+"(/.+)?$"] = forEditor(s.componentSchema(c))
			}
		}
		sections[section] = node{
			"type":              []string{"object", "null"},
			"patternProperties": ours,
			"propertyNames":     node{"pattern": `^[a-zA-Z][0-9a-zA-Z_]{0,62}(/.+)?$`},
		}
	}
	return node{
		"$schema":              "http://json-schema.org/draft-07/schema#",
		"title":                "otelcol-openstack-audit",
		"description":          "Configuration of an OpenTelemetry Collector with the components of otelcol-openstack-audit",
		"type":                 "object",
		"properties":           sections,
		"additionalProperties": false,
	}
}

func service() node {
	ids := node{"type": []string{"array", "null", "string"}, "items": node{"type": "string"}, "pattern": substituted}
	pipeline := node{
		"type":                 []string{"object", "null"},
		"properties":           node{"receivers": ids, "processors": ids, "exporters": ids},
		"additionalProperties": false,
	}
	return node{
		"type": []string{"object", "null"},
		"properties": node{
			"extensions": ids,
			"pipelines": node{
				"type":                 []string{"object", "null"},
				"patternProperties":    node{"^(logs|metrics|traces|profiles)(/.+)?$": pipeline},
				"additionalProperties": false,
			},
			"telemetry": node{"type": []string{"object", "null"}},
		},
		"additionalProperties": false,
	}
}

// forEditor makes of the schema of a configuration that of the YAML: a key that is not there is refused, and ${env:NAME} is allowed for
// each value.
func forEditor(schema node) node {
	out := node{}
	for _, key := range []string{"description", "default", "minimum"} {
		if value, ok := schema[key]; ok {
			out[key] = value
		}
	}
	switch {
	case schema["enum"] != nil:
		out["anyOf"] = []node{{"enum": schema["enum"]}, {"type": "string", "pattern": substituted}}
		return out
	case schema["format"] == "duration":
		out["type"], out["pattern"] = []string{"string", "integer"}, duration+"|"+substituted
		out["minimum"], out["maximum"] = 0, 0 // 30 would be 30 nanoseconds
		out["patternErrorMessage"] = "a duration with a unit, such as 1h30m, or ${env:NAME}"
		return out
	case schema["type"] == "string":
		out["type"] = []string{"string", "null"}
		return out
	}
	types, pair := schema["type"].([]string)
	if !pair {
		types = []string{schema["type"].(string)}
	}
	out["pattern"] = substituted                                                  // of strings alone
	out["patternErrorMessage"] = strings.Join(types, " or ") + ", or ${env:NAME}" // what editors say instead of the pattern
	out["type"] = append(append([]string{}, types...), "null", "string")
	if items, ok := schema["items"].(node); ok {
		out["items"] = forEditor(items)
	}
	if values, ok := schema["additionalProperties"].(node); ok {
		out["additionalProperties"] = forEditor(values)
	}
	if properties, ok := schema["properties"].(node); ok {
		inner := node{}
		for key, property := range properties {
			inner[key] = forEditor(property.(node))
		}
		if schema["x-optional"] == true {
			inner["enabled"] = node{"type": "boolean", "description": "false: as if the section were not there"}
		}
		out["properties"], out["additionalProperties"] = inner, false
	}
	return out
}
