//go:build soak

package soak

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/test/load"
	"github.com/openstack-audit/otelcol-openstack-audit/test/soak/samples"
)

// sampler looks at the collector.
type sampler struct {
	collector *collectortest.Collector
	pprof     string // its address
	state     string // its directory
	sink      *load.Sink
	faults    func() int
	begin     time.Time
}

func (s *sampler) sample(ctx context.Context) (samples.Sample, error) {
	heap, err := s.heap(ctx) // collects garbage first
	goroutines, err2 := s.goroutines(ctx)
	if err := errors.Join(err, err2); err != nil {
		return samples.Sample{}, err
	}
	one := samples.Sample{
		Seconds: time.Since(s.begin).Seconds(), HeapMiB: heap / mib, Goroutines: goroutines,
		CPUSeconds: s.collector.CPU().Seconds(), RSSMiB: float64(s.collector.ResidentMemory()) / 1024, Faults: float64(s.faults()),
	}
	records, repeats := s.sink.Received()
	one.Records, one.Repeats = float64(records), float64(repeats)
	descriptors, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.collector.PID))
	if err != nil {
		return one, err
	}
	one.Descriptors = float64(len(descriptors))
	counted, err := collectortest.Get(ctx, "http://"+s.collector.Prometheus+"/metrics")
	if err != nil {
		return one, err
	}
	for line := range strings.Lines(counted) {
		if !strings.HasPrefix(line, "#") {
			one.Series++
		}
	}
	return one, s.files(&one)
}

const mib = 1 << 20

// files adds up what the collector has on disk.
func (s *sampler) files(one *samples.Sample) error {
	return filepath.WalkDir(s.state, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it was renamed meanwhile
		}
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		size := float64(info.Size()) / mib
		name, _ := filepath.Rel(s.state, path)
		switch {
		case strings.HasPrefix(name, "evidence"):
			one.EvidenceMiB += size
		case strings.HasPrefix(name, "exporter_"):
			one.QueueMiB += size
		case strings.HasPrefix(name, "processor_keystone_attributes"):
			one.NamesMiB += size
		default:
			one.OtherMiB += size
		}
		return nil
	})
}

// heap is what is alive after a collection, which runtime/pprof writes at the end of a heap profile in text.
func (s *sampler) heap(ctx context.Context) (float64, error) {
	text, err := collectortest.Get(ctx, "http://"+s.pprof+"/debug/pprof/heap?gc=1&debug=1")
	if err != nil {
		return 0, err
	}
	_, rest, found := strings.Cut(text, "\n# HeapAlloc = ")
	if !found {
		return 0, errors.New("the heap profile has no HeapAlloc")
	}
	line, _, _ := strings.Cut(rest, "\n")
	return strconv.ParseFloat(line, 64)
}

func (s *sampler) goroutines(ctx context.Context) (float64, error) {
	text, err := collectortest.Get(ctx, "http://"+s.pprof+"/debug/pprof/goroutine?debug=1")
	if err != nil {
		return 0, err
	}
	line, err := bufio.NewReader(strings.NewReader(text)).ReadString('\n')
	if err != nil {
		return 0, err
	}
	var n float64
	_, err = fmt.Sscanf(line, "goroutine profile: total %g", &n)
	return n, err
}
