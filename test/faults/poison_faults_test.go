package faults

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// malformed is every kind of body that is no notification.
func malformed() [][]byte {
	good := notification("x")
	return [][]byte{
		{},
		[]byte("\x00\xff\xfe"),
		[]byte("not json"),
		[]byte("{"),
		[]byte("null"),
		[]byte("[]"),
		[]byte("{}"),
		[]byte(`{"oslo.version": "2.0"}`),
		[]byte(`{"oslo.version": "2.0", "oslo.message": 7}`),
		[]byte(`{"oslo.version": "2.0", "oslo.message": "{"}`),
		[]byte(`{"oslo.version": "9.9", "oslo.message": "{}"}`),
		good[:len(good)/2],
		bytes.ReplaceAll(good, []byte("identity"), []byte("\xff\xfe\xfd")),
		[]byte("\x1f\x8b\x08broken gzip"),
		[]byte("\x78\x9cbroken zlib"),
		[]byte("BZh9broken bzip2"),
		[]byte(strings.Repeat("[", 100_000)),
		[]byte(strings.Repeat(`{"a":`, 100_000)),
		bytes.Repeat([]byte("\x00"), 1<<20),
		[]byte(`{"typeURI": "http://schemas.dmtf.org/cloud/audit/1.0/event", "target": 7, "initiator": [], "outcome": {}}`),
	}
}

// poison publishes all of them between good ones, several times.
func poison(t *trial) {
	c := t.underLoad(direct)
	bodies := malformed()
	const times = 3
	for range times {
		for _, body := range bodies {
			t.publishOne(body)
		}
		t.flow(300)
	}
	t.faultEnds()
	t.recover()
	t.drain()
	c.eventually(func() bool {
		return c.metric("openstack_audit_receiver_deliveries") >= float64(len(t.load.sent())+times*len(bodies))
	},
		"not every message is settled")
	raw := slices.DeleteFunc(t.backend.firstOrder(), func(id string) bool { return strings.HasPrefix(id, t.load.series) })
	t.note = fmt.Sprintf("%d raw records, %d times each", len(raw), times)
	assert.Len(t, raw, len(bodies), "malformed bodies arrive as raw records")
	t.eventually(func() bool { messages, _ := t.ready(t.queue()); return messages == 0 }, "the queue is not empty")
}

// largestMessage has messages as large as the broker takes.
func largestMessage(t *trial) {
	largest, err := strconv.Atoi(t.ctl("eval", "{ok, Size} = application:get_env(rabbit, max_message_size), Size."))
	require.NoError(t, err)
	t.note = fmt.Sprintf("of %d MiB", largest>>20)
	t.underLoad()
	for range 2 {
		t.publishOne(bytes.Repeat([]byte("x"), largest))
		t.publishOne(largeNotification("huge", largest-1<<20))
		t.flow(500)
	}
	t.eventually(func() bool { return t.backend.has("huge") }, "the huge notification does not arrive")
	t.faultEnds()
	t.recover()
	t.flow(1000)
}

// largeMessages is a stream of 1 MB messages while the backend is down.
func largeMessages(t *trial) {
	const count = 500
	c := t.underLoad(direct)
	t.empty() // small messages would take the places
	t.backend.set(refuseForNow)
	ids := make([]string, count)
	for i := range ids {
		ids[i] = fmt.Sprintf("large-%d", i)
		t.publishOne(largeNotification(ids[i], 1<<20))
	}
	c.eventually(func() bool { return c.metric("openstack_audit_receiver_in_flight_bytes") > 32<<20 }, "nothing is held")
	t.proxy.cut() // and all of it comes again
	c.eventually(func() bool { return c.metric("openstack_audit_receiver_in_flight_bytes") > 32<<20 }, "nothing is held")
	t.load.pause(false)
	t.backend.set(accept)
	t.faultEnds()
	t.recover()
	t.eventually(func() bool { return len(t.backend.missing(ids)) == 0 }, "large messages are lost")
	assert.Less(t, t.peak.Load()>>10, int64(memoryBound), "MiB of peak memory")
}

// memoryBound is what the collector may take with max_in_flight_mib: 64, in MiB: the bodies, the records made of one batch of them, what
// the exporter makes of those, and as much again that is not collected yet.
const memoryBound = 384

// eventTimesJump has events from any time: services' clocks that jump are seen in timestamps only.
func eventTimesJump(t *trial) {
	t.underLoad()
	times := []string{"1970-01-01T00:00:00.000000+0000", "2199-12-31T23:59:59.999999+0000", "0001-01-01T00:00:00+0000",
		"2026-13-45T99:99:99+0000", ""}
	var ids []string
	for i, at := range times {
		ids = append(ids, fmt.Sprintf("jump-%d", i))
		t.publishOne(notificationAt(ids[i], at))
	}
	t.faultEnds()
	t.recover()
	t.eventually(func() bool { return len(t.backend.missing(ids)) == 0 }, "events of other times are lost")
}
