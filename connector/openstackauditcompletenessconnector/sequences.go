package openstackauditcompletenessconnector

import (
	"fmt"
	"strings"
	"time"
)

// sequences are the sessions of publishers that number their events, at most max_publishers of them.
type sequences struct {
	sessions map[sessionKey]*session
}

// sessionKey is a process of a publisher, in which numbers count from 0.
type sessionKey struct {
	Source source
	ID     string
}

type session struct {
	Heard heard
	// Next is one more than the highest number.
	Next    uint64
	Missing []missing
}

// missing are numbers that have not come, while a later one has.
type missing struct {
	First, Last uint64
	// Sent and Came are when the later one was sent, and came.
	Sent, Came time.Time
	// Missed says that the finding was told.
	Missed bool
}

// maxMissing bounds the gaps of a session.
const maxMissing = 100

// sequence notes a number. Keystone takes numbers before it puts events into one of two channels: a later one may come first.
func (t *tracker) sequence(p *publisher, o observation, id string, number uint64, now time.Time) {
	if p == &t.publishers.others {
		return
	}
	key := sessionKey{p.Source, strings.Clone(id)}
	s, ok := t.sequences.sessions[key]
	if !ok {
		if len(t.sequences.sessions) >= t.config.MaxPublishers {
			t.sequences.forgetOne()
			t.left["session"]++
		}
		s = &session{Next: number}
		// The first session that is seen of a publisher is joined in the middle, each later one begins at 0.
		if p.Sessions {
			s.Next = 0
		}
		p.Sessions = true
		t.sequences.sessions[key] = s
	}
	s.Heard.hear(o.sent, now)
	if number >= s.Next {
		if number > s.Next {
			s.Missing = append(s.Missing, missing{First: s.Next, Last: number - 1, Sent: o.sent, Came: now})
		}
		s.Next = number + 1
	} else {
		t.fill(key, s, number, now)
	}
	if len(s.Missing) > maxMissing {
		if !s.Missing[0].Missed {
			t.findMissing(key, s.Missing[0], stateOpen, now)
		}
		s.Missing = append([]missing(nil), s.Missing[1:]...)
	}
}

// fill takes a number that came late out of those that are missing.
func (t *tracker) fill(key sessionKey, s *session, number uint64, now time.Time) {
	for i, m := range s.Missing {
		if number < m.First || number > m.Last {
			continue
		}
		var rest []missing
		if m.First < number {
			rest = append(rest, missing{First: m.First, Last: number - 1, Sent: m.Sent, Came: m.Came, Missed: m.Missed})
		}
		if number < m.Last {
			rest = append(rest, missing{First: number + 1, Last: m.Last, Sent: m.Sent, Came: m.Came, Missed: m.Missed})
		}
		s.Missing = append(s.Missing[:i:i], append(rest, s.Missing[i+1:]...)...)
		if m.Missed {
			m.First, m.Last = number, number
			t.findMissing(key, m, stateClosed, now)
		}
		return
	}
}

// checkSequences looks for numbers that should have come.
func (t *tracker) checkSequences(now time.Time) {
	for key, s := range t.sequences.sessions {
		if t.silent(s.Heard, now) > t.config.ForgetAfter {
			delete(t.sequences.sessions, key)
			continue
		}
		for i, m := range s.Missing {
			if !m.Missed && t.passed(s.Heard, m.Sent, m.Came, t.config.SequenceWithin, now) {
				s.Missing[i].Missed = true
				t.findMissing(key, m, stateOpen, now)
			}
		}
	}
}

func (t *tracker) findMissing(key sessionKey, m missing, state state, now time.Time) {
	f := finding{
		Source: key.Source, Kind: kindSequence, State: state, Since: m.Sent, Found: now, Session: key.ID, First: m.First, Last: m.Last,
	}
	publisher, session := key.Source.named(), word(key.ID)
	switch {
	case state == stateClosed:
		f.Sentence = fmt.Sprintf("an event of %s that was missing came after all: number %d of session %s", publisher, m.First, session)
	case m.First == m.Last:
		f.Sentence = fmt.Sprintf("an event of %s is missing: number %d of session %s", publisher, m.First, session)
	default:
		f.Sentence = fmt.Sprintf("%d events of %s are missing: numbers %d to %d of session %s",
			m.Last-m.First+1, publisher, m.First, m.Last, session)
	}
	t.find(f)
}

// forgetOne makes room: the session that was not heard for the longest time goes.
func (s *sequences) forgetOne() {
	var oldest sessionKey
	var arrival time.Time
	for key, session := range s.sessions {
		if arrival.IsZero() || session.Heard.Arrival.Before(arrival) {
			oldest, arrival = key, session.Heard.Arrival
		}
	}
	delete(s.sessions, oldest)
}
