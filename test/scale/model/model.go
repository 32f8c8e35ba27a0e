// Package model simulates, event by event, notifications on their way from services over broker and collectors to a backend, with service
// times that were measured. docs/sizing.md says how far it agrees with what was measured, and what it says of larger clouds.
package model

import "time"

// Cloud is what is simulated. CPU times are in µs a record.
type Cloud struct {
	// Records are published, at Rate a second; with Rate 0 as fast as they can be, Window records ahead of the backend at most.
	Records int
	Rate    float64
	Window  int

	// Queues are at the broker; a queue is one process, and of one core. Collectors share them: all of them one queue, or each some queues.
	Queues, Collectors int
	// Cores of the machine that all share; with Apart, of each broker, collector and backend.
	Cores float64
	Apart bool

	// Publish and Broker are CPU times. Collect is what a collector does one batch after the other, Export what its consumers of the sending
	// queue do beside each other.
	Publish, Broker, Collect, Export, Backend float64
	// Batch is how many records a request to the backend has. Delay is how long the backend takes for it besides its CPU time.
	Batch int
	Delay time.Duration
	// Consumers are the requests under way at a time, of each collector. SendingQueue is how many records wait for them at most; then the
	// collector takes no more.
	Consumers, SendingQueue int
	// Away is how long the backend answers nothing, from the start.
	Away time.Duration
}

// Outcome is what became of it.
type Outcome struct {
	// Rate is records a second at the backend, from a quarter of them to the last.
	Rate float64
	// Seconds until the last record was there; MostAtBroker is how many waited there at most.
	Seconds      float64
	MostAtBroker int
}

// What the measured CPU times do not tell apart: how much of a collector's is spent one batch after the other (decoding, mapping, writing
// to the queue on disk), and how much of the test's own process for publishing.
const (
	CollectShare   = 0.6
	PublisherShare = 0.6
)

// chunk is how many records are moved at once.
const chunk = 100

// flush is the flush_timeout of the shipped configurations: how long records wait for others of their request, in s.
const flush = 1

// DefaultSendingQueue is that of the shipped configurations.
const DefaultSendingQueue = 100_000

type simulation struct {
	Cloud
	events    events
	publisher places
	queues    []brokerQueue
	collector []*collector

	published, delivered, atBroker int
	quarter                        float64
	outcome                        Outcome
}

type brokerQueue struct {
	machine *machine
	process places
	ready   int // chunks
	waiting []*collector
}

type collector struct {
	machine, backend *machine
	batch            int // records that wait for a request
	requests         int // so far
	queued           int // records in the sending queue, those under way included
	consumers        places
	from             int // the queue
	idle             bool
}

// Simulate says what becomes of a cloud.
func Simulate(c Cloud) Outcome {
	c.Queues, c.SendingQueue = max(c.Queues, 1), max(c.SendingQueue, c.Batch)
	s := &simulation{Cloud: c, publisher: places{free: 1}}
	shared := newMachine(&s.events, c.Cores)
	own := func() *machine {
		if c.Apart {
			return newMachine(&s.events, c.Cores)
		}
		return shared
	}
	for range c.Queues {
		s.queues = append(s.queues, brokerQueue{machine: own(), process: places{free: 1}})
	}
	for i := range c.Collectors {
		s.collector = append(s.collector, &collector{
			machine: own(), backend: own(), consumers: places{free: c.Consumers}, from: i % c.Queues,
		})
	}
	for _, one := range s.collector {
		s.collect(one)
	}
	s.publish(shared)
	s.events.run(func() bool { return s.delivered >= c.Records })
	s.outcome.Seconds = s.events.now
	s.outcome.Rate = float64(c.Records) * 3 / 4 / (s.events.now - s.quarter)
	return s.outcome
}

// publish publishes the next chunk, and goes on.
func (s *simulation) publish(shared *machine) {
	if s.published >= s.Records {
		return
	}
	if s.Rate == 0 && s.published-s.delivered >= s.Window {
		s.publisher.free = 0 // until something is delivered
		return
	}
	to := &s.queues[s.published/chunk%s.Queues]
	s.published += chunk
	arrive := func() {
		s.atBroker += chunk
		s.outcome.MostAtBroker = max(s.outcome.MostAtBroker, s.atBroker)
		to.process.take(func() {
			to.machine.work(s.Broker*chunk/1e6, func() {
				to.process.leave()
				to.ready++
				s.deliver(to)
			})
		})
	}
	if s.Rate > 0 {
		arrive()
		s.events.after(chunk/s.Rate, func() { s.publish(shared) })
		return
	}
	shared.work(s.Publish*chunk/1e6, func() {
		arrive()
		s.publish(shared)
	})
}

// collect lets a collector wait for the next chunk of its queue.
func (s *simulation) collect(c *collector) {
	if c.queued+chunk > s.SendingQueue {
		c.idle = true // until a request is through
		return
	}
	q := &s.queues[c.from]
	q.waiting = append(q.waiting, c)
	s.deliver(q)
}

func (s *simulation) deliver(q *brokerQueue) {
	for q.ready > 0 && len(q.waiting) > 0 {
		c := q.waiting[0]
		q.waiting = q.waiting[1:]
		q.ready--
		s.atBroker -= chunk
		c.machine.work(s.Collect*chunk/1e6, func() {
			c.batch += chunk
			c.queued += chunk
			s.export(c)
			if s.Collectors > 0 && s.Queues > s.Collectors { // the next of its queues
				c.from = (c.from + s.Collectors) % s.Queues
			}
			s.collect(c)
		})
	}
}

// export sends what is a request's worth, and the rest if no other comes in time.
func (s *simulation) export(c *collector) {
	if c.batch < s.Batch {
		before := c.requests
		s.events.after(flush, func() {
			if c.requests == before {
				s.send(c, 1)
			}
		})
	}
	s.send(c, s.Batch)
}

// send sends requests of at least so many records.
func (s *simulation) send(c *collector, least int) {
	for c.batch >= least && c.batch > 0 {
		c.requests++
		records := min(max(s.Batch, chunk), c.batch)
		c.batch -= records
		c.consumers.take(func() {
			c.machine.work(s.Export*float64(records)/1e6, func() {
				wait := max(s.Delay.Seconds(), s.Away.Seconds()-s.events.now)
				s.events.after(wait, func() { s.arrive(c, records) })
			})
		})
	}
}

func (s *simulation) arrive(c *collector, records int) {
	c.backend.work(s.Backend*float64(records)/1e6, func() {
		c.consumers.leave()
		c.queued -= records
		s.delivered += records
		if s.quarter == 0 && s.delivered >= s.Records/4 {
			s.quarter = s.events.now
		}
		if c.idle {
			c.idle = false
			s.collect(c)
		}
		if s.publisher.free == 0 && s.Rate == 0 && s.published-s.delivered < s.Window {
			s.publisher.free = 1
			s.publish(c.backend)
		}
	})
}
