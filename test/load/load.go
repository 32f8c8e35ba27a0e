package load

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// The cloud: how many hosts publish, and how many users and projects there are of each one in the captures. Most of what happens is done by
// few of them.
const (
	hosts       = 1200
	frequent    = 300
	population  = 20_000
	rare        = 0.1   // of the draws are any of the population
	unanswered  = 0.005 // of the responses do not come
	changeEvery = 20    // rounds: in the others nothing is created, changed or deleted
)

// messageID is a message id before it has its sequence number.
const messageID = "00000000-50ac-4000-8000-000000000000"

// Load makes notifications: the captures over and over, with ids, hosts and times of their own.
type Load struct {
	corpus *Corpus
	random *rand.Rand
	round  int
	// next is the template of the next notification; ids are what the identities are called in this round.
	next int
	ids  []string
	host [hostDigits]byte
	// published counts; it is the next sequence number.
	published uint32
	deleted   func(id string)
}

// NewLoad begins at number 0. deleted is called with what a notification deletes from Keystone.
func NewLoad(c *Corpus, deleted func(id string)) *Load {
	l := &Load{corpus: c, random: rand.New(rand.NewPCG(1, 2)), ids: make([]string, len(c.ids)), deleted: deleted}
	l.draw()
	return l
}

// draw begins a round. A request and its response have the same ids, and so have all events of one thing.
func (l *Load) draw() {
	l.next = 0
	copy(l.host[:], fmt.Sprintf("%0*d", hostDigits, l.random.IntN(hosts)))
	for i := range l.corpus.ids {
		one := &l.corpus.ids[i]
		switch {
		case one.kind != "":
			number := l.random.IntN(frequent)
			if l.random.Float64() < rare {
				number = l.random.IntN(population)
			}
			l.ids[i] = populationID(one.text, uint64(number))
		case len(one.text) == 32:
			l.ids[i] = fmt.Sprintf("%016x%016x", l.random.Uint64(), l.random.Uint64())
		default:
			id := []byte(fmt.Sprintf("%016x%016x", l.random.Uint64(), l.random.Uint64()))
			l.ids[i] = fmt.Sprintf("%s-%s-5%s-a%s-%s", id[:8], id[8:12], id[13:16], id[17:20], id[20:])
		}
	}
	if l.changing() { // what is deleted in this round was not there before
		for i := range l.corpus.templates {
			if id := l.corpus.templates[i].deletes; id >= 0 {
				l.ids[id] = populationID(l.corpus.ids[id].text, l.random.Uint64()|1<<63)
			}
		}
	}
}

func (l *Load) changing() bool { return l.round%changeEvery == 0 }

// populationID is the id of one of the users, or projects, that stand for one of the captures: it begins as that does, so that Keystone
// knows the name. Like Keystone's own it is a UUIDv4 without hyphens.
func populationID(original string, number uint64) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], number*0x9e3779b97f4a7c15)
	digits := hex.EncodeToString(b[:])
	return original[:8] + digits[:4] + "4" + digits[4:7] + "a" + digits[7:16] + "000000"
}

// Published is how many notifications were made so far.
func (l *Load) Published() int { return int(l.published) }

// Next is the next notification, written over buffer.
func (l *Load) Next(buffer []byte) (exchange string, body []byte) {
	m := &l.corpus.templates[l.next]
	for m.changes && !l.changing() || m.response && l.random.Float64() < unanswered {
		l.step()
		m = &l.corpus.templates[l.next]
	}
	body = slices.Grow(buffer[:0], len(m.body))[:len(m.body)]
	copy(body, m.body)
	now := time.Now().UTC()
	for _, p := range m.places {
		at := body[p.at:]
		switch p.what {
		case sequence:
			hex.Encode(at[:8], binary.BigEndian.AppendUint32(nil, l.published))
		case oneself:
			copy(at, l.ids[p.id])
		case host:
			copy(at, l.host[:])
		case clock:
			now.AppendFormat(at[:0], "2006-01-02"+string(p.clock)+"15:04:05")
		}
	}
	if m.deletes >= 0 {
		l.deleted(l.ids[m.deletes])
	}
	l.published++
	l.step()
	return m.exchange, body
}

func (l *Load) step() {
	if l.next++; l.next == len(l.corpus.templates) {
		l.round++
		l.draw()
	}
}

// publishBatch is how many messages are written at once, and confirmed together.
const publishBatch = 500

// Run publishes so many notifications, or until it is stopped, and stays at most a window ahead of what the sink has.
func (l *Load) Run(ctx, stopped context.Context, p *Publisher, records int, s *Sink, window func() int) error {
	return l.run(ctx, stopped, records, s, window, func(count int) error { return p.Publish(ctx, count, l.Next) })
}

// RunBodies is Run with another way to publish.
func (l *Load) RunBodies(ctx context.Context, publish func(...[]byte) error, records int, s *Sink, window int) error {
	bodies := make([][]byte, publishBatch)
	return l.run(ctx, ctx, records, s, func() int { return window }, func(count int) error {
		for i := range count {
			_, bodies[i] = l.Next(bodies[i])
		}
		return publish(bodies[:count]...)
	})
}

func (l *Load) run(ctx, stopped context.Context, records int, s *Sink, window func() int, publish func(count int) error) error {
	for int(l.published) < records {
		batch := min(publishBatch, records-int(l.published))
		if s.Await(stopped, int(l.published)+batch-window()) != nil {
			return ctx.Err()
		}
		if err := publish(batch); err != nil {
			return err
		}
	}
	return nil
}
