//go:build !unix

package evidence

import "errors"

func tryLock(file) (bool, error) {
	return false, errors.New("the evidence log needs a system with flock")
}
