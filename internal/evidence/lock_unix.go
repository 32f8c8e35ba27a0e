//go:build unix

package evidence

import (
	"errors"

	"golang.org/x/sys/unix"
)

// tryLock takes the lock of an open file, which ends with the process at the latest. It reports whether nobody else has it.
func tryLock(f file) (bool, error) {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}
