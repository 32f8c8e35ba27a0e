package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
)

const (
	idleQueue = "bench.idle"
	// memoryBody is the size of the messages with which memory is measured.
	memoryBody = 2048
)

// memory measures the resident memory of a receiver that has nothing to do, and of one that works at full speed: usually, and at most.
func memory(ctx context.Context, out io.Writer, b *bench) error {
	var bodies [][]byte
	for _, body := range b.corpus.bodies {
		if len(body) < memoryBody { // padded as oslo.messaging's context is: with a member that is left out
			padding := append([]byte(`, \"_context_padding\": \"`), bytes.Repeat([]byte{'x'}, memoryBody-len(body))...)
			body = append(bytes.TrimSuffix(bytes.Clone(body), []byte(`}"}`)), append(padding, `\"}"}`...)...)
		}
		bodies = append(bodies, body)
	}
	t := newTable(fmt.Sprintf("Resident memory, prefetch 1000, %d B messages, quorum queue", memoryBody), "GOGC", "idle MiB",
		"at full speed MiB", "above idle MiB", "peak MiB", "above idle MiB")
	for _, gogc := range b.gogc {
		var idle, busy, peak []float64
		for range b.rounds {
			if err := b.empty(idleQueue); err != nil {
				return err
			}
			if err := b.fill(ctx, quorumQueue, bodies, b.messages); err != nil {
				return err
			}
			r, err := b.runContestant(ctx, gogc, job{
				Contestant: "receiver", URL: b.node.URL(), Queue: quorumQueue, Messages: b.messages, IdleQueue: idleQueue,
			})
			if err != nil {
				return err
			}
			idle = append(idle, float64(r.IdleKiB)/1024)
			busy = append(busy, float64(r.BusyKiB)/1024)
			peak = append(peak, float64(r.PeakKiB)/1024)
		}
		t.row("%d", gogc, "%.1f", median(idle), "%.1f", median(busy), "%.1f", median(busy)-median(idle),
			"%.1f", median(peak), "%.1f", median(peak)-median(idle))
	}
	t.print(out)
	return kept(ctx, out, b)
}

// runKept measures what a log record keeps alive while an exporter's queue holds it: its texts are parts of the message's body.
func runKept(_ context.Context, j *job) (result, error) {
	c, err := readCorpus(j.Captures)
	if err != nil {
		return result{}, err
	}
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "")
	mapped := func() plog.Logs {
		records := make([]auditlog.Record, j.Messages)
		for i := range records {
			mapper.ReadInto(&records[i], auditlog.Message{Body: bytes.Clone(c.bodies[i%len(c.bodies)])})
		}
		logs, _ := mapper.Logs(records)
		return logs
	}
	// A record that was written and read again shares nothing with a body.
	copied := func() (plog.Logs, error) {
		text, err := (&plog.ProtoMarshaler{}).MarshalLogs(mapped())
		if err != nil {
			return plog.Logs{}, err
		}
		return (&plog.ProtoUnmarshaler{}).UnmarshalLogs(text)
	}
	r := result{Micro: map[string]figure{}}
	for name, logsOf := range map[string]func() (plog.Logs, error){
		keptMapped: func() (plog.Logs, error) { return mapped(), nil },
		keptCopied: copied,
	} {
		before := liveBytes()
		logs, err := logsOf()
		if err != nil {
			return result{}, err
		}
		r.Micro[name] = figure{Bytes: float64(liveBytes()-before) / float64(j.Messages)}
		runtime.KeepAlive(logs)
	}
	return r, nil
}

const (
	keptMapped = "as mapped"
	keptCopied = "without its body"
)

func liveBytes() int64 {
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return int64(memory.HeapAlloc)
}

func kept(ctx context.Context, out io.Writer, b *bench) error {
	r, err := b.runContestant(ctx, 100, job{Contestant: "kept", Messages: 10_000, Captures: b.captures})
	if err != nil {
		return err
	}
	t := newTable("Bytes that a log record keeps alive", "as mapped", "without its body", "mean body")
	t.row("%.0f", r.Micro[keptMapped].Bytes, "%.0f", r.Micro[keptCopied].Bytes, "%d", meanSize(b.corpus.bodies))
	t.print(out)
	return nil
}
