package shared

import (
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
)

// Status reports the status of an instance for each pipeline that it serves. The zero value is ready to be used.
type Status struct {
	mu       sync.Mutex
	hosts    map[*component.Host]struct{}
	reported *componentstatus.Event
}

// Join makes a pipeline hear of the status, and of a failure that lasts at once, until it leaves.
func (s *Status) Join(host component.Host) (leave func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hosts == nil {
		s.hosts = map[*component.Host]struct{}{}
	}
	s.hosts[&host] = struct{}{}
	if s.reported != nil && s.reported.Err() != nil {
		componentstatus.ReportStatus(host, s.reported)
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.hosts, &host)
	}
}

// Report reports a status to all pipelines.
func (s *Status) Report(event *componentstatus.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reported = event
	for host := range s.hosts {
		componentstatus.ReportStatus(*host, event)
	}
}
