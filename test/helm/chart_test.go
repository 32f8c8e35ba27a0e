//go:build helm

// Package helm tests the chart: what it renders is valid for Kubernetes, and the built collector runs it.
package helm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const (
	root  = "../.."
	chart = root + "/deploy/helm/otelcol-openstack-audit"
)

// object is a Kubernetes object, with what is read of each kind.
type object struct {
	Kind     string
	Metadata struct{ Name string }
	Data     map[string]string
	Spec     struct {
		Template struct{ Spec podSpec }
		Groups   []map[string]any
		Ports    []struct{ Name string }
	}
}

type podSpec struct {
	SecurityContext map[string]any `yaml:"securityContext"`
	Containers      []struct {
		Args            []string
		SecurityContext map[string]any `yaml:"securityContext"`
		Env             []struct {
			Name, Value string
			ValueFrom   struct {
				SecretKeyRef struct{ Name, Key string } `yaml:"secretKeyRef"`
			} `yaml:"valueFrom"`
		}
		Ports []struct {
			Name          string
			ContainerPort int `yaml:"containerPort"`
		}
		VolumeMounts []struct{ Name string } `yaml:"volumeMounts"`
	}
	Volumes []struct {
		Name      string
		ConfigMap struct{ Name string } `yaml:"configMap"`
	}
}

// tool is a program that make test-helm builds.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(root, "build", "tools", name))
	require.NoError(t, err)
	require.FileExists(t, path, "run make test-helm, which builds it")
	return path
}

// helm runs it, and returns what it prints and what it says of errors.
func helm(t *testing.T, arguments ...string) (output, message string, err error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), tool(t, "helm"), arguments...)
	command.Env = append(os.Environ(), "HELM_CACHE_HOME="+t.TempDir(), "HELM_CONFIG_HOME="+t.TempDir(), "HELM_DATA_HOME="+t.TempDir())
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err = command.Run()
	return stdout.String(), stderr.String(), err
}

// render returns the manifests of the chart with values, as release "trail".
func render(t *testing.T, arguments ...string) string {
	t.Helper()
	output, message, err := helm(t, append([]string{"template", "trail", chart, "--namespace", "audit"}, arguments...)...)
	require.NoError(t, err, message)
	return output
}

func objects(t *testing.T, manifests string) []object {
	t.Helper()
	var all []object
	for decoder := yaml.NewDecoder(strings.NewReader(manifests)); ; {
		var one object
		err := decoder.Decode(&one)
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		if one.Kind != "" {
			all = append(all, one)
		}
	}
}

// valuesFiles are what every test of the matrix renders, each for --values: the files of testdata, and what the documents show. Those of
// the chart's README are one after the other.
func valuesFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	files = append(files, strings.Join(shownValues(t, chart+"/README.md", ""), ","))
	return append(files, shownValues(t, root+"/docs/deployments.md", "# values of otelcol-openstack-audit\n")...)
}

// shownValues writes each block of YAML in a page that begins so to a file.
func shownValues(t *testing.T, page, beginning string) (files []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Clean(page))
	require.NoError(t, err)
	for i, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(text, -1) {
		if !bytes.HasPrefix(block[1], []byte(beginning)) {
			continue
		}
		file := filepath.Join(t.TempDir(), fmt.Sprintf("shown%d.yaml", i))
		require.NoError(t, os.WriteFile(file, block[1], 0o600))
		files = append(files, file)
	}
	require.NotEmpty(t, files, page)
	return files
}

// workload is a StatefulSet or DaemonSet with the configuration that it starts.
type workload struct {
	name   string
	pod    podSpec
	config string
	// environment has what the manifest says. A secret's value is made up.
	environment map[string]string
}

func workloads(t *testing.T, manifests string) []workload {
	t.Helper()
	configs := map[string]string{}
	all := objects(t, manifests)
	for _, o := range all {
		if o.Kind == "ConfigMap" {
			configs[o.Metadata.Name] = o.Data["config.yaml"]
		}
	}
	var found []workload
	for _, o := range all {
		if o.Kind != "StatefulSet" && o.Kind != "DaemonSet" {
			continue
		}
		w := workload{name: o.Metadata.Name, pod: o.Spec.Template.Spec, environment: map[string]string{}}
		for _, volume := range w.pod.Volumes {
			if volume.Name == "config" {
				w.config = configs[volume.ConfigMap.Name]
			}
		}
		require.NotEmpty(t, w.config, w.name)
		require.Len(t, w.pod.Containers, 1)
		for _, variable := range w.pod.Containers[0].Env {
			w.environment[variable.Name] = variable.Value
			if variable.ValueFrom.SecretKeyRef.Name != "" {
				w.environment[variable.Name] = "made-up"
			}
			if strings.HasPrefix(variable.Name, "AUDIT_TRANSPORT_URL_") {
				w.environment[variable.Name] = "rabbit://audit:made-up@rabbit1:5672//"
			}
		}
		found = append(found, w)
	}
	require.NotEmpty(t, found)
	return found
}

// arguments are those of the container, with its configuration as a file of the test.
func (w workload) arguments(t *testing.T) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(file, []byte(w.config), 0o600))
	arguments := w.pod.Containers[0].Args
	require.Equal(t, "--config=/etc/otelcol-openstack-audit/config.yaml", arguments[0])
	return append([]string{"--config=" + file}, arguments[1:]...)
}

func (w workload) variables() []string {
	var all []string
	for name, value := range w.environment {
		all = append(all, name+"="+value)
	}
	return all
}
