package faults

import (
	"path/filepath"
	"slices"

	"github.com/stretchr/testify/assert"
)

// activeKilled has two collectors on one queue, and kills the one that consumes, time and again. Order is kept by one batch in flight.
func activeKilled(t *trial) {
	states := t.state
	t.state = filepath.Join(states, "a")
	active := t.underLoad(direct)
	t.state = filepath.Join(states, "b")
	standby := t.start(direct)
	standby.waitLog("Consuming")
	for range 5 {
		t.flow(1000)
		active.Kill()
		t.faultEnds()
		t.recover()
		active, standby = standby, t.start(direct)
		standby.waitLog("Consuming")
	}
	t.flow(1000)
	t.drain()
	var order []string // of the load's own, which are numbered
	for _, id := range t.backend.firstOrder() {
		if len(id) == len(t.load.id(0)) {
			order = append(order, id)
		}
	}
	if t.configuration != bufferConfiguration { // which has several batches in flight
		assert.True(t, slices.IsSorted(order), "records are stored in the order of their publishing")
	}
}

// shared has two collectors that share the work, one of which is killed.
func shared(t *trial) {
	share := "receivers: {openstack_audit: {rabbitmq: {queue: {consumers: shared}, prefetch: 500, max_batch_size: 60}}}"
	states := t.state
	t.state = filepath.Join(states, "a")
	first := t.underLoad(direct, share)
	t.state = filepath.Join(states, "b")
	second := t.start(direct, share)
	const deliveries = "openstack_audit_receiver_deliveries"
	bothWork := func(a, b *collector) {
		before, other := a.metric(deliveries), b.metric(deliveries)
		t.eventually(func() bool { return a.metric(deliveries) > before+500 && b.metric(deliveries) > other+500 }, "they do not share")
	}
	bothWork(first, second)
	first.Kill()
	t.faultEnds()
	t.recover()
	t.state = filepath.Join(states, "a")
	bothWork(second, t.start(direct, share))
	t.flow(1000)
}
