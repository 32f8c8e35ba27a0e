package openstackauditmetricsconnector

import "github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"

// Actions of Keystone that alerts stand on.
const (
	actionAuthenticate = "authenticate"
	actionAssign       = "assign"
	actionRevoke       = "revoke"
)

// authenticationErrors are the values of error.type with which authentications fail.
var authenticationErrors = []string{
	"invalid_credentials", "user_not_found", "account_locked", "account_disabled", "password_expired", "_OTHER",
}

// startKeystone starts series of Keystone at zero before its first event, so that the first failure and the first grant of a role
// are a rise from zero, also for a query that needs two points to see one.
func (c *counters) startKeystone(keystone KeystoneConfig) {
	if keystone.ServiceName == "" {
		return
	}
	r := resource{serviceName: keystone.ServiceName, serviceNamespace: keystone.ServiceNamespace, region: keystone.Region}
	c.mu.Lock()
	defer c.mu.Unlock()
	start := func(t *table, values ...string) {
		t.start(r, append(values, make([]string, len(t.attributes)-len(values))...))
	}
	start(c.authentications, auditlog.OutcomeSuccess)
	start(c.events, auditlog.CategoryAuthentication, actionAuthenticate, auditlog.OutcomeSuccess)
	for _, errorType := range authenticationErrors {
		start(c.authentications, auditlog.OutcomeFailure, errorType)
		start(c.events, auditlog.CategoryAuthentication, actionAuthenticate, auditlog.OutcomeFailure, errorType)
	}
	start(c.events, auditlog.CategoryIAM, actionAssign, auditlog.OutcomeSuccess)
	start(c.events, auditlog.CategoryIAM, actionRevoke, auditlog.OutcomeSuccess)
}

// startAction starts what else may come of an action of a service that is seen for the first time.
func (c *counters) startAction(r resource, category, action string) {
	for _, outcome := range [...]string{auditlog.OutcomeSuccess, auditlog.OutcomeFailure} {
		values := make([]string, len(c.events.attributes))
		copy(values, []string{category, action, outcome})
		c.events.start(r, values)
	}
}
