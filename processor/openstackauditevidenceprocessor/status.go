package openstackauditevidenceprocessor

import (
	"errors"
	"sync"

	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
)

// status tells the Collector, for each pipeline, and its log, once, when the log cannot be written or signed, and when it can be again.
type status struct {
	logger *zap.Logger

	mu        sync.Mutex
	pipelines []*pipeline
	failure   error
	witnesses error
}

// join makes a pipeline hear of failures, and of the last one at once.
func (s *status) join(p *pipeline) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pipelines = append(s.pipelines, p)
	if s.failure != nil {
		report(p, s.failure)
	}
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
	case err != nil:
		s.logger.Error("the evidence log cannot be written; trying again", zap.Error(err))
	default:
		s.logger.Info("the evidence log is written again")
	}
	for _, p := range s.pipelines {
		report(p, err)
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

func report(p *pipeline, err error) {
	switch {
	case isHalted(err):
		componentstatus.ReportStatus(p.host, componentstatus.NewPermanentErrorEvent(err))
	case err != nil:
		componentstatus.ReportStatus(p.host, componentstatus.NewRecoverableErrorEvent(err))
	default:
		componentstatus.ReportStatus(p.host, componentstatus.NewEvent(componentstatus.StatusOK))
	}
}
