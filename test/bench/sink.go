package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// sinkArgument makes this program the backend of a whole way, in a process of its own.
const sinkArgument = "sink"

// backend takes what an exporter sends: OTLP, Elasticsearch's bulk requests and Telegraf's JSON. It keeps the requests as they are and
// reads them when it is asked what came, so that it takes little CPU from the program that is measured.
type backend struct {
	answerTime time.Duration
	wire       atomic.Int64 // bytes that were read from connections

	mu       sync.Mutex
	kept     []received
	ids      map[string]bool
	report   report
	requests int
	last     time.Time
}

// received is a request that was not read yet.
type received struct {
	at       time.Time
	path     string
	body     []byte
	encoding string
}

// report is what came to a sink.
type report struct {
	Records, Repeats int
	WireBytes        int64
	// Arrivals are the requests one after the other.
	Arrivals []arrival
	// DelaysMillis are the times since the ids of the records, where these are times.
	DelaysMillis []float64
}

type arrival struct {
	At      time.Time
	Records int
}

// state is how much came, which costs nothing to tell.
type state struct {
	Requests int
	Last     time.Time
}

// runSink prints its two addresses, the backend's and that at which it tells what came, and serves until its standard input ends.
func runSink(ctx context.Context, in io.Reader, out io.Writer, answerTime string) error {
	duration, err := time.ParseDuration(answerTime)
	if err != nil {
		return err
	}
	b := &backend{answerTime: duration, ids: map[string]bool{}}
	data, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	control, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/state", b.tell(func() any { return state{b.requests, b.last} }))
	mux.HandleFunc("/report", b.tell(func() any { return b.read() }))
	mux.HandleFunc("/reset", b.tell(func() any {
		b.kept, b.ids, b.report, b.requests = nil, map[string]bool{}, report{}, 0
		b.wire.Store(0)
		return nil
	}))
	failed := make(chan error, 2)
	go func() { failed <- http.Serve(&countingListener{data, &b.wire}, b) }() //nolint:gosec // it lives as long as the bench
	go func() { failed <- http.Serve(control, mux) }()                        //nolint:gosec // as above
	go func() {
		_, err := io.Copy(io.Discard, in)
		failed <- err
	}()
	fmt.Fprintln(out, data.Addr(), control.Addr())
	return <-failed
}

func (b *backend) tell(what func() any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		_ = json.NewEncoder(w).Encode(what()) // who asks is told that it failed
	}
}

// ServeHTTP implements http.Handler.
func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at := time.Now()
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	if r.Method != http.MethodPost {
		return
	}
	k := received{path: r.URL.Path, encoding: r.Header.Get("Content-Encoding")}
	body, err := io.ReadAll(r.Body)
	if err == nil && strings.HasSuffix(k.path, bulkPath) { // its answer names each document
		r.Body = io.NopCloser(bytes.NewReader(body))
		k.encoding = ""
		body, err = collectortest.Body(r)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	k.at, k.body = at, body
	b.mu.Lock()
	b.kept, b.requests, b.last = append(b.kept, k), b.requests+1, at
	b.mu.Unlock()
	<-time.After(b.answerTime)
	if strings.HasSuffix(k.path, bulkPath) {
		w.Header().Set("Content-Type", "application/json")
		documents := bytes.Count(body, []byte("\n")) / 2
		items := strings.Repeat(`{"create":{"_index":"logs-openstack.audit.otel-default","status":201}},`, documents)
		_, _ = io.WriteString(w, `{"items":[`+strings.TrimSuffix(items, ",")+`]}`) //nolint:gosec // of the body only its length is in it
		return
	}
	w.Header().Set("Content-Type", "application/x-protobuf") // an empty body is an ExportLogsServiceResponse
}

const (
	bulkPath     = "/_bulk"
	telegrafPath = "/telegraf"
)

// read reads what was kept.
func (b *backend) read() report {
	for _, k := range b.kept {
		ids, err := k.ids()
		if err != nil {
			panic(fmt.Errorf("a request that cannot be read: %w", err)) // a program that sends such cannot be measured
		}
		first := 0
		for _, id := range ids {
			if key := k.path + id; !b.ids[key] {
				b.ids[key] = true
				first++
			}
			if published, err := strconv.ParseInt(id, 10, 64); err == nil {
				b.report.DelaysMillis = append(b.report.DelaysMillis, float64(k.at.UnixNano()-published)/1e6)
			}
		}
		b.report.Records += first
		b.report.Repeats += len(ids) - first
		b.report.Arrivals = append(b.report.Arrivals, arrival{k.at, first})
	}
	b.kept = nil
	b.report.WireBytes = b.wire.Load()
	return b.report
}

func (k *received) ids() (ids []string, err error) {
	request := http.Request{Header: http.Header{"Content-Encoding": {k.encoding}}, Body: io.NopCloser(bytes.NewReader(k.body))}
	body, err := collectortest.Body(&request)
	if err != nil {
		return nil, err
	}
	switch {
	case strings.HasSuffix(k.path, bulkPath):
		return collectortest.BulkIDs(body)
	case k.path == telegrafPath:
		var metrics struct {
			Metrics []struct {
				Fields struct {
					ID string `json:"message_id"`
				}
			}
		}
		err = json.Unmarshal(body, &metrics)
		for _, metric := range metrics.Metrics {
			ids = append(ids, metric.Fields.ID)
		}
		return ids, err
	}
	logs := plogotlp.NewExportRequest()
	if err := logs.UnmarshalProto(body); err != nil {
		return nil, err
	}
	for record := range audit.Records(logs.Logs()) {
		id, _ := record.Attributes().Get(audit.AttrRecordUID)
		ids = append(ids, id.Str())
	}
	return ids, nil
}

// countingListener counts what is read from its connections.
type countingListener struct {
	net.Listener
	read *atomic.Int64
}

func (l *countingListener) Accept() (net.Conn, error) {
	connection, err := l.Listener.Accept()
	return &countingConnection{connection, l.read}, err
}

type countingConnection struct {
	net.Conn
	read *atomic.Int64
}

func (c *countingConnection) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read.Add(int64(n))
	return n, err
}

// sinkProcess is a sink as the bench sees it.
type sinkProcess struct {
	url, control string
	command      *exec.Cmd
	input        io.Closer
}

func startSink(ctx context.Context, answerTime time.Duration) (*sinkProcess, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, program, sinkArgument, answerTime.String()) //nolint:gosec // this program
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	s := &sinkProcess{command: command, input: input}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err == nil {
		_, err = fmt.Sscan(line, &s.url, &s.control)
	}
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	s.url, s.control = "http://"+s.url, "http://"+s.control
	return s, nil
}

func (s *sinkProcess) stop() error { return errors.Join(s.input.Close(), s.command.Wait()) }

// ask has the sink do or tell something.
func (s *sinkProcess) ask(ctx context.Context, what string, answer any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.control+"/"+what, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return json.NewDecoder(response.Body).Decode(answer)
}

// quiet is for how long nothing may come before the sink is asked to read what came.
const quiet = 300 * time.Millisecond

// await waits until so many different records came and nothing is left where they come from.
func (s *sinkProcess) await(ctx context.Context, records int, isEmpty func() (bool, error)) (report, error) {
	var r report
	for {
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return r, fmt.Errorf("%d of %d records came: %w", r.Records, records, err)
		}
		var now state
		if err := s.ask(ctx, "state", &now); err != nil {
			return r, err
		}
		if empty, err := isEmpty(); err != nil {
			return r, err
		} else if !empty || time.Since(now.Last) < quiet {
			continue
		}
		r = report{}
		if err := s.ask(ctx, "report", &r); err != nil || r.Records >= records {
			return r, err
		}
	}
}
