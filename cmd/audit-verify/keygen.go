package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/note"
)

func newKeygenCommand() *cobra.Command {
	var origin, out string
	command := &cobra.Command{
		Use:   "keygen --origin NAME --out FILE",
		Short: "Make the key of a log; FILE.pub has the verifier key, which is printed too",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return keygen(origin, out, command.OutOrStdout())
		},
	}
	command.Flags().StringVar(&origin, "origin", "", "name of the log, such as audit.example.com/ctl01")
	command.Flags().StringVar(&out, "out", "", "file for the private key; it must not exist")
	_ = command.MarkFlagRequired("origin")
	_ = command.MarkFlagRequired("out")
	return command
}

// keygen never overwrites a file: a lost key ends its log.
func keygen(origin, path string, printed io.Writer) error {
	private, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return err
	}
	if _, err := note.NewSigner(private); err != nil {
		return fmt.Errorf("--origin %q is no name for a log: it may have no spaces and no plus", origin)
	}
	if _, err := os.Lstat(path + ".pub"); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s.pub exists already: audit-verify does not overwrite keys", path)
	}
	if err := writeNew(path, private, 0o600); err != nil {
		return err
	}
	if err := writeNew(path+".pub", public, 0o644); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	_, err = fmt.Fprintln(printed, public)
	return err
}

func writeNew(path, line string, mode fs.FileMode) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists already: audit-verify does not overwrite keys", path)
	}
	if err != nil {
		return err
	}
	_, err = file.WriteString(line + "\n")
	return errors.Join(err, file.Sync(), file.Close())
}
