package distribution

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whoever has Debian 12's Go reads at once which is needed, and no error of a compiler.
func TestMakeNamesTheGoThatIsNeeded(t *testing.T) {
	old := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(old, "go"), []byte("#!/bin/sh\necho go1.19.8\n"), 0o700))
	command := exec.CommandContext(t.Context(), "make", "run")
	command.Dir, command.Env = root, append(os.Environ(), "PATH="+old+":"+os.Getenv("PATH"))
	output, err := command.CombinedOutput()
	require.Error(t, err)
	assert.Regexp(t, `Go is go1\.19\.8, and go1\.\d+\.\d+ or newer is needed`, string(output))
}
