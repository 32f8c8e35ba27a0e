package main

import (
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
)

// contestant is a row of the table of rates.
type contestant struct {
	name  string
	queue string
	// against is the row that it is compared with.
	against string
	// warm says that it gets the messages that need no lookup.
	warm bool
	// share of the messages, for slow ones; 0 is all.
	share float64
	run   func(ctx context.Context, b *bench, c *contestant, gogc int) (result, error)
}

const (
	floorClassic = "floor, classic queue"
	oursClassic  = "ours, classic queue"
	floorQuorum  = "floor, quorum queue"
	oursQuorum   = "ours, quorum queue"
	withoutNames = "ours, quorum queue, warm messages"
)

func native(name string, j job) func(context.Context, *bench, *contestant, int) (result, error) {
	return func(ctx context.Context, b *bench, c *contestant, gogc int) (result, error) {
		j := j
		j.Contestant, j.Queue, j.URL, j.Messages, j.Profile = name, c.queue, b.node.URL(), c.messages(b), b.profile
		return b.runContestant(ctx, gogc, j)
	}
}

func (c *contestant) messages(b *bench) int {
	if c.share > 0 {
		return int(float64(b.messages) * c.share)
	}
	return b.messages
}

// rates lets the contestants take turns, each on a freshly filled queue.
func rates(ctx context.Context, out io.Writer, b *bench) error {
	keystone := startKeystone(b.corpus, b.entries)
	defer keystone.Close()
	for _, gogc := range b.gogc {
		contestants := contestants(b, keystone)
		if gogc == b.gogc[0] { // peers that are no Go programs know no GOGC
			contestants = append(contestants, peers(out)...)
		}
		contestants = matching(contestants, b.match)
		results := map[string][]result{}
		for round := range b.rounds {
			for i := range contestants {
				c := &contestants[(i+round)%len(contestants)]
				bodies := b.corpus.bodies
				if c.warm {
					bodies = b.corpus.warm
				}
				if err := b.fill(ctx, c.queue, bodies, c.messages(b)); err != nil {
					return err
				}
				r, err := c.run(ctx, b, c, gogc)
				if err != nil {
					return fmt.Errorf("%s: %w", c.name, err)
				}
				results[c.name] = append(results[c.name], r)
			}
		}
		printRates(out, b, gogc, contestants, results)
	}
	return nil
}

// matching are the contestants with a part of their name, and those that they are compared with.
func matching(contestants []contestant, part string) []contestant {
	wanted := map[string]bool{}
	for _, c := range contestants {
		if strings.Contains(c.name, part) {
			wanted[c.name], wanted[c.against] = true, true
		}
	}
	return slices.DeleteFunc(contestants, func(c contestant) bool { return !wanted[c.name] })
}

func contestants(b *bench, keystone *httptest.Server) []contestant {
	return []contestant{
		{name: floorClassic, queue: classicQueue, run: native("floor", job{})},
		{name: oursClassic, queue: classicQueue, against: floorClassic, run: native("receiver", job{})},
		{name: floorQuorum, queue: quorumQueue, run: native("floor", job{})},
		{name: "floor, decoded and 20 attributes written", queue: quorumQueue, against: floorQuorum, run: native("bound", job{})},
		{name: oursQuorum, queue: quorumQueue, against: floorQuorum, run: native("receiver", job{})},
		{name: withoutNames, queue: quorumQueue, warm: true, run: native("receiver", job{})},
		{
			name: "ours with " + strconv.Itoa(b.entries) + " names", queue: quorumQueue, against: withoutNames, warm: true,
			run: native("names", job{Keystone: keystone.URL, Entries: b.entries}),
		},
	}
}

func printRates(out io.Writer, b *bench, gogc int, contestants []contestant, results map[string][]result) {
	t := newTable(fmt.Sprintf("Medians of %d rounds of %d messages, GOGC=%d", b.rounds, b.messages, gogc),
		"contestant", "messages/s", "least to most", "compared with", "rate ÷", "CPU µs a message", "CPU ÷", "allocations", "batch")
	for i := range contestants {
		c := &contestants[i]
		own, other := results[c.name], results[c.against]
		rates := each(own, func(r result) float64 { return r.rate() })
		rateRatio, cpuRatio := ratios(own, other)
		t.row(c.name, "%.0f", median(rates), spread(rates), c.against, rateRatio,
			"%.1f", median(each(own, func(r result) float64 { return r.cpu() })), cpuRatio,
			"%.1f", median(each(own, func(r result) float64 { return r.Allocations })),
			"%.0f", median(each(own, func(r result) float64 { return r.MeanBatch })))
	}
	t.print(out)
}

// ratios are the medians of the ratios of the rounds; empty where there is nothing to compare with.
func ratios(own, other []result) (rate, cpu string) {
	if len(other) == 0 {
		return "", ""
	}
	var byRate, byCPU []float64
	for round := range own { // both in the same round
		byRate = append(byRate, own[round].rate()/other[round].rate())
		byCPU = append(byCPU, own[round].cpu()/other[round].cpu())
	}
	return fmt.Sprintf("%.2f", median(byRate)), fmt.Sprintf("%.2f", median(byCPU))
}

func spread(values []float64) string {
	least, most := values[0], values[0]
	for _, v := range values {
		least, most = min(least, v), max(most, v)
	}
	return fmt.Sprintf("%.0f – %.0f", least, most)
}
