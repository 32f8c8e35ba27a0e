//go:build helm

package helm

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// Whose schemas the manifests are held against. Both come through the Go module proxy.
const (
	kubernetes         = "k8s.io/kubernetes@v1.34.1"
	prometheusOperator = "github.com/prometheus-operator/prometheus-operator@v0.93.0"
)

// source returns the folder of a module's source.
func source(t *testing.T, module string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", module)
	command.Dir = t.TempDir() // outside of this module: its go.mod stays as it is
	command.Env = append(os.Environ(), "GOFLAGS=-mod=mod")
	output, err := command.Output()
	require.NoError(t, err, "%s", output)
	var downloaded struct{ Dir string }
	require.NoError(t, json.Unmarshal(output, &downloaded))
	return downloaded.Dir
}

// writeSchemas writes a JSON schema for each kind that the chart renders, as kubeconform reads them.
func writeSchemas(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	specifications := filepath.Join(source(t, kubernetes), "api", "openapi-spec", "v3")
	for file, kinds := range map[string][]string{
		"api__v1_openapi.json":                     {"core.v1.ConfigMap", "core.v1.Service", "core.v1.ServiceAccount"},
		"apis__apps__v1_openapi.json":              {"apps.v1.StatefulSet", "apps.v1.DaemonSet"},
		"apis__networking.k8s.io__v1_openapi.json": {"networking.v1.NetworkPolicy"},
		"apis__policy__v1_openapi.json":            {"policy.v1.PodDisruptionBudget"},
	} {
		content, err := os.ReadFile(filepath.Join(specifications, file))
		require.NoError(t, err)
		var specification map[string]any
		require.NoError(t, json.Unmarshal(content, &specification))
		forbidUnknown(specification["components"])
		for _, kind := range kinds {
			writeSchema(t, folder, kind[strings.LastIndex(kind, ".")+1:], map[string]any{
				"$ref":       "#/components/schemas/io.k8s.api." + kind,
				"components": specification["components"],
			})
		}
	}
	definitions := filepath.Join(source(t, prometheusOperator), "example", "prometheus-operator-crd")
	for _, kind := range []string{"PodMonitor", "ServiceMonitor", "PrometheusRule"} {
		content, err := os.ReadFile(filepath.Join(definitions, "monitoring.coreos.com_"+strings.ToLower(kind)+"s.yaml"))
		require.NoError(t, err)
		var definition struct {
			Spec struct {
				Versions []struct {
					Schema struct {
						OpenAPIV3Schema map[string]any `yaml:"openAPIV3Schema"`
					}
				}
			}
		}
		require.NoError(t, yaml.Unmarshal(content, &definition))
		schema := definition.Spec.Versions[0].Schema.OpenAPIV3Schema
		properties := schema["properties"].(map[string]any)
		delete(properties, "metadata") // only "type: object": what it holds is Kubernetes' own
		forbidUnknown(properties)
		writeSchema(t, folder, kind, schema)
	}
	return folder
}

// forbidUnknown makes an error of a key that an object does not have, as the API server's strict validation does.
func forbidUnknown(schema any) {
	switch part := schema.(type) {
	case map[string]any:
		_, hasProperties := part["properties"].(map[string]any)
		_, saysMore := part["additionalProperties"]
		if hasProperties && !saysMore && part["x-kubernetes-preserve-unknown-fields"] != true {
			part["additionalProperties"] = false
		}
		for value := range maps.Values(part) {
			forbidUnknown(value)
		}
	case []any:
		for _, value := range part {
			forbidUnknown(value)
		}
	}
}

func writeSchema(t *testing.T, folder, kind string, schema map[string]any) {
	t.Helper()
	content, err := json.Marshal(schema)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, strings.ToLower(kind)+".json"), content, 0o600))
}

// conform runs kubeconform on manifests.
func conform(t *testing.T, schemas, manifests string) (output string, err error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), tool(t, "kubeconform"), "-strict", "-summary",
		"-schema-location", filepath.Join(schemas, "{{.ResourceKind}}.json"))
	command.Stdin = strings.NewReader(manifests)
	combined, err := command.CombinedOutput()
	return string(combined), err
}
