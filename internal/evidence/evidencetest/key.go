// Package evidencetest makes what tests of evidence logs need.
package evidencetest

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
)

// Origin is the name of the logs that config/evidence.yaml writes by default.
const Origin = "audit.example.com/ctl01"

// NewKey writes the private key of a log of that name, as audit-verify keygen does, and returns its file and the public key.
func NewKey(t testing.TB, origin string) (file, verifierKey string) {
	t.Helper()
	private, verifierKey, err := note.GenerateKey(rand.Reader, origin)
	require.NoError(t, err)
	file = filepath.Join(t.TempDir(), "evidence.key")
	require.NoError(t, os.WriteFile(file, []byte(private+"\n"), 0o600))
	return file, verifierKey
}
