//go:build helm

package helm

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

func TestLint(t *testing.T) {
	_, message, err := helm(t, "lint", "--strict", chart)
	require.NoError(t, err, message)
	for _, values := range valuesFiles(t) {
		_, message, err := helm(t, "lint", "--strict", "--values", values, chart)
		require.NoError(t, err, "%s: %s", values, message)
	}
}

func TestManifestsAreValid(t *testing.T) {
	schemas := writeSchemas(t)
	kinds := map[string]bool{}
	for _, values := range valuesFiles(t) {
		manifests := render(t, "--values", values)
		output, err := conform(t, schemas, manifests)
		require.NoError(t, err, "%s: %s", values, output)
		require.Contains(t, output, "Skipped: 0")
		for _, o := range objects(t, manifests) {
			kinds[o.Kind] = true
		}
	}
	assert.Len(t, kinds, 10, "the values of the matrix render every kind: %v", kinds)

	// The schemas tell: a misspelt key and a wrong type are errors.
	for _, wrong := range []string{
		"{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a}, spec: {serviceNam: a}}",
		"{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {nam: a}}",
		"{apiVersion: monitoring.coreos.com/v1, kind: PodMonitor, metadata: {name: a}, spec: {selector: {}, podMetricsEndpoint: []}}",
		"{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: amqp}]}}",
	} {
		output, err := conform(t, schemas, wrong)
		require.Error(t, err, "%s: %s", wrong, output)
	}
}

// The collector accepts each configuration in the environment of its pod.
func TestConfigurationsAreValid(t *testing.T) {
	for _, values := range valuesFiles(t) {
		for _, w := range workloads(t, render(t, "--values", values)) {
			t.Run(filepath.Base(values)+"/"+w.name, func(t *testing.T) {
				command := exec.CommandContext(t.Context(), collectortest.Binary(t), append([]string{"validate"}, w.arguments(t)...)...)
				command.Env = w.variables()
				output, err := command.CombinedOutput()
				require.NoError(t, err, "%s\n%s", output, w.config)
			})
		}
	}
}

// Each ${env:…} without a default is set in the pod, each secret by reference, and each variable of the pod is one of the configuration's.
func TestPodsSetWhatTheirConfigurationReads(t *testing.T) {
	variable := regexp.MustCompile(`\$\{env:([A-Z0-9_]+)(:-)?`)
	for _, values := range valuesFiles(t) {
		for _, w := range workloads(t, render(t, "--values", values)) {
			used := map[string]bool{}
			for _, match := range variable.FindAllStringSubmatch(w.config, -1) {
				used[match[1]] = true
				if match[2] == "" {
					assert.Contains(t, w.environment, match[1], "%s: %s", values, w.name)
				}
			}
			for _, v := range w.pod.Containers[0].Env {
				if strings.HasPrefix(v.Name, "AUDIT_") {
					assert.True(t, used[v.Name], "%s: %s sets %s in vain", values, w.name, v.Name)
				}
				if regexp.MustCompile(`PASSWORD|KEY$|URL_|AUTHORIZATION`).MatchString(v.Name) {
					assert.NotEmpty(t, v.ValueFrom.SecretKeyRef.Name, "%s: %s", values, v.Name)
				}
			}
		}
	}
}

func TestPodsAreConfined(t *testing.T) {
	for _, values := range valuesFiles(t) {
		for _, w := range workloads(t, render(t, "--values", values)) {
			user := 10001
			if strings.HasSuffix(w.name, "-logs") {
				user = 0 // the runtime's log files are root's alone
			}
			assert.Equal(t, user, w.pod.SecurityContext["runAsUser"], w.name)
			assert.Equal(t, map[string]any{
				"allowPrivilegeEscalation": false,
				"readOnlyRootFilesystem":   true,
				"capabilities":             map[string]any{"drop": []any{"ALL"}},
			}, w.pod.Containers[0].SecurityContext, w.name)
			mounts := map[string]bool{}
			for _, mount := range w.pod.Containers[0].VolumeMounts {
				mounts[mount.Name] = true
			}
			for _, volume := range w.pod.Volumes {
				assert.True(t, mounts[volume.Name], "%s: %s", w.name, volume.Name)
			}
		}
	}
}

// The alerts are those of deploy/prometheus, all of them.
func TestPrometheusRule(t *testing.T) {
	var want, got []string
	files, err := filepath.Glob(root + "/deploy/prometheus/*.rules.yml")
	require.NoError(t, err)
	for _, file := range files {
		content, err := os.ReadFile(filepath.Clean(file))
		require.NoError(t, err)
		var rules struct{ Groups []map[string]any }
		require.NoError(t, yaml.Unmarshal(content, &rules))
		want = append(want, alerts(t, rules.Groups)...)
	}
	var rendered object
	for _, o := range objects(t, render(t, "--values", "testdata/every-object.yaml")) {
		if o.Kind == "PrometheusRule" {
			rendered = o
		}
	}
	got = alerts(t, rendered.Spec.Groups)
	require.NotEmpty(t, want)
	assert.ElementsMatch(t, want, got)

	groups, err := yaml.Marshal(map[string]any{"groups": rendered.Spec.Groups})
	require.NoError(t, err)
	assert.Contains(t, string(groups), "expr: vector(3600)")
	assert.Contains(t, string(groups), "service: nova")
	file := filepath.Join(t.TempDir(), "rules.yml")
	require.NoError(t, os.WriteFile(file, groups, 0o600))
	output, err := exec.CommandContext(t.Context(), "promtool", "check", "rules", file).CombinedOutput()
	require.NoError(t, err, "%s", output)
}

// alerts returns each alert of the groups as YAML.
func alerts(t *testing.T, groups []map[string]any) (all []string) {
	t.Helper()
	for _, group := range groups {
		for _, rule := range group["rules"].([]any) {
			if rule.(map[string]any)["alert"] != nil {
				content, err := yaml.Marshal(rule)
				require.NoError(t, err)
				all = append(all, string(content))
			}
		}
	}
	return all
}

func TestWrongValuesAreRefused(t *testing.T) {
	tests := []struct{ name, values, message string }{
		{"no backend", "names: {enabled: false}", "enable one of backends.loki, elasticsearch, opensearch and otlp"},
		{"no source", "{rabbitmq: {enabled: false}, names: {enabled: false}, backends: {otlp: {enabled: true}}}",
			"enable rabbitmq, listen or logs"},
		{"no Keystone", "backends: {otlp: {enabled: true}}", "names.url: where is Keystone?"},
		{"misspelt", "backends: {lokki: {enabled: true}}", "additional properties 'lokki' not allowed"},
		{"a secret in a value", "rabbitmq: {virtualHosts: [{name: a, transportUrl: rabbit://}]}",
			"additional properties 'transportUrl' not allowed"},
		{"a name that is none of Kubernetes", "rabbitmq: {virtualHosts: [{name: Nova_1, existingSecret: a, key: b}]}", "does not match pattern"},
		{"a queue's name", "rabbitmq: {queue: {name: notifications.info}}", "/rabbitmq/queue"},
		{"not a layout", "backends: {elasticsearch: {layout: bodymap}}", "value must be one of 'otel', 'ecs'"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "values.yaml")
			require.NoError(t, os.WriteFile(file, []byte(tt.values), 0o600))
			_, message, err := helm(t, "template", "trail", chart, "--values", file)
			require.Error(t, err)
			assert.Contains(t, message, tt.message)
		})
	}
}

// The chart installs the version that is built.
func TestVersion(t *testing.T) {
	var distribution struct{ Dist struct{ Version string } }
	var described struct {
		AppVersion string `yaml:"appVersion"`
	}
	for file, into := range map[string]any{root + "/builder-config.yaml": &distribution, chart + "/Chart.yaml": &described} {
		content, err := os.ReadFile(filepath.Clean(file))
		require.NoError(t, err)
		require.NoError(t, yaml.Unmarshal(content, into))
	}
	assert.Equal(t, distribution.Dist.Version, described.AppVersion)
}

// What helm package packs is the chart alone: the configurations, rules and dashboards that files links to, and no tests.
func TestPackage(t *testing.T) {
	folder := t.TempDir()
	_, message, err := helm(t, "package", chart, "--destination", folder)
	require.NoError(t, err, message)
	archives, err := filepath.Glob(filepath.Join(folder, "*.tgz"))
	require.NoError(t, err)
	require.Len(t, archives, 1)
	output, err := exec.CommandContext(t.Context(), "tar", "tzf", archives[0]).Output()
	require.NoError(t, err)
	assert.Contains(t, string(output), "otelcol-openstack-audit/files/config/durable.yaml\n")
	for _, other := range []string{".go\n", ".rules.test.yml\n", "quickstart"} {
		assert.NotContains(t, string(output), other)
	}
	packed, _, err := helm(t, "template", "trail", archives[0], "--namespace", "audit", "--values", "testdata/every-object.yaml")
	require.NoError(t, err)
	assert.Equal(t, render(t, "--values", "testdata/every-object.yaml"), packed, "packed or not, it renders the same")
}

// docs/security.md has each port of the pods.
func TestSecurityPageNamesThePorts(t *testing.T) {
	page, err := os.ReadFile(root + "/docs/security.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(page), "## In Kubernetes\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	named, opened := map[string]bool{}, map[string]bool{}
	for _, match := range regexp.MustCompile("(?m)^\\| `(\\d+)` ").FindAllStringSubmatch(section, -1) {
		named[match[1]] = true
	}
	for _, w := range workloads(t, render(t, "--values", "testdata/every-object.yaml")) {
		for _, port := range w.pod.Containers[0].Ports {
			opened[strconv.Itoa(port.ContainerPort)] = true
		}
	}
	assert.Equal(t, opened, named)
}
