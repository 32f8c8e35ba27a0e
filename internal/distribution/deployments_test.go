package distribution

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// Each block of YAML that the page shows is YAML: it is copied as it stands.
func TestDeploymentsShowYAML(t *testing.T) {
	page := read(t, filepath.Join(root, "docs", "deployments.md"))
	blocks := regexp.MustCompile("(?ms)^ *```yaml\n(.*?)^ *```").FindAllSubmatch(page, -1)
	require.Len(t, blocks, strings.Count(string(page), "```yaml"))
	for _, block := range blocks {
		var shown map[string]any
		require.NoError(t, yaml.Unmarshal(block[1], &shown), "%s", block[1])
		assert.NotEmpty(t, shown)
	}
}

// play is what is read of the second play of the playbook; the first gathers facts.
type play struct {
	Vars struct {
		Environment map[string]string `yaml:"openstack_audit_environment"`
		Volumes     []string          `yaml:"openstack_audit_volumes"`
	}
	Tasks []struct {
		Toolbox struct {
			Module    string         `yaml:"module_name"`
			Arguments map[string]any `yaml:"module_args"`
		} `yaml:"kolla_toolbox"`
	}
}

// The playbook gives the RabbitMQ user the README's permissions, and the container what its image and the configurations read.
func TestKollaPlaybook(t *testing.T) {
	var plays []play
	readYAML(t, filepath.Join(root, "deploy", "kolla-ansible", "openstack-audit.yml"), &plays)
	require.Len(t, plays, 2)

	readme := string(read(t, filepath.Join(root, "README.md")))
	command := regexp.MustCompile(`set_permissions -p / audit '(.*)' '(.*)' '(.*)'`).FindStringSubmatch(readme)
	require.Len(t, command, 4)
	var users int
	for _, task := range plays[1].Tasks {
		if task.Toolbox.Module == "rabbitmq_user" {
			users++
			for i, privilege := range []string{"configure_priv", "write_priv", "read_priv"} {
				assert.Equal(t, command[i+1], task.Toolbox.Arguments[privilege], privilege)
			}
		}
	}
	assert.Equal(t, 1, users)

	environment := string(read(t, filepath.Join(root, "deploy", "systemd", "environment")))
	for variable := range plays[1].Vars.Environment {
		if strings.HasPrefix(variable, "AUDIT_") {
			assert.Regexp(t, `(?m)^#?`+variable+`=`, environment)
		}
	}
	_, config, found := strings.Cut(plays[1].Vars.Volumes[0], ":")
	require.True(t, found)
	assert.Equal(t, "/etc/otelcol-openstack-audit/config.yaml:ro", config, "what the image starts with")
	assert.Contains(t, plays[1].Vars.Volumes, "openstack_audit:/var/lib/otelcol-openstack-audit")
}
