package faults

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

func connectionCut(t *trial) {
	t.underLoad()
	for range 5 {
		t.flow(500)
		t.proxy.cut()
		t.faultEnds()
		t.recover()
	}
	t.flow(1000)
}

// connectionHalfOpen swallows all that is sent while the sockets stay open: heartbeats have to notice.
func connectionHalfOpen(t *trial) {
	t.underLoad()
	for range 2 {
		t.proxy.swallow()
		t.faultEnds()
		t.recover()
		t.flow(1000)
	}
}

// connectionSlow delays everything, which is no reason to connect again.
func connectionSlow(t *trial) {
	c := t.underLoad()
	t.proxy.slowDown(200 * time.Millisecond)
	t.flow(1000)
	t.proxy.slowDown(0)
	t.faultEnds()
	t.recover()
	t.flow(1000)
	assert.LessOrEqual(t, c.metric("openstack_audit_receiver_reconnects"), 0.0)
}

func connectionCutMidFrame(t *trial) {
	t.underLoad()
	for range 15 {
		t.flow(200)
		t.proxy.cutAfter(rand.IntN(64 * 1024))
		t.faultEnds()
		t.recover()
	}
	t.flow(1000)
}

// hundredReconnects looks for what they leave behind.
func hundredReconnects(t *trial) {
	t.changes = `
receivers: {openstack_audit: {rabbitmq: {reconnect: {initial_interval: 10ms, max_interval: 20ms}}}}
extensions: {pprof: {endpoint: "` + collectortest.FreeAddress(t.T) + `"}}
service: {extensions: [file_storage, queue_storage, http_delivery, health_check, pprof]}
`
	endpoint := strings.Split(t.changes, `"`)[1]
	c := t.underLoad()
	t.proxy.cut()
	t.flow(500)
	before, descriptors := goroutines(t, endpoint), c.descriptors()
	for range 100 {
		reconnects := c.metric("openstack_audit_receiver_reconnects")
		t.proxy.cut()
		c.eventually(func() bool { return c.metric("openstack_audit_receiver_reconnects") > reconnects }, "it does not reconnect")
	}
	t.faultEnds()
	t.recover()
	t.flow(1000)
	const leeway = 8 // requests in flight to the backend, and this very query
	t.eventually(func() bool { return goroutines(t, endpoint) <= before+leeway && c.descriptors() <= descriptors+leeway },
		"goroutines or descriptors are left behind")
	t.eventually(func() bool {
		return strings.Count(t.ctl("list_connections", "client_properties"), "otelcol-openstack-audit") == 2
	}, "connections are left behind")
}

// goroutines asks the pprof extension.
func goroutines(t *trial, endpoint string) int {
	t.Helper()
	text, _ := collectortest.Get(t.Context(), "http://"+endpoint+"/debug/pprof/goroutine?debug=1")
	first, _, _ := strings.Cut(text, "\n")
	count, err := strconv.Atoi(first[strings.LastIndexByte(first, ' ')+1:])
	require.NoError(t, err, "%s", first)
	return count
}
