package faults

import (
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/stretchr/testify/require"
)

// collectorKilled kills the collector at moments that differ each time, also while it starts.
func collectorKilled(times int) func(*trial) {
	return func(t *trial) {
		c := t.underLoad()
		for i := range times {
			if i%3 == 2 { // before it is ready
				<-time.After(time.Duration(rand.IntN(400)) * time.Millisecond)
			} else {
				t.flow(500 + rand.IntN(1500))
			}
			c.Kill()
			t.forgo(c.Log.String())
			if i < times-1 {
				c = t.startAnyhow()
			}
		}
		t.faultEnds()
		t.start()
		t.recover()
		t.flow(1000)
	}
}

// leftItems is the sending queue's word for what was being sent when the collector was killed; each item is a batch of the receiver's.
var leftItems = regexp.MustCompile(`Fetching items left for dispatch by consumers.*"numberOfItems": (\d+)`)

// forgo tells apart what a kill within the sending queue's own gap loses, docs/delivery.md: it puts those items back in two transactions.
func (t *trial) forgo(log string) {
	t.Helper()
	left := leftItems.FindStringSubmatch(log)
	if left == nil || strings.Contains(log, "Moved items for dispatching back to queue") {
		return
	}
	items, err := strconv.Atoi(left[1])
	require.NoError(t, err)
	t.mayLose += items * 500 // max_batch_size
	for _, id := range t.missing() {
		t.forgone[id] = true
	}
}

func collectorStopped(t *trial) {
	c := t.underLoad()
	for range 4 {
		t.flow(1000)
		c.Stop(t)
		t.faultEnds()
		c = t.start()
		t.recover()
	}
	t.flow(1000)
}

func collectorReloaded(t *trial) {
	c := t.underLoad()
	for i := range 4 {
		t.flow(1000)
		c.Signal(t, syscall.SIGHUP)
		t.faultEnds()
		c.eventually(func() bool { return strings.Count(c.Log.String(), "Config updated, restart service") > i }, "it does not reload")
		t.recover()
	}
	t.flow(1000)
}
