package collectortest

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Process is a program that a test runs.
type Process struct {
	// Name is its path, PID its process id.
	Name string
	PID  int
	// Stdout and Log are what it writes to its standard output and to its standard error.
	Stdout, Log Output
	// Exited is closed when it has ended and all that it wrote is read. Err says how it ended.
	Exited chan struct{}
	Err    error

	process *os.Process
}

// Start starts a program that ends with the test at the latest. The environment is added to the test's own.
func Start(t testing.TB, environment []string, program string, arguments ...string) *Process {
	t.Helper()
	arguments = append([]string{"--ignore-signal=INT", program}, arguments...) // what handlesSignals looks at
	command := exec.CommandContext(t.Context(), "env", arguments...)
	p := &Process{Name: program, Exited: make(chan struct{})}
	command.Env = append(os.Environ(), environment...)
	command.Stdout, command.Stderr = &p.Stdout, &p.Log
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, command.Start())
	p.process, p.PID = command.Process, command.Process.Pid
	go func() {
		p.Err = command.Wait()
		close(p.Exited)
	}()
	t.Cleanup(p.Kill)
	return p
}

// Kill ends the process at once, if it runs.
func (p *Process) Kill() {
	_ = p.process.Kill() // it may have ended
	<-p.Exited
}

// Stop lets the collector end, which it has to do without an error.
func (p *Process) Stop(t testing.TB) {
	t.Helper()
	p.Signal(t, syscall.SIGTERM)
	select {
	case <-p.Exited:
		require.NoError(t, p.Err, "%s", &p.Log)
	case <-time.After(Patience):
		require.Fail(t, "the collector does not end", "%s", &p.Log)
	}
}

// Signal sends the collector a signal once it handles signals: before, one would kill it.
func (p *Process) Signal(t testing.TB, signal os.Signal) {
	t.Helper()
	p.Eventually(t, p.handlesSignals, "it does not handle signals")
	require.NoError(t, p.process.Signal(signal), "%s", &p.Log)
}

// handlesSignals reports whether the collector has asked for signals, which it does some time after "Everything is ready" and
// tells nobody. A Go program leaves SIGINT ignored that was ignored when it started, until it asks for it (os/signal): then
// SIGINT is among the signals that are caught (SigCgt of proc(5)). SIGTERM comes with the same call.
func (p *Process) handlesSignals() bool {
	caught := p.status("SigCgt")
	if caught == "" {
		return true // it has ended: who signals it is told
	}
	mask, err := strconv.ParseUint(caught, 16, 64)
	return err == nil && mask&(1<<(syscall.SIGINT-1)) != 0
}

// PeakMemory returns the peak of the process's resident memory in KiB; 0 where it has ended.
func (p *Process) PeakMemory() int64 { return p.memory("VmHWM") }

// ResidentMemory returns the process's resident memory in KiB; 0 where it has ended.
func (p *Process) ResidentMemory() int64 { return p.memory("VmRSS") }

func (p *Process) memory(name string) int64 {
	size, _ := strconv.ParseInt(strings.TrimSuffix(p.status(name), " kB"), 10, 64)
	return size
}

// CPU returns the CPU time that the process has taken; 0 where it has ended.
func (p *Process) CPU() time.Duration { return CPUOf(p.PID) }

// CPUOf returns the CPU time that a process has taken, which proc(5) counts in hundredths of a second; 0 where there is none.
func CPUOf(pid int) time.Duration {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// status is a line of /proc/PID/status (proc(5)); empty where the process has ended.
func (p *Process) status(name string) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID))
	_, rest, _ := strings.Cut(string(text), "\n"+name+":")
	line, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(line)
}
