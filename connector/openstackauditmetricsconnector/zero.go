package openstackauditmetricsconnector

import (
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/totals"
)

// startKeystone starts series of Keystone at zero before its first event, so that the first failure and the first grant of a role
// are a rise from zero, also for a query that needs two points to see one.
func (c *counters) startKeystone(keystone KeystoneConfig) {
	if keystone.ServiceName == "" {
		return
	}
	r := totals.Resource{ServiceName: keystone.ServiceName, ServiceNamespace: keystone.ServiceNamespace, Region: keystone.Region}
	c.mu.Lock()
	defer c.mu.Unlock()
	start := func(t *table, values ...string) {
		t.start(r, append(values, make([]string, len(t.attributes)-len(values))...))
	}
	start(c.authentications, audit.OutcomeSuccess)
	start(c.events, audit.CategoryAuthentication, audit.ActionAuthenticate, audit.OutcomeSuccess)
	for _, errorType := range audit.AuthenticationErrors() {
		start(c.authentications, audit.OutcomeFailure, errorType)
		start(c.events, audit.CategoryAuthentication, audit.ActionAuthenticate, audit.OutcomeFailure, errorType)
	}
	start(c.events, audit.CategoryIAM, audit.ActionAssign, audit.OutcomeSuccess)
	start(c.events, audit.CategoryIAM, audit.ActionRevoke, audit.OutcomeSuccess)
}

// startAction starts what else may come of an action of a service that is seen for the first time.
func (c *counters) startAction(r totals.Resource, category, action string) {
	for _, outcome := range [...]string{audit.OutcomeSuccess, audit.OutcomeFailure} {
		values := make([]string, len(c.events.attributes))
		copy(values, []string{category, action, outcome})
		c.events.start(r, values)
	}
}
