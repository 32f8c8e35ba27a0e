package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// job is what a contestant's process is to do.
type job struct {
	Contestant string
	URL, Queue string
	Messages   int
	// Keystone is the URL of a Keystone for the run with names; Entries is how many it knows.
	Keystone string
	Entries  int
	// Latency says that message ids are the times of publishing.
	Latency bool
	// IdleQueue is an empty queue: memory is measured on it first.
	IdleQueue string
	Profile   string
	Captures  string
}

// result is what it measured, from the first tenth of the messages to the last one.
type result struct {
	Messages          int
	WallSeconds       float64
	CPUSeconds        float64
	Allocations       float64
	IdleKiB, BusyKiB  int // BusyKiB is the median while it worked
	PeakKiB           int
	LatencyMillis     []float64 // p50, p99, p99.9
	Micro             map[string]figure
	MeanBatch         float64
	AttributesARecord float64
	WireBytes         int64
	Repeats           int
	Stages            stages
}

func (r *result) rate() float64 { return float64(r.Messages) / r.WallSeconds }

// cpu is in microseconds a message.
func (r *result) cpu() float64 { return r.CPUSeconds * 1e6 / float64(r.Messages) }

func runChild(out io.Writer, text string) error {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return err
	}
	contestants := map[string]func(context.Context, *job) (result, error){
		"floor": runFloor, "bound": runBound, "receiver": runReceiver, "names": runNames, "micro": runMicro, "kept": runKept,
	}
	contestant, known := contestants[j.Contestant]
	if !known {
		return fmt.Errorf("%q is no contestant", j.Contestant)
	}
	stop, err := startProfile(&j)
	if err != nil {
		return err
	}
	r, err := contestant(context.Background(), &j)
	if err := errors.Join(err, stop()); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(r)
}

func startProfile(j *job) (stop func() error, err error) {
	if j.Profile == "" {
		return func() error { return nil }, nil
	}
	file, err := os.Create(filepath.Join(j.Profile, j.Contestant+"-"+j.Queue+".pprof"))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, err
	}
	return func() error {
		pprof.StopCPUProfile()
		return file.Close()
	}, nil
}

// meter counts messages and measures from the end of the first tenth to the last. It is used by one goroutine at a time.
type meter struct {
	total, count, batches int
	begun                 bool
	begin, end            reading
	first                 int
	done                  chan struct{}
}

type reading struct {
	at          time.Time
	cpu         time.Duration
	allocations uint64
}

func newMeter(total int) *meter { return &meter{total: total, done: make(chan struct{})} }

func (m *meter) add(n int) {
	before := m.count
	m.count += n
	m.batches++
	if !m.begun && m.count >= m.total/10 {
		m.begun, m.first, m.begin, m.batches = true, m.count, read(), 0
	}
	if before < m.total && m.count >= m.total {
		m.end = read()
		close(m.done)
	}
}

func read() reading {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return reading{at: time.Now(), cpu: processCPU(), allocations: memory.Mallocs}
}

// processCPU is the CPU time of this process.
func processCPU() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // the one way to fail is an argument that is wrong
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func (m *meter) wait(ctx context.Context) (result, error) {
	ctx, cancel := context.WithTimeout(ctx, runTimeout)
	defer cancel()
	select {
	case <-m.done:
	case <-ctx.Done():
		return result{}, fmt.Errorf("the messages did not come: %w", ctx.Err())
	}
	n := m.count - m.first
	return result{
		Messages:    n,
		WallSeconds: m.end.at.Sub(m.begin.at).Seconds(),
		CPUSeconds:  (m.end.cpu - m.begin.cpu).Seconds(),
		Allocations: float64(m.end.allocations-m.begin.allocations) / float64(n),
		MeanBatch:   float64(n) / float64(max(m.batches, 1)),
		PeakKiB:     statusKiB(os.Getpid(), "VmHWM"),
	}, nil
}

// statusKiB reads a size of a process from /proc.
func statusKiB(pid int, name string) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, name+":"); found {
			n, _ := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")))
			return n
		}
	}
	return 0
}
