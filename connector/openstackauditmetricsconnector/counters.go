package openstackauditmetricsconnector

import (
	"math"
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/recent"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/totals"
)

const (
	nameAuthentications  = "openstack.identity.authentications"
	nameEvents           = "openstack.audit.events"
	nameRequestDuration  = "openstack.audit.request.duration"
	nameDeliveryDuration = "openstack.notification.delivery.duration"
)

var (
	authenticationAttributes = []string{audit.AttrAuditOutcome, audit.AttrErrorType, audit.AttrIdentityProviderID}
	eventAttributes          = []string{audit.AttrAuditCategory, audit.AttrAuditAction, audit.AttrAuditOutcome, audit.AttrErrorType}
	requestAttributes        = []string{audit.AttrAuditAction, audit.AttrAuditOutcome, audit.AttrErrorType}

	// requestBounds are those of the semantic conventions for HTTP request durations.
	requestBounds = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}
	// deliveryBounds reach from milliseconds to the day that a backlog may take.
	deliveryBounds = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600, 21600, 86400}
)

// counters are the totals since the start. They are safe for concurrent use.
type counters struct {
	mu                                         sync.Mutex
	window                                     *recent.Window
	authentications, events, request, delivery *table
	values                                     []string
}

func newCounters(config *Config) *counters {
	authentications := append(append([]string{}, authenticationAttributes...), config.Dimensions.Authentications...)
	events := append(append([]string{}, eventAttributes...), config.Dimensions.Events...)
	return &counters{
		window: recent.NewWindow(config.DedupWindow),
		authentications: newTable(instrument{
			name: nameAuthentications, unit: "{authentication}", attributes: authentications, kept: 0,
			description: "Authentications at Keystone, by outcome. With Keystone's default notification_opt_out only failures are notified.",
		}, config.MaxSeries),
		events: newTable(instrument{
			name: nameEvents, unit: "{event}", attributes: events, kept: 2,
			description: "Audit events that ended; the announcement of a request is not counted.",
		}, config.MaxSeries),
		request: newTable(instrument{
			name: nameRequestDuration, unit: "s", attributes: requestAttributes, kept: 1, bounds: requestBounds,
			description: "Duration of API requests, from the event to its last reporter.",
		}, config.MaxSeries),
		delivery: newTable(instrument{
			name: nameDeliveryDuration, unit: "s", bounds: deliveryBounds, kept: -1,
			description: "Time from the sending of a notification to its receipt by the collector, by two clocks.",
		}, config.MaxSeries),
	}
}

func (c *counters) tables() [4]*table {
	return [...]*table{c.authentications, c.events, c.request, c.delivery}
}

// tally is what a batch adds to the connector's own metrics.
type tally struct {
	repeated int64
	// overflowed is in the order of counters.tables.
	overflowed [4]int64
}

// count adds the records of a batch, each one once.
func (c *counters) count(logs plog.Logs) tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	var t tally
	for _, rl := range logs.ResourceLogs().All() {
		of := rl.Resource().Attributes()
		r := totals.ResourceOf(of)
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				var e audit.Event
				e.Read(lr)
				switch {
				case e.Category == "": // no audit event
				case c.window.Seen(e.UID, e.Outcome == audit.OutcomePending):
					t.repeated++
				default:
					c.record(r, &e, lr, of)
				}
			}
		}
	}
	for i, table := range c.tables() {
		t.overflowed[i], table.overflowed = table.overflowed, 0
	}
	return t
}

func (c *counters) record(r totals.Resource, e *audit.Event, lr plog.LogRecord, of pcommon.Map) {
	if duration, ok := deliveryDuration(e, lr); ok {
		s, _ := c.delivery.at(r, nil)
		s.observe(duration, deliveryBounds)
	}
	outcome := e.Outcome
	switch outcome {
	case audit.OutcomePending:
		// The first half of a pair. The second is the same event, with its outcome.
		return
	case audit.OutcomeSuccess, audit.OutcomeFailure:
	default:
		outcome = audit.OutcomeUnknown
	}
	attributes := lr.Attributes()
	if e.Category == audit.CategoryAuthentication {
		c.set(c.authentications, attributes, of, outcome, e.ErrorType, e.Actor.IdentityProviderID)
		s, _ := c.authentications.at(r, c.values)
		s.add()
	}
	c.set(c.events, attributes, of, e.Category, e.Action, outcome, e.ErrorType)
	s, created := c.events.at(r, c.values)
	s.add()
	if created {
		c.startAction(r, e.Category, e.Action)
	}
	// A duration that is no number, infinite or negative would spoil the sum of all.
	if duration := e.Duration.Value; e.Duration.Known && duration >= 0 && !math.IsInf(duration, 1) {
		c.set(c.request, attributes, of, e.Action, outcome, e.ErrorType)
		s, _ := c.request.at(r, c.values)
		s.observe(duration, requestBounds)
	}
}

// set puts the values of a table's attributes into c.values: those that are given, then those of the configured dimensions.
func (c *counters) set(t *table, record, resource pcommon.Map, own ...string) {
	c.values = append(c.values[:0], own...)
	for _, dimension := range t.attributes[len(own):] {
		value := audit.Text(record, dimension)
		if value == "" {
			value = audit.Text(resource, dimension)
		}
		c.values = append(c.values, value)
	}
}

// deliveryDuration is the time from sending to receipt, in seconds. There is none where the sender's clock is ahead, or where the
// observed time is that of the notification (observed_time: notification).
func deliveryDuration(e *audit.Event, lr plog.LogRecord) (float64, bool) {
	sent, ok := audit.ParseTime(e.Notification.Timestamp)
	if !ok || lr.ObservedTimestamp() == 0 {
		return 0, false
	}
	duration := lr.ObservedTimestamp().AsTime().Sub(sent).Seconds()
	return duration, duration > 0
}
