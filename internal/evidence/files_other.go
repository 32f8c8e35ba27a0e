//go:build !linux

package evidence

import "os"

type dataFile struct{ *os.File }
