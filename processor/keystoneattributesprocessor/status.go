package keystoneattributesprocessor

import (
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/shared"
)

// status tells the Collector, for each pipeline, and its log, once, when logins begin to fail and when they work again.
type status struct {
	shared.Status
	logger  *zap.Logger
	failing bool
}

// loginChanged is called by the client's one goroutine.
func (s *status) loginChanged(err error) {
	was := s.failing
	s.failing = err != nil
	switch {
	case s.failing && !was:
		s.logger.Warn("cannot log in to Keystone: names come from events and from what is known already; trying again", zap.Error(err))
		s.Report(componentstatus.NewRecoverableErrorEvent(err))
	case was && !s.failing:
		s.logger.Info("logged in to Keystone again")
		s.Report(componentstatus.NewEvent(componentstatus.StatusOK))
	}
}
