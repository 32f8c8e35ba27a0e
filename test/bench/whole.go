package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// whole is the part that measures whole ways: from full queues, or a publisher that waits for nothing but confirmations, through a
// shipped configuration to a backend that counts.
type whole struct {
	*bench
	sink     *sinkProcess
	keystone *httptest.Server
}

const (
	// wholeTimeout bounds one run, and wholeWarmUp is what goes through before it.
	wholeTimeout = 5 * time.Minute
	wholeWarmUp  = 2000
	// wholeEntries are the names that Keystone knows.
	wholeEntries = 10_000
	// rateShare is the share of the records after which the rate is taken: the last batch waits until its exporter's flush_timeout is over.
	rateShare = 0.95
)

// latencyRates are the events a second at which the delay to the backend is measured.
var latencyRates = []int{10, 1000}

func wholeWays(ctx context.Context, out io.Writer, b *bench) error {
	w := &whole{bench: b, keystone: startKeystone(b.corpus, wholeEntries)}
	defer w.keystone.Close()
	contestants, err := w.contestants(out)
	if err != nil {
		return err
	}
	contestants = matching(contestants, b.match)
	if w.sink, err = startSink(ctx, b.answerTime); err != nil {
		return err
	}
	results, profiles := map[string][]result{}, map[string]stages{}
	for round := range b.rounds {
		for i := range contestants {
			c := &contestants[(i+round)%len(contestants)]
			r, err := c.run(ctx, b, c, b.wholeGOGC)
			if err != nil {
				return errors.Join(fmt.Errorf("%s: %w", c.name, err), w.sink.stop())
			}
			results[c.name] = append(results[c.name], r)
			if r.Stages != nil {
				profiles[c.name] = r.Stages
			}
		}
	}
	printWhole(out, b, contestants, results)
	printStages(out, contestants, profiles)
	return w.sink.stop()
}

// contestants are the configurations that bring records to a backend, in this work tree and in the one that it is compared with.
func (w *whole) contestants(out io.Writer) (contestants []contestant, err error) {
	files, err := filepath.Glob(filepath.Join("config", "*.yaml"))
	if err != nil {
		return nil, err
	}
	for _, path := range files {
		s, err := readShipped(w.collector, path)
		if err != nil {
			return nil, err
		}
		if len(s.queues()) == 0 && !s.listens() && !s.readsPods() || s.copies() == 0 {
			continue
		}
		c := w.contestant(s, filepath.Base(path))
		switch {
		case w.against != "":
			c.against = c.name + ", " + filepath.Base(w.against)
			old, err := readShipped(filepath.Join(w.against, w.collector), filepath.Join(w.against, path))
			if errors.Is(err, os.ErrNotExist) {
				c.against = ""
				break
			}
			if err != nil {
				return nil, err
			}
			contestants = append(contestants, w.contestant(old, c.against))
		case c.name == "evidence.yaml":
			c.against = "durable.yaml"
		}
		contestants = append(contestants, c)
		if w.answerTime > 0 && c.name == "broker-buffer.yaml" {
			for _, batches := range []int{1, 2, 4, 8, 16} {
				other := *s
				other.batches = batches
				contestants = append(contestants, w.contestant(&other, fmt.Sprintf("broker-buffer.yaml, %d in flight", batches)))
			}
		}
	}
	return append(contestants, w.peers(out)...), nil
}

func (w *whole) contestant(s *shipped, name string) contestant {
	return contestant{name: name, warm: s.asksKeystone(), run: w.measured(s.start, true)}
}

// starter starts a program with a folder of its own. Where a profile is asked for, the program writes it when it ends.
type starter func(ctx context.Context, w *whole, folder, profile string) (*running, error)

// measured runs a program once, with what else is measured in the last round.
func (w *whole) measured(start starter, profiles bool) func(context.Context, *bench, *contestant, int) (result, error) {
	runs := 0
	return func(ctx context.Context, b *bench, c *contestant, _ int) (r result, err error) {
		runs++
		last := runs == b.rounds
		folder, err := os.MkdirTemp("", "bench-")
		if err != nil {
			return result{}, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
		ctx, cancel := context.WithTimeout(ctx, wholeTimeout)
		defer cancel()
		program, err := w.started(ctx, start, c, folder, "")
		if err != nil {
			return result{}, err
		}
		r, err = w.throughput(ctx, program, c)
		if err == nil && last && b.latencyFor > 0 {
			r.LatencyMillis, err = w.delays(ctx, program)
		}
		if err = errors.Join(err, program.stop()); err != nil {
			return result{}, fmt.Errorf("%w\n%s", err, program.log.String())
		}
		if last && b.stages && profiles {
			profile := filepath.Join(cmp.Or(b.profile, folder), c.name+".pprof")
			if err := w.profiled(ctx, start, c, folder, profile); err != nil {
				return result{}, err
			}
			r.Stages, err = readStages(ctx, profile)
		}
		return r, err
	}
}

// started starts a program and has the first messages go through it.
func (w *whole) started(ctx context.Context, start starter, c *contestant, folder, profile string) (*running, error) {
	folder, err := os.MkdirTemp(folder, "run-")
	if err != nil {
		return nil, err
	}
	program, err := start(ctx, w, folder, profile)
	if err != nil {
		return nil, err
	}
	if err = w.sendAll(ctx, program, c, wholeWarmUp); err == nil {
		_, err = w.sink.await(ctx, wholeWarmUp*program.copies, program.isEmpty)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w\n%s", err, program.log.String()), program.stop())
	}
	return program, nil
}

// sendAll empties the sink, and publishes messages with ids of their own to each of the program's queues.
func (w *whole) sendAll(ctx context.Context, program *running, c *contestant, messages int) error {
	var nothing any
	if err := w.sink.ask(ctx, "reset", &nothing); err != nil {
		return err
	}
	bodies := w.corpus.bodies
	if c.warm {
		bodies = w.corpus.warm
	}
	for _, queue := range program.queues {
		if err := program.send(ctx, queue, messages, func(i int) []byte {
			w.published++
			return withID(bodies[i%len(bodies)], fmt.Sprintf("%08x-c0de-437a-a8dc-9f566ffa0589", w.published))
		}); err != nil {
			return err
		}
	}
	return nil
}

// throughput stops the program while its queues are filled, as if it had been away, and measures it from then until each record is in the
// sink. One to which events are published goes on.
func (w *whole) throughput(ctx context.Context, program *running, c *contestant) (result, error) {
	if !program.live {
		if err := program.signal(syscall.SIGSTOP); err != nil {
			return result{}, err
		}
	}
	begin, cpu := time.Now(), program.cpu()
	if err := w.sendAll(ctx, program, c, w.messages); err != nil {
		return result{}, err
	}
	if !program.live {
		begin = time.Now()
		if err := program.signal(syscall.SIGCONT); err != nil {
			return result{}, err
		}
	}
	got, err := w.sink.await(ctx, w.messages*program.copies, program.isEmpty)
	if err != nil {
		return result{}, err
	}
	r := result{Messages: w.messages, CPUSeconds: (program.cpu() - cpu).Seconds(), WireBytes: got.WireBytes, Repeats: got.Repeats}
	r.PeakKiB, r.BusyKiB = program.memory("VmHWM"), program.memory("VmRSS")
	came := 0
	for _, a := range got.Arrivals {
		if came += a.Records; float64(came) >= rateShare*float64(got.Records) {
			r.WallSeconds = a.At.Sub(begin).Seconds() / rateShare
			break
		}
	}
	return r, nil
}

// profiled is a run that writes a profile.
func (w *whole) profiled(ctx context.Context, start starter, c *contestant, folder, profile string) error {
	program, err := w.started(ctx, start, c, folder, profile)
	if err != nil {
		return err
	}
	_, err = w.throughput(ctx, program, c)
	return errors.Join(err, program.stop())
}

// delays are the 99th percentiles of the time from publishing to the backend, for each of the rates.
func (w *whole) delays(ctx context.Context, program *running) (p99 []float64, err error) {
	for _, rate := range latencyRates {
		var nothing any
		if err := w.sink.ask(ctx, "reset", &nothing); err != nil {
			return nil, err
		}
		messages := rate*w.latencyFor + warmUp
		for _, queue := range program.queues {
			if err := publishEvenly(ctx, rate, messages, w.corpus.warm, func(body []byte) error {
				return program.send(ctx, queue, 1, func(int) []byte { return body })
			}); err != nil {
				return nil, err
			}
		}
		got, err := w.sink.await(ctx, messages*program.copies, program.isEmpty)
		if err != nil {
			return nil, err
		}
		if len(got.DelaysMillis) <= warmUp {
			return nil, errors.New("no record has the time of its message")
		}
		p99 = append(p99, percentiles(got.DelaysMillis[warmUp:])[1])
	}
	return p99, nil
}

func printWhole(out io.Writer, b *bench, contestants []contestant, results map[string][]result) {
	columns := []string{
		"configuration", "records/s", "least to most", "CPU µs a record", "wire B a record", "peak RSS MiB", "RSS at the end MiB",
	}
	for _, rate := range latencyRates {
		columns = append(columns, fmt.Sprintf("p99 ms at %d/s", rate))
	}
	t := newTable(fmt.Sprintf("Source to backend: medians of %d rounds of %d messages, GOGC=%d", b.rounds, b.messages, b.wholeGOGC),
		append(columns, "compared with", "rate ÷", "CPU ÷")...)
	for i := range contestants {
		c := &contestants[i]
		own := results[c.name]
		rates := each(own, func(r result) float64 { return r.rate() })
		cells := []any{
			c.name, "%.0f", median(rates), spread(rates), "%.1f", median(each(own, func(r result) float64 { return r.cpu() })),
			"%.0f", median(each(own, func(r result) float64 { return float64(r.WireBytes) / float64(r.Messages) })),
			"%.0f", median(each(own, func(r result) float64 { return float64(r.PeakKiB) / 1024 })),
			"%.0f", median(each(own, func(r result) float64 { return float64(r.BusyKiB) / 1024 })),
		}
		delays := own[len(own)-1].LatencyMillis
		for i := range latencyRates {
			cell := ""
			if i < len(delays) {
				cell = strconv.FormatFloat(delays[i], 'f', 0, 64)
			}
			cells = append(cells, cell)
		}
		rate, cpu := ratios(own, results[c.against])
		t.row(append(cells, c.against, rate, cpu)...)
	}
	t.print(out)
}

func printStages(out io.Writer, contestants []contestant, profiles map[string]stages) {
	if len(profiles) == 0 {
		return
	}
	var columns []string
	for _, s := range stageRules {
		if !slices.Contains(columns, s.stage) {
			columns = append(columns, s.stage)
		}
	}
	columns = append(columns, otherStage)
	t := newTable("Where its CPU time goes, in percent", append([]string{"configuration"}, columns...)...)
	for i := range contestants {
		shares, known := profiles[contestants[i].name]
		if !known {
			continue
		}
		cells := []any{contestants[i].name}
		for _, stage := range columns {
			cells = append(cells, strings.TrimSuffix(fmt.Sprintf("%.0f", 100*shares[stage]), "%"))
		}
		t.row(cells...)
	}
	t.print(out)
}
