package distribution

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
