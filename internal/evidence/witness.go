package evidence

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"golang.org/x/sync/errgroup"
)

// Witness is a witness that cosigns checkpoints (c2sp.org/tlog-witness).
type Witness struct {
	// URL is the submission prefix, to which /add-checkpoint is added.
	URL string
	// Key is the public key, name+hash+key.
	Key string
}

// witnessTimeout bounds a request: a witness that does not answer must not hold up the checkpoints.
const witnessTimeout = 5 * time.Second

// witness is a witness and what it knows of the log.
type witness struct {
	url      string
	verifier note.Verifier
	client   *http.Client
	size     uint64 // of the checkpoint that it cosigned last, as far as is known
	greeted  bool   // it is known not to be ahead
	err      error  // of the last request
	cosigned atomic.Pointer[time.Time]
}

// NewWitnessVerifier returns the verifier of the public key of a witness, name+hash+key.
func NewWitnessVerifier(key string) (note.Verifier, error) {
	return fnote.NewVerifierForCosignatureV1(key)
}

// verifiers returns the verifier of the log's own checkpoints, and the witnesses.
func verifiers(signer *Signer, configured []Witness) (*Verifier, []*witness, error) {
	keys := make([]string, len(configured))
	for i, w := range configured {
		keys[i] = w.Key
	}
	v, err := NewVerifier(signer.VerifierKey(), keys...)
	if err != nil {
		return nil, nil, err
	}
	var witnesses []*witness
	for i, w := range configured {
		client := &http.Client{Timeout: witnessTimeout}
		witnesses = append(witnesses, &witness{url: strings.TrimSuffix(w.URL, "/") + "/add-checkpoint", verifier: v.witnesses[i], client: client})
	}
	return v, witnesses, nil
}

// conflictError says that a witness cosigned what the log does not have.
type conflictError struct{ message string }

func (e *conflictError) Error() string { return e.message }

// greet asks each witness, before the first signature after a start, whether it knows of more than this directory has. One that does not
// answer is asked again the next time.
func (l *Log) greet(ctx context.Context) error {
	published := l.published.Load()
	if published == nil {
		return nil
	}
	return l.ask(ctx, published.Note, published.Size, published.Root, func(w *witness) bool { return !w.greeted }, nil)
}

// cosign adds the cosignatures of the witnesses to a signed checkpoint. It returns nil if one is required and there is none.
func (l *Log) cosign(ctx context.Context, signed []byte, size uint64, root tlog.Hash) ([]byte, error) {
	lines := make([][]byte, len(l.witnesses))
	err := l.ask(ctx, signed, size, root, func(*witness) bool { return true }, lines)
	if err != nil {
		return nil, err
	}
	added := bytes.Join(lines, nil)
	if len(added) == 0 && l.RequireWitness {
		return nil, l.WitnessError()
	}
	return append(signed, added...), nil
}

// ask submits a checkpoint to witnesses, all at once. It fails only if one of them knows another history, which halts the log.
func (l *Log) ask(ctx context.Context, signed []byte, size uint64, root tlog.Hash, which func(*witness) bool, lines [][]byte) error {
	reader := tlog.TileHashReader(tlog.Tree{N: int64(size), Hash: root}, tileReader{l})
	var group errgroup.Group
	for i, w := range l.witnesses {
		if !which(w) {
			continue
		}
		group.Go(func() error {
			var line []byte
			line, w.err = w.submit(ctx, signed, size, l.entries.Load(), reader)
			if lines != nil {
				lines[i] = line
			}
			if conflict, ok := errors.AsType[*conflictError](w.err); ok {
				return conflict
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return l.halt(err.Error())
	}
	return nil
}

// WitnessError is why witnesses did not cosign the last checkpoint; nil if all did. It must not be called while Publish runs.
func (l *Log) WitnessError() error {
	var errs []error
	for _, w := range l.witnesses {
		if w.err != nil {
			errs = append(errs, fmt.Errorf("witness %s: %w", w.verifier.Name(), w.err))
		}
	}
	return errors.Join(errs...)
}

// submit returns the line with the cosignature.
func (w *witness) submit(ctx context.Context, signed []byte, size, durable uint64, reader tlog.HashReader) ([]byte, error) {
	for range 3 { // each answer of 409 says what to ask for next
		if w.size > size {
			return nil, fmt.Errorf("it has a checkpoint of %d entries already, this one has %d", w.size, size)
		}
		proof, err := proveConsistency(size, w.size, reader)
		if err != nil {
			return nil, fmt.Errorf("prove that the log only grew: %w", err)
		}
		var body strings.Builder
		fmt.Fprintf(&body, "old %d\n", w.size)
		for _, hash := range proof {
			body.WriteString(base64.StdEncoding.EncodeToString(hash[:]) + "\n")
		}
		body.WriteString("\n")
		body.Write(signed)
		status, answer, err := w.post(ctx, body.String())
		if err != nil {
			return nil, err
		}
		switch status {
		case http.StatusOK:
			line, err := cosignature(signed, answer, w.verifier)
			if err == nil {
				w.size, w.greeted = size, true
				now := time.Now()
				w.cosigned.Store(&now)
			}
			return line, err
		case http.StatusConflict:
			known, err := strconv.ParseUint(strings.TrimSuffix(string(answer), "\n"), 10, 63)
			switch {
			case err == nil && known > durable:
				return nil, &conflictError{fmt.Sprintf("the witness %s cosigned %d entries and the log has %d: entries are missing, "+
					"or the directory is an old copy",
					w.verifier.Name(), known, durable)}
			case err == nil && known != w.size:
				w.size = known
				continue
			case w.size == size:
				return nil, &conflictError{fmt.Sprintf("the witness %s cosigned other %d entries than those of the log", w.verifier.Name(), size)}
			default:
				return nil, errors.New("it answers 409 Conflict without another size")
			}
		case http.StatusUnprocessableEntity:
			return nil, &conflictError{fmt.Sprintf("the witness %s cosigned other %d entries than those that the log begins with (422)",
				w.verifier.Name(), w.size)}
		case http.StatusNotFound:
			return nil, errors.New("it does not know the log: 404 Not Found; its operator has to add the origin and the public key")
		case http.StatusForbidden:
			return nil, errors.New("it knows the log by another key: 403 Forbidden")
		default:
			return nil, fmt.Errorf("it answers %d %s", status, http.StatusText(status))
		}
	}
	return nil, errors.New("it names another size with each answer")
}

func (w *witness) post(ctx context.Context, body string) (int, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Content-Type", "text/plain; charset=utf-8")
	response, err := w.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	return response.StatusCode, answer, err
}

// cosignature returns the line of the witness's own key, checked, out of what it answered.
func cosignature(signed, answer []byte, verifier note.Verifier) ([]byte, error) {
	opened, err := note.Open(append(bytes.Clone(signed), answer...), note.VerifierList(verifier))
	if err != nil {
		return nil, fmt.Errorf("it answers without a valid cosignature of the configured key: %w", err)
	}
	for _, signature := range opened.Sigs {
		if _, err := fnote.CoSigV1Timestamp(signature); err == nil {
			return fmt.Appendf(nil, "— %s %s\n", signature.Name, signature.Base64), nil
		}
	}
	return nil, errors.New("it answers without a cosignature")
}

// proveConsistency returns the proof that a tree of old entries is the beginning of one of size.
func proveConsistency(size, old uint64, reader tlog.HashReader) (tlog.TreeProof, error) {
	if old == 0 || old == size {
		return nil, nil
	}
	return tlog.ProveTree(int64(size), int64(old), reader)
}

// tileReader reads the log's own tiles for tlog, which checks them against the root.
type tileReader struct{ log *Log }

// Height implements tlog.TileReader.
func (tileReader) Height() int { return TileHeight }

// ReadTiles implements tlog.TileReader.
func (r tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, t := range tiles {
		var err error
		if data[i], err = r.log.files.ReadFile(r.log.path(tilePath(t))); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// SaveTiles implements tlog.TileReader.
func (tileReader) SaveTiles([]tlog.Tile, [][]byte) {}
