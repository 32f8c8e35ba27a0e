package shipped

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence/evidencetest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// node is the broker of all cases; each has a virtual host of its own.
var node *rabbitmqtest.Node

func TestMain(m *testing.M) { os.Exit(rabbitmqtest.Main(m, &node)) }

// trial is one configuration under one fault.
type trial struct {
	*testing.T
	configuration configuration
	fault         fault
	source        source
	endpoints     []*endpoint
	broken        *endpoint // one of them; nil where there is none
	state, output string
	// evidenceKey is the key of the evidence log, of each collector in turn.
	evidenceKey  string
	c            *collector
	acknowledged []string
	notes        []string
}

func TestShipped(t *testing.T) {
	all := os.Getenv("FAULTS") == "all"
	for _, configuration := range configurations() {
		for _, fault := range faults() {
			if !fault.concerns(configuration, all) {
				continue
			}
			for i := range max(1, len(configuration.backends)) {
				name := strings.TrimSuffix(configuration.file, ".yaml")
				if len(configuration.backends) > 1 {
					name += " " + strings.ToLower(strings.Split(configuration.backends[i], "_")[1])
				}
				t.Run(name+" "+fault.name, func(t *testing.T) {
					t.Parallel()
					r := &trial{T: t, configuration: configuration, fault: fault}
					line := r.run(i)
					if all {
						fmt.Printf("%-24s%-29s%s\n", name, fault.name, line)
					} else {
						t.Log(line)
					}
				})
			}
		}
	}
}

// concerns reports whether a configuration is tried with the fault.
func (f fault) concerns(c configuration, all bool) bool {
	switch {
	case c.direct && (f.full || f.fullDisk):
		return false // no record of it is on the disk
	case !all:
		return f.always && c.representative
	case len(c.backends) == 0:
		return f.withoutBackend
	case f.full:
		return c.representative || len(c.backends) > 1
	default:
		return true
	}
}

func (r *trial) run(broken int) string {
	r.source = r.configuration.source(r.T)
	folder := r.TempDir()
	r.state, r.output = filepath.Join(folder, "state"), filepath.Join(folder, "output")
	r.evidenceKey, _ = evidencetest.NewKey(r, evidencetest.Origin)
	if r.fault.fullDisk {
		r.state, r.output = "/mnt/state", "/mnt/output"
	}
	for range r.configuration.backends {
		r.endpoints = append(r.endpoints, newEndpoint(r.T))
	}
	if len(r.endpoints) > 0 {
		r.broken = r.endpoints[broken]
	}
	if r.fault.fromStart {
		r.fault.begin(r, r.broken)
	}
	r.start()
	var before string
	if !r.fault.fromStart {
		r.send("a", 100)
		r.eventually(settled, "not everything arrives before the fault")
		require.NotRegexp(r.T, "(?m)^[^\t]*\t(warn|error)\t.*$", r.c.Log.String(), "a normal start warns of something")
		before = r.c.Scrape(r.Context())
		r.fault.begin(r, r.broken)
	}
	room := func() {}
	if r.fault.fullDisk {
		room = r.fill()
	}
	began, mark := time.Now(), len(r.c.Log.String())
	var sending sync.WaitGroup
	sending.Go(func() { r.send("b", cmp.Or(r.fault.records, 100)) })
	if !r.fault.fullDisk { // with one, who sends may have to wait for its end
		sending.Wait()
	}
	r.eventually(r.fault.bears, "the collector does not notice")
	if r.configuration.representative && os.Getenv("FAULTS") == "all" {
		r.eventually(func(*trial) bool { return time.Since(began) >= r.fault.atLeast }, "time does not pass")
	}
	during, said := r.c.Scrape(r.Context()), r.c.said(mark)
	r.othersGoOn()
	if r.fault.then != nil {
		r.fault.then(r)
	}
	room()
	if r.broken != nil {
		r.broken.comeBack(r.T)
		r.broken.set(nil)
	}
	sending.Wait()
	r.send("c", 50)
	r.eventually(arrived, "records are lost")
	stored, letters, everywhere := 0, len(r.kept()), r.stored()
	for _, id := range r.acknowledged {
		if !slices.ContainsFunc(everywhere, func(ids map[string]bool) bool { return !ids[id] }) {
			stored++
		}
	}
	lost := len(r.missing())
	r.c.Stop(r.T)
	require.Zero(r.T, lost, "records are lost")
	firing := strings.Join(alerts(r.T, before, during), ", ")
	quiet := r.fault.quiet || r.broken == nil && !r.fault.fullDisk
	require.Equal(r.T, quiet, firing == "", "alerts: %s", firing)
	text := strings.Join(append([]string{cmp.Or(said, "-")}, r.notes...), "; ")
	return fmt.Sprintf("%6d %6d %5d %4d  %s | %s", len(r.acknowledged), stored, letters, lost, cmp.Or(firing, "-"), text)
}

func (r *trial) start() {
	r.Helper()
	environment := append(slices.Clone(r.source.environment), "AUDIT_KEYSTONE_URL=", "AUDIT_STATE="+r.state,
		"AUDIT_EVIDENCE_KEY="+r.evidenceKey,
		"AUDIT_OUTPUT="+filepath.Join(r.output, "audit.jsonl"))
	for i, variable := range r.configuration.backends {
		environment = append(environment, variable+"="+r.endpoints[i].url())
	}
	var wrapper []string
	if r.fault.fullDisk {
		wrapper = small()
	}
	r.c = &collector{collectortest.Run(r.T, collectortest.Options{Config: r.configuration.file, Wrapper: wrapper, Environment: environment})}
	r.c.AwaitConsuming(r.T)
}

// send returns when the source was told that nothing need be sent again.
func (r *trial) send(phase string, count int) {
	r.Helper()
	ids := make([]string, count)
	for i := range ids {
		ids[i] = fmt.Sprintf("%s-%08x-%04d", phase, hash(r.Name())&0xffffffff, i)
	}
	r.source.send(r.T, r.c, ids, r.fault.size)
	r.acknowledged = append(r.acknowledged, ids...)
}

// stored are the records of each backend.
func (r *trial) stored() (all []map[string]bool) {
	if len(r.endpoints) == 0 {
		folder := r.output
		if r.fault.fullDisk {
			folder = filepath.Join(r.disk(), "output")
		}
		return []map[string]bool{written(r.T, folder)}
	}
	for _, e := range r.endpoints {
		e.mu.Lock()
		all = append(all, maps.Clone(e.stored))
		e.mu.Unlock()
	}
	return all
}

// stateSeen is where the test finds the collector's state.
func (r *trial) stateSeen() string {
	if r.fault.fullDisk {
		return filepath.Join(r.disk(), "state")
	}
	return r.state
}

// kept are the records that a backend rejected: in the folder of dead letters, or in the dead-letter queue.
func (r *trial) kept() map[string]bool {
	if r.configuration.direct {
		return r.source.rejected(r.T)
	}
	return kept(r.T, r.stateSeen())
}

// missing are the records that some backend has not, and that are no dead letters.
func (r *trial) missing() (missing []string) {
	letters := r.kept()
	for _, ids := range r.stored() {
		for _, id := range r.acknowledged {
			if !ids[id] && !letters[id] {
				missing = append(missing, id)
			}
		}
	}
	return missing
}

// othersGoOn waits until every other backend has all, and the metrics count all, while the fault lasts.
func (r *trial) othersGoOn() {
	r.Helper()
	if len(r.endpoints) < 2 && !r.configuration.counts || r.fault.fullDisk { // which is one for all of them
		return
	}
	for _, e := range r.endpoints {
		if e != r.broken {
			r.eventually(func(*trial) bool { return e.count() >= len(r.acknowledged) }, "the other backend waits too")
		}
	}
	if r.configuration.counts {
		r.eventually(func(*trial) bool { return r.counted() == len(r.acknowledged) }, "the metrics wait too")
	}
}

// counted is how many events Prometheus would see.
func (r *trial) counted() int {
	sum := 0.0
	for series, value := range samples(r.c.Scrape(r.Context())) {
		if strings.HasPrefix(series, "openstack_audit_events_total{") {
			sum += value
		}
	}
	return int(sum)
}

func (r *trial) eventually(condition func(*trial) bool, message string) {
	r.Helper()
	r.c.Eventually(r.T, func() bool { return condition(r) }, message)
}
