package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// stages are the shares of the CPU time that each stage of the way took.
type stages map[string]float64

// otherStage is what belongs to no stage.
const otherStage = "other"

// stageRule says that a stack belongs to a stage when one of its functions has a part of these in its name.
type stageRule struct {
	stage string
	parts []string
}

// stageRules are asked from the first on: what a stage calls belongs to it, such as the memory that decoding allocates, unless a stage
// before it in this list says otherwise.
var stageRules = []stageRule{
	{"GC", []string{"runtime.gcBgMarkWorker", "runtime.bgsweep", "runtime.bgscavenge", "runtime.gcAssistAlloc", "runtime.gcStart"}},
	{"compress", []string{"confighttp.(*compressor)", "kgo.(*compressor)", "gzip.(*Writer)"}},
	{"queue: marshal", []string{"queuebatch.logsEncoding"}},
	{"queue: disk", []string{"go.etcd.io/bbolt", "queuestorageextension.", "filestorage."}},
	{"queue: other", []string{"queue.(*persistentQueue"}},
	{"batch", []string{"queuebatch.(*partitionBatcher).consumeInternal", "queuebatch.(*partitionBatcher).Consume"}},
	{"marshal", []string{"MarshalProto", "bulkindexer", "docappender", "elasticsearchexporter/internal/serializer"}},
	{"send", []string{"net/http.", "otlphttpexporter.", "elasticsearchexporter."}},
	{"transform", []string{"transformprocessor", "pkg/ottl"}},
	{"evidence", []string{"openstackauditevidenceprocessor", "internal/evidence", "internal/audit/canonical"}},
	{"names", []string{"keystoneattributesprocessor", "internal/directory", "internal/keystone"}},
	{"decode", []string{"internal/oslo.", "internal/cadf."}},
	{"map", []string{"internal/auditlog.", "internal/audit.", "internal/audit/"}},
	{"AMQP", []string{"amqp091-go.", "internal/rabbitmq.", "internal/amqpserver."}},
	{"read", []string{"pkg/stanza"}},
	{"deliver", []string{"internal/delivery.", "openstackauditreceiver."}},
	{"scheduler", []string{"runtime.schedule", "runtime.mcall", "runtime.mstart", "runtime.sysmon"}},
}

func stageOf(stack []string) string {
	for _, rule := range stageRules {
		for _, function := range stack {
			for _, part := range rule.parts {
				if strings.Contains(function, part) {
					return rule.stage
				}
			}
		}
	}
	return otherStage
}

// readStages reads a CPU profile by what `go tool pprof` prints of it: the time of each stack, and its functions, the innermost first.
func readStages(ctx context.Context, profile string) (stages, error) {
	text, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-traces", profile).Output() //nolint:gosec // of the bench's folder
	if err != nil {
		return nil, fmt.Errorf("go tool pprof: %w", err)
	}
	shares, total := stages{}, 0.0
	var stack []string
	var took time.Duration
	add := func() {
		if took > 0 {
			shares[stageOf(stack)] += took.Seconds()
			total += took.Seconds()
		}
		stack, took = nil, 0
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "---") {
			add()
			continue
		}
		fields := strings.Fields(line)
		if len(fields) > 1 {
			if d, err := time.ParseDuration(fields[0]); err == nil {
				took, fields = d, fields[1:]
			}
		}
		if len(fields) > 0 {
			stack = append(stack, strings.Join(fields, " "))
		}
	}
	add()
	for stage := range shares {
		shares[stage] /= total
	}
	return shares, lines.Err()
}
