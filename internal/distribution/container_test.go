package distribution

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// Whether a container runtime builds it is not tested: there is none.
func TestContainerStartsAsTheServiceDoes(t *testing.T) {
	var entrypoint, arguments []string
	copied := map[string]string{} // by what it becomes
	for line := range strings.Lines(string(read(t, filepath.Join(root, "deploy", "container", "Dockerfile")))) {
		instruction, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch instruction {
		case "ENTRYPOINT":
			require.NoError(t, json.Unmarshal([]byte(value), &entrypoint))
		case "CMD":
			require.NoError(t, json.Unmarshal([]byte(value), &arguments))
		case "COPY":
			if fields := strings.Fields(value); len(fields) == 2 && fields[0] != "." {
				copied[fields[1]] = fields[0]
			}
		}
	}
	service := string(read(t, filepath.Join(root, "deploy", "systemd", "otelcol-openstack-audit.service")))
	assert.Contains(t, service, "\nExecStart="+strings.Join(append(entrypoint, arguments...), " ")+"\n")
	require.NotEmpty(t, arguments)
	source := copied[strings.TrimPrefix(arguments[0], "--config=")]
	require.NotEmpty(t, source, arguments[0])
	assert.FileExists(t, filepath.Join(root, source))
}

// workload has what is read of a Deployment or a DaemonSet.
type workload struct {
	Kind     string
	Metadata struct{ Name string }
	Spec     struct {
		Template struct {
			Spec struct {
				Containers []struct {
					Image        string
					Args         []string
					Env          []struct{ Name, Value string }
					VolumeMounts []struct {
						Name      string
						MountPath string `yaml:"mountPath"`
					} `yaml:"volumeMounts"`
				}
				Volumes []struct {
					Name                  string
					ConfigMap             struct{ Name string } `yaml:"configMap"`
					PersistentVolumeClaim struct {
						ClaimName string `yaml:"claimName"`
					} `yaml:"persistentVolumeClaim"`
				}
			}
		}
	}
}

// kustomization has what is read of one.
type kustomization struct {
	Resources          []string
	ConfigMapGenerator []struct {
		Name  string
		Files []string
	} `yaml:"configMapGenerator"`
}

// Whether a cluster runs them is not tested: there is none.
func TestKubernetesRunsWhatIsThere(t *testing.T) {
	folder := filepath.Join(root, "deploy", "kubernetes")
	var named kustomization
	readYAML(t, filepath.Join(folder, "kustomization.yaml"), &named)
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	require.NoError(t, err)
	resources := []string{"../../config", "kustomization.yaml"}
	var workloads []workload
	for _, file := range files {
		if name := filepath.Base(file); name != "kustomization.yaml" {
			resources = append(resources, name)
			workloads = append(workloads, documents(t, file)...)
		}
	}
	assert.ElementsMatch(t, resources, append(named.Resources, "kustomization.yaml"))

	var generated kustomization
	readYAML(t, filepath.Join(root, "config", "Kustomization"), &generated)
	require.Len(t, generated.ConfigMapGenerator, 1)
	configMap := generated.ConfigMapGenerator[0]
	claims := map[string]bool{}
	for _, w := range workloads {
		if w.Kind == "PersistentVolumeClaim" {
			claims[w.Metadata.Name] = true
		}
	}

	kinds := map[string]int{}
	for _, w := range workloads {
		kinds[w.Kind]++
		if w.Kind == "PersistentVolumeClaim" {
			continue
		}
		t.Run(w.Metadata.Name, func(t *testing.T) {
			pod := w.Spec.Template.Spec
			require.Len(t, pod.Containers, 1)
			container := pod.Containers[0]
			assert.Equal(t, "otelcol-openstack-audit", container.Image, "registry and version are the operator's to say")

			mounts := map[string]string{}
			for _, mount := range container.VolumeMounts {
				mounts[mount.Name] = mount.MountPath
			}
			for _, volume := range pod.Volumes {
				assert.Contains(t, mounts, volume.Name)
				if claim := volume.PersistentVolumeClaim.ClaimName; claim != "" {
					assert.True(t, claims[claim], claim)
				}
				if volume.Name == "config" {
					assert.Equal(t, configMap.Name, volume.ConfigMap.Name)
				}
			}

			configuration, isMounted := strings.CutPrefix(container.Args[0], "--config="+mounts["config"]+"/")
			require.True(t, isMounted, container.Args[0])
			require.Contains(t, configMap.Files, configuration)
			source := filepath.Join(root, "config", configuration)
			assert.Contains(t, string(read(t, source)), "AUDIT_STATE:-"+mounts["state"]+"}", "what it keeps is on its volume")

			arguments := append([]string{"validate", "--config=" + source}, container.Args[1:]...)
			validate := exec.CommandContext(t.Context(), binary(t), arguments...)
			validate.Env = []string{}
			for _, variable := range container.Env {
				if variable.Value != "" {
					validate.Env = append(validate.Env, variable.Name+"="+variable.Value)
				}
			}
			run(t, validate)
		})
	}
	assert.Equal(t, map[string]int{"Deployment": 1, "PersistentVolumeClaim": 1, "DaemonSet": 1}, kinds)
}

func documents(t *testing.T, file string) []workload {
	t.Helper()
	var all []workload
	for decoder := yaml.NewDecoder(bytes.NewReader(read(t, file))); ; {
		var one workload
		err := decoder.Decode(&one)
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err, file)
		all = append(all, one)
	}
}
