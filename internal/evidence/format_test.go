package evidence_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
)

// The examples of c2sp.org/tlog-tiles.
func TestPaths(t *testing.T) {
	assert.Equal(t, "tile/1/x001/x234/067", evidence.TilePath(1, 1234067, 256))
	assert.Equal(t, "tile/0/273.p/112", evidence.TilePath(0, 273, 112))
	assert.Equal(t, "tile/entries/000", evidence.BundlePath(0, 256))
	assert.Equal(t, "tile/entries/x001/000.p/1", evidence.BundlePath(1000, 1))
	for _, test := range []struct {
		size   uint64
		widths []int
	}{
		{0, []int{0, 0}}, {255, []int{255, 0}}, {256, []int{0, 1, 0}}, {70000, []int{112, 17, 1, 0}},
	} {
		for level, width := range test.widths {
			assert.Equal(t, width, evidence.PartialWidth(level, test.size), "%d entries, level %d", test.size, level)
		}
	}
}

func TestBundle(t *testing.T) {
	bundle := evidence.AppendFramed(evidence.AppendFramed(nil, []byte("one")), []byte(strings.Repeat("x", 258)))
	assert.Equal(t, "\x00\x03one\x01\x02xxx", string(bundle[:10]))
	first, rest, err := evidence.NextFramed(bundle)
	require.NoError(t, err)
	assert.Equal(t, "one", string(first))
	second, rest, err := evidence.NextFramed(rest)
	require.NoError(t, err)
	assert.Len(t, second, 258)
	assert.Empty(t, rest)
	for _, torn := range []string{"\x00", "\x00\x03on"} {
		_, _, err = evidence.NextFramed([]byte(torn))
		assert.Error(t, err)
	}
}

const origin = "audit.example.com/ctl01"

func newKey(t *testing.T, name string) (private, public string) {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, name)
	require.NoError(t, err)
	return private, public
}

func TestCheckpoint(t *testing.T) {
	private, public := newKey(t, origin)
	signer, err := evidence.NewSigner(private)
	require.NoError(t, err)
	assert.Equal(t, origin, signer.Origin())
	assert.Equal(t, public, signer.VerifierKey())

	before := time.Now().Truncate(time.Second)
	signed, err := signer.Sign(70000, hash)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(signed), origin+"\n70000\n"+hashText+"\n\n— "+origin+" "), "%s", signed)

	verifier, err := evidence.NewVerifier(public)
	require.NoError(t, err)
	checkpoint, err := verifier.Open(signed)
	require.NoError(t, err)
	assert.Equal(t, origin, checkpoint.Origin)
	assert.Equal(t, uint64(70000), checkpoint.Size)
	assert.Equal(t, hash, [32]byte(checkpoint.Root))
	assert.WithinRange(t, checkpoint.Time, before, time.Now())
	assert.Empty(t, checkpoint.Cosigned)

	_, other := newKey(t, origin)
	for _, test := range []struct {
		name, key, note, message string
	}{
		{"another key", other, string(signed), "verif"},
		{"another size", public, strings.Replace(string(signed), "70000", "70001", 1), "verif"},
		{"nothing", public, "", "note"},
	} {
		t.Run(test.name, func(t *testing.T) {
			verifier, err := evidence.NewVerifier(test.key)
			require.NoError(t, err)
			_, err = verifier.Open([]byte(test.note))
			assert.ErrorContains(t, err, test.message)
		})
	}
}

func TestCheckpointOfAWitness(t *testing.T) {
	private, public := newKey(t, origin)
	witnessPrivate, witnessPublic := newKey(t, "witness.example.com/w1")
	signer, err := evidence.NewSigner(private)
	require.NoError(t, err)
	signed, err := signer.Sign(1, hash)
	require.NoError(t, err)
	witness, err := fnote.NewSignerForCosignatureV1(witnessPrivate)
	require.NoError(t, err)
	verifier, err := evidence.NewVerifier(public, witnessPublic)
	require.NoError(t, err)
	plain, err := note.NewVerifier(public)
	require.NoError(t, err)
	opened, err := note.Open(signed, note.VerifierList(plain))
	require.NoError(t, err)
	cosigned, err := note.Sign(opened, witness)
	require.NoError(t, err)
	checkpoint, err := verifier.Open(cosigned)
	require.NoError(t, err)
	assert.Contains(t, checkpoint.Cosigned, "witness.example.com/w1")
	assert.False(t, checkpoint.Time.IsZero())
}

func TestReadSigner(t *testing.T) {
	private, _ := newKey(t, origin)
	path := filepath.Join(t.TempDir(), "evidence.key")
	_, err := evidence.ReadSigner(path)
	require.ErrorContains(t, err, "audit-verify keygen")

	require.NoError(t, os.WriteFile(path, []byte(private+"\n"), 0o600))
	signer, err := evidence.ReadSigner(path)
	require.NoError(t, err)
	assert.Equal(t, origin, signer.Origin())

	require.NoError(t, os.Chmod(path, 0o640))
	_, err = evidence.ReadSigner(path)
	require.ErrorContains(t, err, "chmod 0600 "+path)

	require.NoError(t, os.Chmod(path, 0o600))
	require.NoError(t, os.WriteFile(path, []byte("PRIVATE+KEY+not-a-key"), 0o600))
	_, err = evidence.ReadSigner(path)
	require.ErrorContains(t, err, "format of signed notes")
	assert.NotContains(t, err.Error(), "not-a-key")
}
