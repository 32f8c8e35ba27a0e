package main

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// reportEvery is how often progress is reported; what takes less says nothing.
const reportEvery = 5 * time.Second

// progress reports on long work. Its methods may be called at once.
type progress struct {
	w     io.Writer
	what  atomic.Pointer[string]
	count atomic.Uint64
	done  chan struct{}
	once  sync.Once
	ended sync.WaitGroup
}

func newProgress(w io.Writer, quiet bool) *progress {
	p := &progress{w: w, done: make(chan struct{})}
	p.phase("")
	if !quiet {
		p.ended.Go(p.report)
	}
	return p
}

func (p *progress) phase(what string) {
	p.count.Store(0)
	p.what.Store(&what)
}

func (p *progress) add(count int) { p.count.Add(uint64(count)) }

func (p *progress) stop() {
	p.once.Do(func() { close(p.done) })
	p.ended.Wait()
}

func (p *progress) report() {
	ticker := time.NewTicker(reportEvery)
	defer ticker.Stop()
	started := time.Now()
	for {
		select {
		case <-p.done:
			return
		case <-ticker.C:
			_, _ = fmt.Fprintf(p.w, "%s: %s %s\n", time.Since(started).Round(time.Second), thousands(p.count.Load()), *p.what.Load())
		}
	}
}
