package faults

import (
	"math/rand/v2"
	"strings"
	"syscall"
	"time"
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
