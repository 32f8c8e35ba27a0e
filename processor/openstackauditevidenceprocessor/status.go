package openstackauditevidenceprocessor

import (
	"errors"
	"sync"

	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/shared"
)

// status tells the Collector, for each pipeline, and its log, once, when the log cannot be written or signed, and when it can be again.
type status struct {
	shared.Status
	logger *zap.Logger

	mu        sync.Mutex
	failure   error
	witnesses error
}

// changed is told of each attempt.
func (s *status) changed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.failure
	if isHalted(was) || (err == nil) == (was == nil) && !isHalted(err) {
		return
	}
	s.failure = err
	switch {
	case isHalted(err):
		s.logger.Error("the evidence log is halted: see evidence in docs/troubleshooting.md for what to do", zap.Error(err))
		s.Report(componentstatus.NewPermanentErrorEvent(err))
	case err != nil:
		s.logger.Error("the evidence log cannot be written; trying again", zap.Error(err))
		s.Report(componentstatus.NewRecoverableErrorEvent(err))
	default:
		s.logger.Info("the evidence log is written again")
		s.Report(componentstatus.NewEvent(componentstatus.StatusOK))
	}
}

// witnessesChanged is told why witnesses did not cosign the last checkpoint.
func (s *status) witnessesChanged(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.witnesses
	s.witnesses = err
	switch {
	case err != nil && was == nil:
		s.logger.Warn("a witness does not cosign the checkpoints; it is asked again with each", zap.Error(err))
	case err == nil && was != nil:
		s.logger.Info("all witnesses cosign the checkpoints again")
	}
}

func isHalted(err error) bool {
	_, ok := errors.AsType[*evidence.HaltedError](err)
	return ok
}
