package evidence

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

const maxKeySize = 4096

// ReadSigner reads a private key from a file that nobody but its owner may read.
func ReadSigner(path string) (*Signer, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: make it with audit-verify keygen --origin ORIGIN --out %s", err, path)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%s has mode %#o, which lets others read the key: chmod 0600 %s", path, mode, path)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxKeySize))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	signer, err := NewSigner(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return signer, nil
}
