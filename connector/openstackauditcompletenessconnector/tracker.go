package openstackauditcompletenessconnector

import (
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/recent"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/totals"
)

// tracker knows who was heard when, and what is waited for. It is safe for concurrent use.
type tracker struct {
	mu     sync.Mutex
	config *Config
	clock
	uids, events *recent.Window

	publishers publishers
	requests   requests
	sequences  sequences
	canaries   canaries

	// gaps counts the findings of each service since the start.
	gaps map[totals.Resource]*[len(kinds)]uint64
	// found are the findings that the logs pipeline does not have yet.
	found []finding
	// event is the one that is read now.
	event audit.Event
	// left counts what there was no room for since it was last asked for: publisher, request, session, finding.
	left map[string]int64
}

// maxFindings bounds the findings that wait for the logs pipeline.
const maxFindings = 10_000

func newTracker(config *Config) *tracker {
	return &tracker{
		config: config,
		uids:   recent.NewWindow(config.RepeatWindow), events: recent.NewWindow(config.RepeatWindow),
		publishers: newPublishers(config.Expect),
		requests:   requests{waiting: map[requestKey]*request{}},
		sequences:  sequences{sessions: map[sessionKey]*session{}},
		gaps:       map[totals.Resource]*[len(kinds)]uint64{},
		left:       map[string]int64{},
	}
}

func (t *tracker) start(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.started = now
}

// observe reads the records of a batch, each one once.
func (t *tracker) observe(logs plog.Logs, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, rl := range logs.ResourceLogs().All() {
		r, host := totals.ResourceOf(rl.Resource().Attributes()), audit.Text(rl.Resource().Attributes(), audit.AttrHostName)
		for _, sl := range rl.ScopeLogs().All() {
			for _, record := range sl.LogRecords().All() {
				t.record(r, host, record, now)
			}
		}
	}
}

func (t *tracker) record(r totals.Resource, host string, record plog.LogRecord, now time.Time) {
	if record.EventName() == audit.EventCanary {
		t.canary(r, record, now)
		return
	}
	t.event = audit.Event{}
	t.event.Read(record)
	if t.event.Notification.EventType == "" {
		return
	}
	o := observationOf(r, host, &t.event, now)
	p := t.publisher(o.source)
	// The same message again is a redelivery; the same event in another message was sent twice.
	if t.uids.Seen(o.UID, o.Outcome == audit.OutcomePending) {
		p.redelivered++
		return
	}
	t.all.hear(o.sent, now)
	t.publishers.hear(p, o, now)
	p.records++
	if id := o.CADF.EventID; id != "" && t.events.Seen(o.source.Publisher+"\x00"+id+"\x00"+o.Notification.EventType+"\x00"+o.Outcome, false) {
		p.sentAgain++
	}
	number, numbered := record.Attributes().Get(audit.AttrSequenceNumber)
	if numbered && number.Type() == pcommon.ValueTypeInt {
		t.sequence(p, o, audit.Text(record.Attributes(), audit.AttrSequenceSession), uint64(number.Int()), now)
	}
	switch eventType := o.Notification.EventType; {
	case eventType == eventRequest:
		t.request(p, o, o.CADF.EventID, now)
	case eventType == eventResponse:
		t.response(p, o, o.CADF.EventID, now)
	case eventType == eventAuthenticate:
		t.login(o, now)
	case numbered && o.Outcome == audit.OutcomePending:
		t.request(p, o, attempt(o), now)
	case numbered:
		t.response(p, o, attempt(o), now)
	}
}

// check looks for what is missing now, and returns what there was no room for since it last did.
func (t *tracker) check(now time.Time) (left map[string]int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.checkSilence(now)
	t.checkRequests(now)
	t.checkSequences(now)
	t.checkCanaries(now)
	left, t.left = t.left, map[string]int64{}
	return left
}

// find counts and keeps a finding.
func (t *tracker) find(f finding) {
	if f.State == stateOpen {
		for i, k := range kinds {
			if k == f.Kind {
				t.gapsOf(f.Source.Resource)[i]++
			}
		}
	}
	if len(t.found) >= maxFindings {
		t.left["finding"]++
		return
	}
	t.found = append(t.found, f)
}

func (t *tracker) gapsOf(r totals.Resource) *[len(kinds)]uint64 {
	counts, ok := t.gaps[r]
	if !ok {
		counts = &[len(kinds)]uint64{}
		t.gaps[r] = counts
	}
	return counts
}

// unsent returns the findings that the logs pipeline does not have yet.
func (t *tracker) unsent() []finding {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clip(t.found)
}

// sent takes the first n findings off.
func (t *tracker) sent(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.found = append([]finding(nil), t.found[n:]...)
}
