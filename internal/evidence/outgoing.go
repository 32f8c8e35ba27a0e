package evidence

import (
	"errors"
	"io/fs"
	"time"
)

// outgoingFile has what is to be sent and is in the log, until it was sent.
const outgoingFile = "outgoing"

// Outgoing returns what SetOutgoing kept; nil: nothing.
func (l *Log) Outgoing() ([]byte, error) {
	return readIfThere(l.files, l.path(outgoingFile))
}

// SetOutgoing keeps something beside the log over a restart; nil removes it.
func (l *Log) SetOutgoing(data []byte) error {
	if data != nil {
		return writeAtomically(l.files, l.path(outgoingFile), data)
	}
	err := l.files.Remove(l.path(outgoingFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Cosigned returns when each witness cosigned last, as far as the checkpoints since the start tell.
func (l *Log) Cosigned() map[string]time.Time {
	times := map[string]time.Time{}
	for _, w := range l.witnesses {
		var at time.Time
		if last := w.cosigned.Load(); last != nil {
			at = *last
		}
		times[w.verifier.Name()] = at
	}
	return times
}
