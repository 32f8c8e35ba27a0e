package shipped

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// configuration is a file of config/ and what it has around it.
type configuration struct {
	file   string
	source func(*testing.T) source
	// backends are the variables with the addresses of its backends, of which each is broken in turn.
	backends []string
	// direct: it has no sending queue. What a backend rejects is at the broker.
	direct bool
	// counts: it has the metrics connector.
	counts bool
	// representative of its exporter: what takes minutes is tried with this one.
	representative bool
}

// configurations are all but those of the quickstart, and prometheus.yaml, from which Prometheus fetches: it has no backend that could
// be away.
func configurations() []configuration {
	const otlp, loki, elasticsearch = "AUDIT_OTLP_ENDPOINT", "AUDIT_LOKI_ENDPOINT", "AUDIT_ELASTICSEARCH_ENDPOINT"
	return []configuration{
		{file: "broker-buffer.yaml", source: rabbitmq, backends: []string{otlp}, direct: true},
		{file: "durable.yaml", source: rabbitmq, backends: []string{otlp}, representative: true},
		{file: "elasticsearch.yaml", source: rabbitmq, backends: []string{elasticsearch}, representative: true},
		{file: "elasticsearch-ecs.yaml", source: rabbitmq, backends: []string{elasticsearch}},
		{file: "evidence.yaml", source: rabbitmq, backends: []string{otlp}},
		{file: "full.yaml", source: rabbitmq, backends: []string{loki, elasticsearch}, counts: true},
		{file: "gateway.yaml", source: gateway, backends: []string{otlp}},
		{file: "journald.yaml", source: journald, backends: []string{otlp}},
		{file: "kafka.yaml", source: kafka, backends: []string{otlp}},
		{file: "keystone-rs.yaml", source: spool, backends: []string{otlp}},
		{file: "kubernetes.yaml", source: kubernetes, backends: []string{otlp}},
		{file: "listen.yaml", source: listen, backends: []string{otlp}},
		{file: "logfile.yaml", source: logfile},
		{file: "loki-prometheus.yaml", source: rabbitmq, backends: []string{loki}, counts: true},
		{file: "opensearch.yaml", source: rabbitmq, backends: []string{"AUDIT_OPENSEARCH_ENDPOINT"}},
		{file: "loki.yaml", source: rabbitmq, backends: []string{loki}},
	}
}

// fault is what happens to a backend, and to the collector meanwhile.
type fault struct {
	name string
	// always: it runs with the other tests too, for the representatives.
	always bool
	// begin breaks a backend; one that answers again is not broken any more.
	begin func(r *trial, e *endpoint)
	// bears reports that the collector shows that it noticed.
	bears func(r *trial) bool
	// atLeast is how long it lasts for the representatives.
	atLeast time.Duration
	// then ends the collector, or does what else happens while the fault lasts.
	then func(r *trial)
	// fromStart: the backend is away when the collector starts.
	fromStart bool
	// quiet: nothing is wrong, and no alert may fire; with any other fault one has to.
	quiet bool
	// size of each record, in bytes on top.
	size int
	// records that are sent meanwhile; 100 by default.
	records int
	// fullDisk: the collector's state is on a small disk that is full.
	fullDisk bool
	// full: the sending queue gets full, which is tried with the representatives and where there are several backends.
	full bool
	// withoutBackend: it is tried with logfile.yaml too, which has none.
	withoutBackend bool
}

func faults() []fault {
	const longerThanAnyTimeout = 150 * time.Second // the longest is the Elasticsearch exporter's, 90 s
	answers := func(a answer) func(*trial, *endpoint) { return func(_ *trial, e *endpoint) { e.set(a) } }
	away := func(_ *trial, e *endpoint) {
		if e != nil {
			e.goAway()
		}
	}
	return []fault{
		{name: "nothing listens", begin: away, bears: retried(3), atLeast: longerThanAnyTimeout},
		{name: "accepted and never answered", begin: answers(silent), bears: retried(2), atLeast: longerThanAnyTimeout},
		{name: "401", always: true, begin: answers(status(http.StatusUnauthorized)), bears: retried(3)},
		{name: "403", begin: answers(status(http.StatusForbidden)), bears: retried(3)},
		{name: "404", begin: answers(status(http.StatusNotFound)), bears: retried(3)},
		{name: "429", begin: answers(status(http.StatusTooManyRequests)), bears: retried(3)},
		{name: "500", begin: answers(status(http.StatusInternalServerError)), bears: retried(3)},
		{name: "503", begin: answers(status(http.StatusServiceUnavailable)), bears: retried(3)},
		{name: "413 above 1 MB", begin: answers(tooLarge), bears: settled, size: 40_000, quiet: true},
		{name: "413 always", begin: answers(status(http.StatusRequestEntityTooLarge)), bears: settled},
		{name: "400 to single records", always: true, begin: answers(refuseSome), bears: settled},
		{name: "400 to zstd", always: true, begin: answers(refuseZstd), bears: settled, quiet: true},
		{name: "200 that is no answer", begin: answers(page), bears: retried(3)},
		{name: "disk full, nothing listens", begin: away, bears: noSpace, fullDisk: true, records: 4000, withoutBackend: true},
		{name: "queue full, nothing listens", begin: away, bears: queueFull, full: true, records: 110_000},
		{name: "SIGTERM, nothing listens", begin: away, bears: retried(1), then: terminate, withoutBackend: true},
		{name: "SIGKILL, nothing listens", always: true, begin: away, bears: retried(1), then: kill, withoutBackend: true},
		{name: "start, nothing listens", begin: away, bears: retried(2), fromStart: true},
	}
}

// retried waits until requests were sent again so often.
func retried(times float64) func(*trial) bool {
	return func(r *trial) bool {
		return r.broken == nil || r.c.metric(r.Context(), "otelcol_http_delivery_retried_requests") >= times
	}
}

// arrived waits until every record is stored, or kept as a dead letter.
func arrived(r *trial) bool {
	for _, e := range r.endpoints {
		if e.count()+len(r.kept()) < len(r.acknowledged) {
			return false // which is cheaper to tell than which are missing
		}
	}
	return len(r.missing()) == 0
}

// settled waits until the exporters have counted that, too, or without a sending queue the receiver.
func settled(r *trial) bool {
	if r.configuration.direct {
		return arrived(r) && r.c.metric(r.Context(), "otelcol_openstack_audit_receiver_deliveries") >= float64(len(r.acknowledged))
	}
	return arrived(r) && r.c.metric(r.Context(), "otelcol_exporter_queue_size") == 0
}

func noSpace(r *trial) bool { return strings.Contains(r.c.Log.String(), "no space left on device") }

// queueFull waits until the sending queue has no room and the broker keeps the rest.
func queueFull(r *trial) bool {
	if r.c.metric(r.Context(), "otelcol_exporter_queue_size") < 99_000 ||
		r.c.metric(r.Context(), "otelcol_openstack_audit_receiver_queue_messages") < 5000 {
		return false
	}
	size := int64(0)
	files, err := os.ReadDir(r.state)
	require.NoError(r.T, err)
	for _, file := range files {
		if info, err := file.Info(); err == nil && !info.IsDir() {
			size += info.Size()
		}
	}
	r.notes = append(r.notes, fmt.Sprintf("%.0f records in %d MiB of the disk, %.0f messages at the broker",
		r.c.metric(r.Context(), "otelcol_exporter_queue_size"), size>>20, r.c.metric(r.Context(),
			"otelcol_openstack_audit_receiver_queue_messages")))
	return true
}

// terminate does what systemd does with the unit, whose TimeoutStopSec is 30 s, and starts the collector again.
func terminate(r *trial) {
	r.c.Signal(r.T, syscall.SIGTERM)
	select {
	case <-r.c.Exited:
		require.NoError(r.T, r.c.Err, "%s", r.c.Log.Tail())
	case <-time.After(30 * time.Second):
		r.notes = append(r.notes, "killed 30 s after SIGTERM")
		r.c.Kill()
	}
	r.start()
}

func kill(r *trial) {
	r.c.Kill()
	r.start()
}

// small puts the state on a disk of 16 MiB, which ends with the collector's name space.
func small() []string {
	return []string{
		"unshare", "--user", "--map-root-user", "--mount", "sh", "-c", `mount -t tmpfs -o size=16m audit-state /mnt && exec "$@"`, "sh",
	}
}

// disk is the path of what the collector sees as /mnt.
func (r *trial) disk() string { return filepath.Join("/proc", strconv.Itoa(r.c.PID), "root", "mnt") }

// fill leaves no room on the small disk; the function that it returns makes room again.
func (r *trial) fill() func() {
	r.Helper()
	path := filepath.Join(r.disk(), "filler")
	filler, err := os.Create(filepath.Clean(path))
	require.NoError(r.T, err)
	for block := make([]byte, 64<<10); err == nil; {
		_, err = filler.Write(block)
	}
	require.ErrorContains(r.T, err, "no space left")
	require.NoError(r.T, filler.Close())
	return func() { require.NoError(r.T, os.Remove(path)) }
}
