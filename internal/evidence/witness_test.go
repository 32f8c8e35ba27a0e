package evidence

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// testWitness is a witness as c2sp.org/tlog-witness has it, for one log.
type testWitness struct {
	Witness
	log    *Verifier
	signer note.Signer
	size   uint64
	root   tlog.Hash
	down   bool
	asked  int
}

func newTestWitness(t *testing.T, name, logKey string) *testWitness {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, name)
	require.NoError(t, err)
	w := &testWitness{Witness: Witness{Key: public}}
	w.signer, err = fnote.NewSignerForCosignatureV1(private)
	require.NoError(t, err)
	w.log, err = NewVerifier(logKey)
	require.NoError(t, err)
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	w.URL = server.URL + "/prefix/"
	return w
}

func (w *testWitness) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	w.asked++
	if w.down || request.URL.Path != "/prefix/add-checkpoint" || request.Method != http.MethodPost {
		http.Error(response, "not here", http.StatusServiceUnavailable)
		return
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return
	}
	head, signed, _ := strings.Cut(string(body), "\n\n")
	lines := strings.Split(head, "\n")
	var old uint64
	if _, err := fmt.Sscanf(lines[0], "old %d", &old); err != nil || lines[0] != fmt.Sprintf("old %d", old) {
		http.Error(response, "no old size", http.StatusBadRequest)
		return
	}
	checkpoint, err := w.log.Open([]byte(signed))
	if err != nil {
		http.Error(response, err.Error(), http.StatusForbidden)
		return
	}
	var proof tlog.TreeProof
	for _, line := range lines[1:] {
		hash, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(hash) != tlog.HashSize {
			http.Error(response, "no hash", http.StatusBadRequest)
			return
		}
		proof = append(proof, tlog.Hash(hash))
	}
	switch {
	case old > checkpoint.Size:
		http.Error(response, "old is newer", http.StatusBadRequest)
		return
	case old != w.size, old == checkpoint.Size && checkpoint.Root != w.root && old > 0:
		response.Header().Set("Content-Type", "text/x.tlog.size")
		response.WriteHeader(http.StatusConflict)
		_, _ = fmt.Fprintf(response, "%d\n", w.size)
		return
	case old > 0 && old < checkpoint.Size && tlog.CheckTree(proof, int64(checkpoint.Size), checkpoint.Root, int64(old), w.root) != nil,
		(old == 0 || old == checkpoint.Size) && len(proof) > 0:
		http.Error(response, "not consistent", http.StatusUnprocessableEntity)
		return
	}
	w.size, w.root = checkpoint.Size, checkpoint.Root
	text, _, _ := strings.Cut(signed, "\n\n")
	cosigned, err := note.Sign(&note.Note{Text: text + "\n"}, w.signer)
	if err != nil {
		return
	}
	_, line, _ := strings.Cut(string(cosigned), "\n\n")
	_, _ = io.WriteString(response, line)
}

func witnessLab(t *testing.T, names ...string) (*lab, []*testWitness) {
	t.Helper()
	lab := newLab(t)
	var witnesses []*testWitness
	for _, name := range names {
		w := newTestWitness(t, name, lab.public)
		witnesses = append(witnesses, w)
		lab.options.Witnesses = append(lab.options.Witnesses, w.Witness)
	}
	return lab, witnesses
}

func TestWitnessesCosign(t *testing.T) {
	lab, witnesses := witnessLab(t, "w1", "w2")
	log := lab.open()
	for size := 0; size < 1200; size += 400 {
		require.NoError(t, log.Append(records(size, 400)))
		checkpoint := publish(t, log)
		assert.Contains(t, checkpoint.Cosigned, "w1")
		assert.Contains(t, checkpoint.Cosigned, "w2")
		assert.Equal(t, checkpoint.Size, witnesses[0].size)
	}
	require.NoError(t, log.WitnessError())
	again := publish(t, log)
	assert.Len(t, again.Cosigned, 2, "also where nothing was added")

	verifier, err := NewVerifier(lab.public, witnesses[0].Key, witnesses[1].Key)
	require.NoError(t, err)
	onDisk, err := verifier.Open(lab.file("checkpoint"))
	require.NoError(t, err)
	assert.Len(t, onDisk.Cosigned, 2)

	// After a restart the sizes are asked for: 409 tells them.
	log = lab.reopen(log)
	require.NoError(t, log.Append(records(1200, 3)))
	assert.Len(t, publish(t, log).Cosigned, 2)
}

func TestWitnessThatIsAwayCatchesUp(t *testing.T) {
	lab, witnesses := witnessLab(t, "w1", "w2")
	log := lab.open()
	require.NoError(t, log.Append(records(0, 300)))
	publish(t, log)
	witnesses[0].down = true
	require.NoError(t, log.Append(records(300, 300)))
	checkpoint := publish(t, log)
	assert.NotContains(t, checkpoint.Cosigned, "w1")
	assert.Contains(t, checkpoint.Cosigned, "w2")
	require.ErrorContains(t, log.WitnessError(), "witness w1: it answers 503")
	witnesses[0].down = false
	assert.Contains(t, publish(t, log).Cosigned, "w1")
	require.NoError(t, log.WitnessError())
}

// TestRequiredWitness: a checkpoint needs the cosignature of one witness; records do not wait for it.
func TestRequiredWitness(t *testing.T) {
	lab, witnesses := witnessLab(t, "w1", "w2")
	lab.options.RequireWitness = true
	log := lab.open()
	require.NoError(t, log.Append(records(0, 3)))
	witnesses[0].down = true
	before := publish(t, log)
	assert.Len(t, before.Cosigned, 1, "one is enough")
	witnesses[1].down = true
	require.NoError(t, log.Append(records(3, 300)), "records do not wait")
	checkpoint, err := log.Publish(t.Context())
	require.ErrorContains(t, err, "witness w1")
	assert.Nil(t, checkpoint)
	assert.Equal(t, before.Note, lab.file("checkpoint"))
	log = lab.reopen(log)
	require.NoError(t, log.Append(records(303, 1)))
	witnesses[1].down = false
	publish(t, log)
	_, entries := lab.read()
	assert.Equal(t, numbers(0, 304), uids(entries))
}

// TestCrashBeforeTheCheckpointIsWritten: the witness has a checkpoint that the directory has not, of entries that it has.
func TestCrashBeforeTheCheckpointIsWritten(t *testing.T) {
	lab, witnesses := witnessLab(t, "w1")
	log := lab.open()
	require.NoError(t, log.Append(records(0, 300)))
	publish(t, log)
	require.NoError(t, log.Append(records(300, 10)))
	log.release()
	old := filepath.Join(t.TempDir(), "old")
	require.NoError(t, os.CopyFS(old, os.DirFS(lab.options.Directory)))
	log = lab.open() // publishes
	require.Equal(t, uint64(311), witnesses[0].size)
	log.release()
	require.NoError(t, os.RemoveAll(lab.options.Directory))
	require.NoError(t, os.CopyFS(lab.options.Directory, os.DirFS(old)))
	log = lab.open()
	require.NoError(t, log.Stats().Halted)
	assert.Contains(t, publish(t, log).Cosigned, "w1")
}

func TestWitnessKnowsAnotherHistory(t *testing.T) {
	for _, test := range []struct {
		name     string
		restored func(t *testing.T, l *lab, old string)
		then     int
		message  string
	}{
		{"a whole state directory is an old copy", func(t *testing.T, l *lab, old string) {
			require.NoError(t, os.CopyFS(filepath.Dir(l.options.Directory), os.DirFS(old)))
		}, 0, "cosigned 301 entries and the log has 202"},
		{"it vanished, and a log begins anew", func(*testing.T, *lab, string) {}, 5, "cosigned 301 entries and the log has 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			lab, witnesses := witnessLab(t, "w1")
			log := lab.open()
			require.NoError(t, log.Append(records(0, 201)))
			publish(t, log)
			parent := filepath.Dir(lab.options.Directory)
			old := filepath.Join(t.TempDir(), "old")
			require.NoError(t, os.CopyFS(old, os.DirFS(parent)))
			require.NoError(t, log.Append(records(201, 99)))
			publish(t, log)
			log.release()
			require.NoError(t, os.RemoveAll(parent))
			test.restored(t, lab, old)
			before, _ := os.ReadFile(filepath.Join(lab.options.Directory, "checkpoint"))
			log = lab.open()
			for range 2 {
				var halted *HaltedError
				require.ErrorAs(t, log.Append(records(300, 1)), &halted)
				assert.Contains(t, halted.Reason, test.message)
				after, _ := os.ReadFile(filepath.Join(lab.options.Directory, "checkpoint"))
				assert.Equal(t, string(before), string(after))
				witnesses[0].down = true
				log = lab.reopen(log)
			}
		})
	}
}

func TestForkIsNotCosigned(t *testing.T) {
	lab, witnesses := witnessLab(t, "w1")
	witnesses[0].down = true
	log := lab.open()
	require.NoError(t, log.Append(records(0, 300)))
	publish(t, log)
	witnesses[0].down = false
	for _, size := range []uint64{301, 77} {
		witnesses[0].size, witnesses[0].root = size, LeafHash([]byte("another"))
		copied := newLab(t)
		copied.options.Signer, copied.options.Witnesses = lab.options.Signer, lab.options.Witnesses
		require.NoError(t, os.CopyFS(copied.options.Directory, os.DirFS(lab.options.Directory)))
		log := copied.open()
		var halted *HaltedError
		require.ErrorAs(t, log.Append(records(300, 1)), &halted)
		assert.Contains(t, halted.Reason, "witness w1 cosigned other")
	}
	log.release()
}

func TestAnswersOfWitnesses(t *testing.T) {
	for _, test := range []struct {
		name    string
		status  int
		answer  string
		message string
	}{
		{"the log is unknown", 404, "", "add the origin and the public key"},
		{"another key", 403, "", "by another key"},
		{"nonsense", 200, "hello\n", "without a valid cosignature"},
		{"the cosignature of somebody else", 200, "— w2 AAAAAAAA\n", "without a valid cosignature"},
		{"a conflict without a size", 409, "no", "without another size"},
		{"a server error", 500, "", "it answers 500 Internal Server Error"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(response http.ResponseWriter, _ *http.Request) {
				response.WriteHeader(test.status)
				_, _ = io.WriteString(response, test.answer)
			}))
			defer server.Close()
			lab, witnesses := witnessLab(t, "w1")
			lab.options.Witnesses[0].URL = server.URL
			log := lab.open()
			require.NoError(t, log.Append(records(0, 3)))
			checkpoint := publish(t, log)
			assert.Empty(t, checkpoint.Cosigned)
			require.ErrorContains(t, log.WitnessError(), test.message)
			require.NoError(t, log.Stats().Halted)
			assert.Zero(t, witnesses[0].asked)
		})
	}
}

func TestKeyOfAWitness(t *testing.T) {
	lab := newLab(t)
	lab.options.Witnesses = []Witness{{URL: "http://127.0.0.1:1", Key: "nonsense"}}
	_, err := Open(t.Context(), lab.options)
	require.ErrorContains(t, err, `"nonsense" is not the public key of a witness`)
}
