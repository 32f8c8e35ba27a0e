package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	rounds     int
	messages   int
	entries    int
	gogc       []int
	only       string
	match      string
	profile    string
	collector  string
	captures   string
	latencyFor int
	against    string
	stages     bool
	wholeGOGC  int
	answerTime time.Duration
}

func main() {
	switch {
	case len(os.Args) == 3 && os.Args[1] == childArgument:
		exitOn(runChild(os.Stdout, os.Args[2]))
		return
	case len(os.Args) == 3 && os.Args[1] == sinkArgument:
		exitOn(runSink(context.Background(), os.Stdin, os.Stdout, os.Args[2]))
		return
	}
	o := options{gogc: []int{400, 100}}
	flag.IntVar(&o.rounds, "rounds", 5, "rounds in which the contestants take turns")
	flag.IntVar(&o.messages, "messages", 60_000, "messages of a run; slow peers get a tenth")
	flag.IntVar(&o.entries, "entries", 1_000_000, "names in the directory of the run with names")
	flag.IntVar(&o.latencyFor, "latency", 10, "seconds for which latency is measured at each rate; 0 leaves it out")
	flag.StringVar(&o.only, "only", "", "the one part to run: rates, micro, latency, memory, start or whole")
	flag.StringVar(&o.match, "match", "", "a part of the names of the contestants to run; those that they are compared with run too")
	flag.StringVar(&o.profile, "cpuprofile", "", "folder for a CPU profile of every run")
	flag.StringVar(&o.collector, "collector", "build/otelcol-openstack-audit", "the built collector")
	flag.StringVar(&o.captures, "captures", "testdata/notifications", "folder of the captured notifications")
	flag.StringVar(&o.against, "against", "", "another work tree with a built collector, whose configurations are compared in the part whole")
	flag.IntVar(&o.wholeGOGC, "gogc", 100, "GOGC of the part whole")
	flag.BoolVar(&o.stages, "stages", true, "profile a run of each contestant of the part whole")
	flag.DurationVar(&o.answerTime, "answer-time", 0, "how long the backend of the part whole takes to answer; with more than 0, "+
		"broker-buffer.yaml is run with 1 to 16 batches in flight")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout, o)
	stop()
	exitOn(err)
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// part is a section of the report.
type part struct {
	name string
	run  func(ctx context.Context, out io.Writer, b *bench) error
}

func run(ctx context.Context, out io.Writer, o options) (err error) {
	describeMachine(out)
	b, err := newBench(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	for _, p := range []part{
		{"micro", micro},
		{"rates", rates},
		{"latency", latency},
		{"memory", memory},
		{"start", startTime},
		{"whole", wholeWays},
	} {
		if o.only != "" && o.only != p.name {
			continue
		}
		if err := p.run(ctx, out, b); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	describeLoad(out)
	return nil
}
