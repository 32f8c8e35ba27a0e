package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// slowShare is the share of the messages that slow peers get.
const slowShare = 0.1

// osloListener is a notification listener as oslo.messaging's documentation writes it.
//
//go:embed oslo_listener.py
var osloListener string

// peers are the other programs that are installed here. Each is compared with the receiver on a classic queue, which is what both
// consume by default.
func peers(out io.Writer) []contestant {
	var found []contestant
	if python, ok := findPython(); ok {
		found = append(found, contestant{
			name: "oslo.messaging listener (Python)", queue: osloQueue, against: oursClassic, share: slowShare,
			run: func(ctx context.Context, b *bench, c *contestant, _ int) (result, error) {
				url := strings.Replace(b.node.URL(), "amqp://", "rabbit://", 1)
				return measure(ctx, nil, python, "-c", osloListener, url, osloTopic, strconv.Itoa(c.messages(b)))
			},
		})
	} else {
		fmt.Fprintln(out, "skipped: oslo.messaging (python3-oslo.messaging is not installed)")
	}
	if telegraf, err := exec.LookPath("telegraf"); err == nil {
		found = append(found, contestant{
			name: "Telegraf amqp_consumer, JSON", queue: classicQueue, against: oursClassic,
			run: func(ctx context.Context, b *bench, c *contestant, gogc int) (result, error) {
				return runTelegraf(ctx, b, c, telegraf, gogc)
			},
		})
	} else {
		fmt.Fprintln(out, "skipped: Telegraf (not installed)")
	}
	return found
}

// oslo.messaging names the queue of a listener after topic and priority.
const (
	osloTopic = "bench_notifications"
	osloQueue = osloTopic + ".info"
)

func findPython() (string, bool) {
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(python, "-c", "import oslo_messaging").Run() == nil { //nolint:gosec,noctx // a fixed list
			return python, true
		}
	}
	return "", false
}

// runTelegraf has Telegraf read the texts of the event, too. It measures another process from outside: from a tenth of the messages taken
// to none left.
func runTelegraf(ctx context.Context, b *bench, c *contestant, program string, gogc int) (r result, err error) {
	folder, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return result{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	config, err := writeTelegraf(folder, b.node.URL(), c.queue, "[[outputs.discard]]\n")
	if err != nil {
		return result{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, runTimeout)
	defer cancel()
	command := exec.CommandContext(ctx, program, "--config", config) //nolint:gosec // the peer that was found
	command.Env = append(os.Environ(), "GOGC="+strconv.Itoa(gogc))
	if err := command.Start(); err != nil {
		return result{}, err
	}
	defer func() {
		_ = command.Process.Kill()
		_ = command.Wait() // killed: its status says nothing
	}()
	return b.watch(ctx, command.Process.Pid, c)
}

func (b *bench) watch(ctx context.Context, pid int, c *contestant) (result, error) {
	total := c.messages(b)
	first, begin, beginCPU := 0, time.Time{}, time.Duration(0)
	for ctx.Err() == nil {
		state, err := b.channel.QueueDeclarePassive(c.queue, true, false, false, false, amqp.Table{"x-queue-type": queueType(c.queue)})
		if err != nil {
			return result{}, err
		}
		taken := total - state.Messages
		switch {
		case begin.IsZero() && taken >= total/10:
			first, begin, beginCPU = taken, time.Now(), collectortest.CPUOf(pid)
		case state.Messages == 0:
			return result{
				Messages: total - first, WallSeconds: time.Since(begin).Seconds(), CPUSeconds: (collectortest.CPUOf(pid) - beginCPU).Seconds(),
			}, nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	return result{}, fmt.Errorf("the queue is not empty: %w", ctx.Err())
}

// writeTelegraf writes a configuration by which Telegraf takes notifications from a queue, and their fields to an output.
func writeTelegraf(folder, url, queue, output string) (path string, err error) {
	path = filepath.Join(folder, "telegraf.conf")
	return path, os.WriteFile(path, fmt.Appendf(nil, `[agent]
  interval = "1s"
  flush_interval = "1s"
  metric_batch_size = 1000
  metric_buffer_limit = 100000
  omit_hostname = true
  quiet = true
[[inputs.amqp_consumer]]
  brokers = ["%s"]
  queue = "%s"
  queue_passive = true
  exchange = ""
  prefetch_count = 1000
  max_undelivered_messages = 10000
  data_format = "json"
  json_string_fields = ["oslo.message"]
[[processors.parser]] # the notification is JSON in a string
  parse_fields = ["oslo.message"]
  drop_original = true
  data_format = "json"
  json_string_fields = ["*"]
%s`, url, queue, output), 0o600)
}

// peers bring the fields of events to the same sink: Telegraf, whose queue is in memory.
func (w *whole) peers(out io.Writer) []contestant {
	telegraf, err := exec.LookPath("telegraf")
	if err != nil {
		fmt.Fprintln(out, "skipped: Telegraf (not installed)")
		return nil
	}
	start := func(ctx context.Context, w *whole, folder, _ string) (*running, error) {
		r := &running{channel: w.channel, queues: []string{"bench.whole.0"}, copies: 1}
		if err := w.empty(r.queues[0]); err != nil {
			return nil, err
		}
		config, err := writeTelegraf(folder, w.node.URL(), r.queues[0], fmt.Sprintf(`[[outputs.http]]
  url = "%s"
  data_format = "json"
  content_encoding = "gzip"
`, w.sink.url+telegrafPath))
		if err != nil {
			return nil, err
		}
		return r, r.start(ctx, []string{"GOGC=" + strconv.Itoa(w.wholeGOGC)}, telegraf, "--config", config)
	}
	return []contestant{{name: "Telegraf amqp_consumer, JSON, http", against: "durable.yaml", run: w.measured(start, false)}}
}
