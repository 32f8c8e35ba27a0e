package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
)

func TestKeygen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "evidence.key")
	status, stdout, stderr := verify(t, "keygen", "--origin", "audit.example.com/ctl01", "--out", path)
	require.Zero(t, status, stderr)
	require.True(t, strings.HasPrefix(stdout, "audit.example.com/ctl01+"), stdout)
	public, err := os.ReadFile(path + ".pub")
	require.NoError(t, err)
	require.Equal(t, stdout, string(public))
	private, err := os.ReadFile(path)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, "-rw-------", info.Mode().String())
	// The collector reads it, and its signatures are those of the verifier key.
	signer, err := evidence.ReadSigner(path)
	require.NoError(t, err)
	verifier, err := note.NewVerifier(strings.TrimSpace(stdout))
	require.NoError(t, err)
	signed, err := note.Sign(&note.Note{Text: "text\n"}, mustSigner(t, strings.TrimSpace(string(private))))
	require.NoError(t, err)
	_, err = note.Open(signed, note.VerifierList(verifier))
	require.NoError(t, err)
	require.Equal(t, "audit.example.com/ctl01", signer.Origin())

	// No key is ever overwritten, neither half of it.
	status, _, stderr = verify(t, "keygen", "--origin", "audit.example.com/ctl01", "--out", path)
	require.Equal(t, exitCannotTell, status)
	require.Contains(t, stderr, "does not overwrite keys")
	require.NoError(t, os.Remove(path+".pub"))
	status, _, _ = verify(t, "keygen", "--origin", "audit.example.com/ctl01", "--out", path)
	require.Equal(t, exitCannotTell, status)
	kept, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, private, kept)
	require.NoFileExists(t, path+".pub")
	for _, origin := range []string{"", "a b", "a+b"} {
		status, _, _ = verify(t, "keygen", "--origin", origin, "--out", filepath.Join(t.TempDir(), "key"))
		require.Equal(t, exitCannotTell, status, origin)
	}
}

func mustSigner(t testing.TB, key string) note.Signer {
	t.Helper()
	signer, err := note.NewSigner(key)
	require.NoError(t, err)
	return signer
}

func TestLogAndProve(t *testing.T) {
	log := newTestLog(t, "audit.example.com/test")
	log.add(t, captured(t, 0, 300))
	early := filepath.Join(t.TempDir(), "checkpoint")
	require.NoError(t, os.WriteFile(early, log.writer.Sign(), 0o600))
	log.add(t, captured(t, 300, 600))
	log.writer.Sign()
	status, stdout, stderr := verify(t, "log", log.dir, "--key", log.key, "--checkpoint", early)
	require.Zero(t, status, stderr)
	require.Contains(t, stdout, "audit.example.com/test, 600 entries")
	require.Contains(t, stdout, "intact: the entries are those of 2 checkpoints")

	key := filepath.Join(t.TempDir(), "key.pub")
	require.NoError(t, os.WriteFile(key, []byte(log.key+"\n"), 0o600))
	const uid = "f056ca10-bb1e-437a-a8dc-9f566ffa0589"
	status, stdout, stderr = verify(t, "prove", log.dir, uid, "--key", key, "--json")
	require.Zero(t, status, stderr)
	var proofs []proofReport
	require.NoError(t, json.Unmarshal([]byte(stdout), &proofs))
	require.NotEmpty(t, proofs)
	require.Contains(t, string(proofs[0].Entry), uid)
	require.True(t, strings.HasPrefix(proofs[0].Proof, "c2sp.org/tlog-proof@v1\nindex "))
	require.Contains(t, proofs[0].Proof, "\n\naudit.example.com/test\n600\n")
	status, stdout, _ = verify(t, "prove", log.dir, "no-such-uid", "--key", key)
	require.Equal(t, exitFindings, status)
	require.Contains(t, stdout, "no entry of the 600")

	// The checkpoint that was kept elsewhere is of another log.
	forged := log.again(t)
	forged.add(t, captured(t, 1, 600))
	forged.writer.Sign()
	status, stdout, _ = verify(t, "log", forged.dir, "--key", log.key, "--checkpoint", early)
	require.Equal(t, exitFindings, status)
	require.Contains(t, stdout, "FINDING: the log was forked")

	require.NoError(t, os.WriteFile(filepath.Join(log.dir, evidence.HaltedPath), []byte("it is an old copy\n"), 0o600))
	status, stdout, _ = verify(t, "log", log.dir, "--key", log.key)
	require.Zero(t, status, "the entries are those that were signed")
	require.Contains(t, stdout, "halted by the collector: it is an old copy")

	checkpoint := filepath.Join(log.dir, "checkpoint")
	data, err := os.ReadFile(checkpoint)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(checkpoint, []byte(strings.Replace(string(data), "\n600\n", "\n601\n", 1)), 0o600))
	status, stdout, _ = verify(t, "log", log.dir, "--key", log.key, "--json")
	require.Equal(t, exitFindings, status)
	require.Contains(t, stdout, "the signature is wrong")
}
