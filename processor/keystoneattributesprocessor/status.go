package keystoneattributesprocessor

import (
	"slices"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"
)

// status tells the Collector, for each pipeline, and its log, once, when logins begin to fail and when they work again.
type status struct {
	logger *zap.Logger

	mu        sync.Mutex
	pipelines []*pipeline
	failure   error
}

// join makes a pipeline hear of logins, and of the last one at once.
func (s *status) join(p *pipeline) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pipelines = append(s.pipelines, p)
	if s.failure != nil {
		p.report(s.failure)
	}
}

func (s *status) leave(p *pipeline) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pipelines = slices.DeleteFunc(s.pipelines, func(other *pipeline) bool { return other == p })
}

func (s *status) loginChanged(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.failure
	s.failure = err
	switch {
	case err != nil && was == nil:
		s.logger.Warn("cannot log in to Keystone: names come from events and from what is known already; trying again", zap.Error(err))
	case err == nil && was != nil:
		s.logger.Info("logged in to Keystone again")
	default:
		return
	}
	for _, p := range s.pipelines {
		p.report(err)
	}
}

// pipeline is the processor in one pipeline.
type pipeline struct {
	host component.Host
	once sync.Once // it ends once
}

func (p *pipeline) report(err error) {
	if err != nil {
		componentstatus.ReportStatus(p.host, componentstatus.NewRecoverableErrorEvent(err))
		return
	}
	componentstatus.ReportStatus(p.host, componentstatus.NewEvent(componentstatus.StatusOK))
}
