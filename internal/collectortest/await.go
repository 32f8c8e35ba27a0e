package collectortest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Patience is how long a process may take for what it does in a moment: a loaded machine must not decide.
const Patience = 3 * time.Minute

// Await polls until the condition gives no error: for twice as long, as there may be many processes. It does not wait for one that has
// ended, and shows what they logged.
func Await(t testing.TB, condition func() error, processes ...*Process) {
	t.Helper()
	deadline, ticker := time.NewTimer(2*Patience), time.NewTicker(50*time.Millisecond)
	defer deadline.Stop()
	defer ticker.Stop()
	for {
		err := condition()
		if err == nil {
			return
		}
		for _, p := range processes {
			select {
			case <-p.Exited:
				require.Fail(t, "a process ended", "%v: %s: %v\n%s", err, p.Name, p.Err, p.Log.Tail())
			default:
			}
		}
		select {
		case <-deadline.C:
			for _, p := range processes {
				t.Logf("%s:\n%s", p.Name, p.Log.Tail())
			}
			require.NoError(t, err)
		case <-ticker.C:
		}
	}
}

// Eventually is Await for what is true or not; complaint says what is wrong as long as it is not.
func (p *Process) Eventually(t testing.TB, condition func() bool, complaint string) {
	t.Helper()
	Await(t, func() error {
		if !condition() {
			return errors.New(complaint)
		}
		return nil
	}, p)
}

// AwaitLog waits until the process has logged a text so many times.
func (p *Process) AwaitLog(t testing.TB, text string, times int) {
	t.Helper()
	p.Eventually(t, func() bool { return strings.Count(p.Log.String(), text) >= times }, "it does not log: "+text)
}
