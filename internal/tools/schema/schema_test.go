package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"
)

const root = "../../.."

// collector is the schema for editors, as it is shipped.
func collector(t *testing.T) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	schema, err := compiler.Compile(filepath.Join(root, "config", "otelcol-openstack-audit.schema.json"))
	require.NoError(t, err)
	return schema
}

// parse returns YAML as JSON has it.
func parse(t *testing.T, text string) any {
	t.Helper()
	var parsed any
	require.NoError(t, yaml.Unmarshal([]byte(text), &parsed))
	encoded, err := json.Marshal(parsed)
	require.NoError(t, err)
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(encoded)))
	require.NoError(t, err)
	return value
}

func TestEveryComponentHasASchema(t *testing.T) {
	manifest, err := os.ReadFile(filepath.Join(root, "builder-config.yaml"))
	require.NoError(t, err)
	var built, described []string
	for _, match := range regexp.MustCompile(`import: `+module+`/(\S+)`).FindAllStringSubmatch(string(manifest), -1) {
		built = append(built, match[1])
	}
	for _, c := range components() {
		described = append(described, c.folder)
	}
	assert.ElementsMatch(t, built, described, "builder-config.yaml (first list) and components.go (second list) differ")
}

// The Collector itself says which keys a configuration has: it refuses one that is not there, and one of another type.
func TestKeysAreThoseOfTheConfiguration(t *testing.T) {
	for _, c := range components() {
		t.Run(c.folder, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(root, c.folder, "config.schema.yaml"))
			require.NoError(t, err)
			var schema node
			require.NoError(t, yaml.Unmarshal(text, &schema))

			config := c.factory.CreateDefaultConfig()
			all := confmap.NewFromStringMap(sample(t, schema).(map[string]any))
			require.NoError(t, all.Unmarshal(config), "the configuration lacks a key of the schema, or wants another type")

			marshaled := confmap.New()
			require.NoError(t, marshaled.Marshal(config))
			missing(t, "", schema, marshaled.ToStringMap())
		})
	}
}

// What an editor shows of a key is its comment in the Go code.
func TestEachKeyIsDescribed(t *testing.T) {
	for _, c := range components() {
		sources, err := parseSources(t.Context(), root, []registered{c})
		require.NoError(t, err)
		described(t, c.folder, sources.componentSchema(c))
	}
}

// described complains about each key of ours without a description.
func described(t *testing.T, path string, schema node) {
	t.Helper()
	properties, _ := schema["properties"].(node)
	for key, property := range properties {
		assert.NotEmpty(t, property.(node)["description"], "%s::%s has no comment", path, key)
		if key != "tls" && key != "http" { // the Collector's own
			described(t, path+"::"+key, property.(node))
		}
	}
	if items, ok := schema["items"].(node); ok {
		described(t, path+"::0", items)
	}
}

// sample is a value with every key.
func sample(t *testing.T, schema node) any {
	t.Helper()
	switch schema["type"] {
	case "boolean":
		return true
	case "integer":
		return 1
	case "number":
		return 1.5
	case "array":
		return []any{sample(t, schema["items"].(node))}
	case "string":
		if values, ok := schema["enum"].([]any); ok {
			return values[0]
		}
		switch schema["x-customType"] {
		case "time.Duration":
			return "1m"
		case "go.opentelemetry.io/collector/config/configcompression.Type":
			return "gzip"
		}
		return "a"
	}
	value := map[string]any{}
	properties, _ := schema["properties"].(node)
	for key, property := range properties {
		value[key] = sample(t, property.(node))
	}
	if of, ok := schema["additionalProperties"].(node); ok {
		value["a"] = sample(t, of)
	}
	return value
}

// missing complains about each key of a configuration that the schema does not have.
func missing(t *testing.T, path string, schema node, value any) {
	t.Helper()
	section, ok := value.(map[string]any)
	if properties, described := schema["properties"].(node); ok && described {
		for key, inner := range section {
			property, described := properties[key].(node)
			if assert.True(t, described, "%s::%s is not in the schema", path, key) {
				missing(t, path+"::"+key, property, inner)
			}
		}
	}
	list, ok := value.([]any)
	if items, described := schema["items"].(node); ok && described {
		for _, inner := range list {
			missing(t, path+"::0", items, inner)
		}
	}
}

func TestShippedConfigurationsAreValid(t *testing.T) {
	schema := collector(t)
	files, err := filepath.Glob(filepath.Join(root, "config", "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.NoError(t, schema.Validate(parse(t, string(text))), file)
	}
}

var (
	block    = regexp.MustCompile("(?s)```ya?ml\n(.*?)```")
	sections = []string{"receivers", "processors", "exporters", "connectors", "extensions", "service"}
)

func TestDocumentedConfigurationsAreValid(t *testing.T) {
	schema := collector(t)
	documents, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	documents = append(documents, filepath.Join(root, "README.md"))
	for _, c := range components() {
		readme := filepath.Join(root, c.folder, "README.md")
		assert.NotZero(t, validateBlocks(t, schema, readme), "%s shows no configuration", readme)
	}
	total := 0
	for _, document := range documents {
		total += validateBlocks(t, schema, document)
	}
	assert.NotZero(t, total)
}

// validateBlocks returns how many of the blocks of YAML are configurations of a collector, or parts of one.
func validateBlocks(t *testing.T, schema *jsonschema.Schema, document string) (validated int) {
	t.Helper()
	text, err := os.ReadFile(document)
	require.NoError(t, err)
	for _, match := range block.FindAllStringSubmatch(string(text), -1) {
		var parsed map[string]any
		if yaml.Unmarshal([]byte(match[1]), &parsed) != nil {
			continue // a list, or several documents
		}
		isConfiguration := false
		for key := range parsed {
			isConfiguration = isConfiguration || slices.Contains(sections, key)
		}
		if _, isManifest := parsed["dist"]; isConfiguration && !isManifest {
			validated++
			assert.NoError(t, schema.Validate(parse(t, match[1])), "%s:\n%s", document, match[1])
		}
	}
	return validated
}

const connected = "receivers: {openstack_audit: {rabbitmq: {transport_url: 'rabbit://a:b@c//'}}}\n"

func TestMistakesAreRefused(t *testing.T) {
	for _, test := range []struct{ name, good, bad string }{
		{"section", connected, strings.Replace(connected, "receivers", "receiver", 1)},
		{"misspelt key", connected, strings.Replace(connected, "transport_url", "transport_uri", 1)},
		{"misspelt key of the Collector", "receivers: {openstack_audit: {listen: {tls: {cert_file: /a}}}}",
			"receivers: {openstack_audit: {listen: {tls: {certfile: /a}}}}"},
		{"key beside the common ones", "receivers: {openstack_audit/2: {body: none}}", "receivers: {openstack_audit/2: {bodies: none}}"},
		{"number", "receivers: {openstack_audit: {rabbitmq: {prefetch: 10}}}", "receivers: {openstack_audit: {rabbitmq: {prefetch: ten}}}"},
		{"boolean", "receivers: {openstack_audit: {include_original: true}}", "receivers: {openstack_audit: {include_original: maybe}}"},
		{"list", "processors: {keystone_attributes: {kinds: [user]}}", "processors: {keystone_attributes: {kinds: {user: true}}}"},
		{"section for a value", "processors: {keystone_attributes: {cache: {ttl: 1h}}}", "processors: {keystone_attributes: {cache: 5}}"},
		{"duration", "processors: {keystone_attributes: {wait: 1m30s}}", "processors: {keystone_attributes: {wait: 2 seconds}}"},
		{"duration without a unit", "processors: {keystone_attributes: {wait: 0}}", "processors: {keystone_attributes: {wait: 30}}"},
		{"duration by service", "connectors: {openstack_audit_completeness: {expect: {nova: 1h}}}",
			"connectors: {openstack_audit_completeness: {expect: {nova: one hour}}}"},
		{"allowed value", "processors: {openstack_audit: {content: log_lines}}", "processors: {openstack_audit: {content: lines}}"},
		{"allowed value in a list", "processors: {keystone_attributes: {kinds: [user]}}", "processors: {keystone_attributes: {kinds: [users]}}"},
		{"list of sections", "processors: {openstack_audit: {hmac_keys: [{version: 1}]}}",
			"processors: {openstack_audit: {hmac_keys: [{number: 1}]}}"},
		{"pipeline", "service: {pipelines: {logs/a: {receivers: [a]}}}", "service: {pipelines: {log: {receivers: [a]}}}"},
		{"part of a pipeline", "service: {pipelines: {logs: {receivers: [a]}}}", "service: {pipelines: {logs: {receiver: [a]}}}"},
	} {
		t.Run(test.name, func(t *testing.T) {
			schema := collector(t)
			require.NoError(t, schema.Validate(parse(t, test.good)))
			assert.Error(t, schema.Validate(parse(t, test.bad)))
		})
	}
}

func TestWhatIsAllowedBesides(t *testing.T) {
	for _, test := range []struct{ name, text string }{
		{"nothing", "receivers:\nservice:\n"},
		{"other components", "exporters: {otlp_http: {endpoint: a, anything: [1]}}\nextensions: {self_auth: }"},
		{"values from the environment", "receivers: {openstack_audit: {rabbitmq: {prefetch: '${env:N}', topics: '${env:T}', " +
			"queue: '${file:/q}', rebind_interval: '${env:I:-1m}'}, body: '${env:B}', include_original: '${env:O}'}}"},
		{"a section that is turned off", "receivers: {openstack_audit: {listen: {enabled: false}}}"},
		{"headers in both forms", "processors: {keystone_attributes: {http: {headers: {a: b}}}, " +
			"keystone_attributes/2: {http: {headers: [{name: a, value: b}]}}}"},
	} {
		t.Run(test.name, func(t *testing.T) {
			assert.NoError(t, collector(t).Validate(parse(t, test.text)))
		})
	}
}
