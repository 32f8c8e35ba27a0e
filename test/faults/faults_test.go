package faults

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// fault is a line of the table.
type fault struct {
	name string
	// always: it runs with the other tests too.
	always bool
	// within bounds the time to recover, where nothing else runs.
	within time.Duration
	// repeats is why records may come twice; empty where nothing may.
	repeats string
	// transient: the exchange is not durable or was deleted, and loses by itself what is published before the queue is bound again.
	transient bool
	// queued: it is a fault of the sending queue.
	queued bool
	run    func(*trial)
}

// node is the broker of the trials that need none of their own. They run one after the other.
var node *rabbitmqtest.Node

func TestMain(m *testing.M) { os.Exit(rabbitmqtest.Main(m, &node)) }

func TestFaults(t *testing.T) {
	all := os.Getenv("FAULTS") == "all"
	configuration := cmp.Or(os.Getenv("FAULTS_CONFIGURATION"), evidenceConfiguration)
	if all {
		fmt.Printf("%-46s %7s %8s %5s %8s %9s %9s  %s\n", "fault", "sent", "received", "lost", "repeated", "recovered", "memory", "evidence")
	}
	for series, f := range table() {
		if !all && !f.always || f.queued && configuration == bufferConfiguration {
			continue
		}
		t.Run(strings.ReplaceAll(f.name, " ", "_"), func(t *testing.T) {
			tr := newTrial(t, node, series+1)
			tr.configuration = configuration
			f.run(tr)
			r := tr.finish(f)
			line := fmt.Sprintf("%-46s %7d %8d %5d %8d %8.1fs %5d MiB", r.fault, r.sent, r.received, r.lost, r.repeated, r.recovered.Seconds(),
				r.peakKiB>>10)
			if r.unbound > 0 {
				line += fmt.Sprintf("  (%d more went to an exchange to which nothing was bound yet)", r.unbound)
			}
			line += "  " + tr.evidence
			if r.note != "" {
				line += "  " + r.note
			}
			if all { // beside other tests a clock tells more of them
				assert.LessOrEqual(t, r.recovered, f.within, "time to recover")
				fmt.Println(line)
			} else {
				t.Log(line)
			}
		})
	}
}
