package openstackauditcompletenessconnector

import (
	"fmt"
	"time"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/totals"
)

// publishers are who was heard, at most max_publishers of them, and the services of whom events are expected.
type publishers struct {
	known map[source]*publisher
	// services are those of expect, by their names: not more than the configuration has.
	services map[string]*service
	// others counts the records of publishers that there is no room for.
	others publisher
}

// publisher is one that was heard.
type publisher struct {
	Source source
	Heard  heard
	// Responds says that it sends responses to the requests that it sends.
	Responds bool
	// Sessions says that it has sent numbered events.
	Sessions bool
	// SilentSince is set while its silence is a finding.
	SilentSince time.Time

	records, redelivered, sentAgain uint64
}

// service is one of which events are expected.
type service struct {
	Heard       heard
	Source      source
	SilentSince time.Time
}

func newPublishers(expect map[string]time.Duration) publishers {
	ps := publishers{known: map[source]*publisher{}, services: map[string]*service{}}
	for name := range expect {
		ps.services[name] = &service{Source: source{Resource: totals.Resource{ServiceName: name}}}
	}
	return ps
}

// publisher returns the one of a record. Those that there is no room for are one.
func (t *tracker) publisher(s source) *publisher {
	if p, ok := t.publishers.known[s]; ok {
		return p
	}
	if len(t.publishers.known) >= t.config.MaxPublishers {
		t.left["publisher"]++
		return &t.publishers.others
	}
	s = s.clone()
	p := &publisher{Source: s}
	t.publishers.known[s] = p
	t.gapsOf(s.Resource) // from zero
	return p
}

// hear remembers when a publisher and its service were heard.
func (ps *publishers) hear(p *publisher, o observation, now time.Time) {
	p.Heard.hear(o.sent, now)
	if s, ok := ps.services[o.source.ServiceName]; ok {
		if s.Source.Resource != o.source.Resource {
			s.Source.Resource = o.source.clone().Resource
		}
		s.Heard.hear(o.sent, now)
	}
}

// checkSilence looks for those that were not heard for the time in which they should have been.
func (t *tracker) checkSilence(now time.Time) {
	heardOf := map[string]int{}
	for s, p := range t.publishers.known {
		if t.silent(p.Heard, now) > t.config.ForgetAfter {
			t.forget(p, now)
			continue
		}
		heardOf[s.ServiceName]++
		within, expected := t.config.Expect[s.ServiceName]
		if expected && t.config.ExpectFrom == EachPublisher {
			t.checkSilent(s, p.Heard, &p.SilentSince, within, now)
		}
	}
	for name, within := range t.config.Expect {
		s := t.publishers.services[name]
		// Where each publisher is expected, the service is a finding of its own only if there is none.
		if t.config.ExpectFrom == AnyOfService || heardOf[name] == 0 || !s.SilentSince.IsZero() {
			t.checkSilent(s.Source, s.Heard, &s.SilentSince, within, now)
		}
	}
}

// forget makes room for others.
func (t *tracker) forget(p *publisher, now time.Time) {
	delete(t.publishers.known, p.Source)
	if !p.SilentSince.IsZero() {
		t.find(finding{
			Source: p.Source, Kind: kindSilence, State: stateClosed, Since: p.SilentSince, Found: now,
			Sentence: fmt.Sprintf("events of %s are not expected any more: none has come since %s", p.Source.named(), at(p.SilentSince)),
		})
	}
	for s := range t.publishers.known {
		if s.Resource == p.Source.Resource {
			return
		}
	}
	delete(t.gaps, p.Source.Resource)
}

// checkSilent tells when a silence becomes too long, and when it ends.
func (t *tracker) checkSilent(s source, h heard, since *time.Time, within time.Duration, now time.Time) {
	silent := t.silent(h, now)
	f := finding{Source: s, Kind: kindSilence, Found: now}
	switch {
	case since.IsZero() && silent > within:
		f.State, f.Since = stateOpen, h.Event
		f.Sentence = fmt.Sprintf("no event of %s has come since %s; at least one within %s is expected", s.named(), at(h.Event), lasting(within))
		if h.Event.IsZero() {
			f.Since = t.started
			f.Sentence = fmt.Sprintf("no event of %s has come since the collector started at %s; at least one within %s is expected",
				s.named(), at(t.started), lasting(within))
		}
		*since = f.Since
	case !since.IsZero() && silent <= within:
		f.State, f.Since = stateClosed, *since
		f.Sentence = fmt.Sprintf("events of %s come again; none was sent from %s to %s", s.named(), at(*since), at(h.Event))
		*since = time.Time{}
	default:
		return
	}
	t.find(f)
}

// silentNow is how many silences of each service last.
func (ps *publishers) silentNow() map[totals.Resource]uint64 {
	silent := map[totals.Resource]uint64{}
	for s, p := range ps.known {
		if !p.SilentSince.IsZero() {
			silent[s.Resource]++
		}
	}
	for _, s := range ps.services {
		if !s.SilentSince.IsZero() {
			silent[s.Source.Resource]++
		}
	}
	return silent
}
