package model

import "container/heap"

// events are what is to happen, in the order of time.
type events struct {
	now  float64 // s
	next queue
	done int
}

type event struct {
	at    float64
	order int // of two at the same time the one that was there first
	do    func()
}

type queue []event

func (q queue) Len() int { return len(q) }

func (q queue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].order < q[j].order
}

func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

func (q *queue) Push(e any) { *q = append(*q, e.(event)) }

func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

func (e *events) after(seconds float64, do func()) {
	e.done++
	heap.Push(&e.next, event{e.now + seconds, e.done, do})
}

// run lets everything happen, until the end or the condition.
func (e *events) run(ended func() bool) {
	for len(e.next) > 0 && !ended() {
		first := heap.Pop(&e.next).(event)
		e.now = first.at
		first.do()
	}
}

// places are what can be used by so many at a time, such as the cores of a machine. Who comes first is served first.
type places struct {
	free    int
	waiting []func()
}

func (p *places) take(then func()) {
	if p.free == 0 {
		p.waiting = append(p.waiting, then)
		return
	}
	p.free--
	then()
}

func (p *places) leave() {
	if len(p.waiting) == 0 {
		p.free++
		return
	}
	first := p.waiting[0]
	p.waiting = p.waiting[1:]
	first()
}

// machine has cores, of which a fraction may be somebody else's.
type machine struct {
	events *events
	cores  places
	speed  float64
	busy   float64 // s, of one core
}

func newMachine(e *events, cores float64) *machine {
	whole := int(cores)
	if float64(whole) < cores {
		whole++
	}
	return &machine{events: e, cores: places{free: whole}, speed: cores / float64(whole)}
}

// work takes a core for so many seconds of CPU time.
func (m *machine) work(seconds float64, then func()) {
	m.cores.take(func() {
		m.busy += seconds
		m.events.after(seconds/m.speed, func() {
			m.cores.leave()
			then()
		})
	})
}
