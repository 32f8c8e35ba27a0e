package main

import (
	"context"
	"sync"
	"time"
)

// examination is one run of the doctor.
type examination struct {
	options       *options
	configuration *configuration
	secrets       *secrets

	sections []*section
	checks   sync.WaitGroup
}

// examine runs every check that the configuration calls for. Those of different components run at the same time.
func examine(ctx context.Context, o *options) *report {
	begin := time.Now()
	e := &examination{options: o, secrets: &secrets{}}
	s := e.section("configuration")
	c, err := readConfiguration(ctx, o)
	if err != nil {
		s.fail("configuration.read", "Run it as the collector's user, with the collector's environment.",
			"The configuration cannot be read: %v", err)
		return newReport(e.sections, time.Since(begin))
	}
	e.configuration = c
	validate(ctx, o, s)
	e.brokers(ctx)
	e.listeners(ctx)
	e.keystones(ctx)
	e.backends(ctx)
	e.disks()
	e.clock()
	e.checks.Wait()
	return newReport(e.sections, time.Since(begin))
}

// section adds a section to the report, which has them in the order of these calls.
func (e *examination) section(component string) *section {
	s := &section{component: component, secrets: e.secrets}
	e.sections = append(e.sections, s)
	return s
}

// component runs the checks of one component, in a section of its own.
func (e *examination) component(name string, check func(s *section)) {
	s := e.section(name)
	e.checks.Go(func() { check(s) })
}
