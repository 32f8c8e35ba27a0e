package openstackauditcompletenessconnector

import (
	"fmt"
	"strings"
	"time"
)

// requests are those whose response has not come, at most max_requests of them.
type requests struct {
	waiting map[requestKey]*request
}

// requestKey is what a request and its response have in common.
type requestKey struct {
	Source source
	ID     string
}

type request struct {
	// EventID is that of the request.
	EventID    string
	Sent, Came time.Time
	// Missed says that the finding was told: a response may come all the same.
	Missed bool
}

// keepMissed is how long a response may come after it was missed, and be told of.
const keepMissed = 24 * time.Hour

// attempt is what the Rust Keystone's attempt of a change and its outcome have in common.
func attempt(o observation) string {
	return o.Actor.RequestID + " " + o.Notification.EventType + " " + o.Target.ID
}

func (t *tracker) request(p *publisher, o observation, id string, now time.Time) {
	if id == "" || p == &t.publishers.others {
		return
	}
	if len(t.requests.waiting) >= t.config.MaxRequests {
		t.left["request"]++
		return
	}
	t.requests.waiting[requestKey{p.Source, strings.Clone(id)}] = &request{EventID: strings.Clone(o.CADF.EventID), Sent: o.sent, Came: now}
}

func (t *tracker) response(p *publisher, o observation, id string, now time.Time) {
	p.Responds = true
	key := requestKey{o.source, id}
	r, ok := t.requests.waiting[key]
	if !ok {
		return
	}
	delete(t.requests.waiting, key)
	if r.Missed {
		t.find(finding{
			Source: p.Source, Kind: kindResponse, State: stateClosed, Since: r.Sent, Found: now, EventID: r.EventID,
			Sentence: fmt.Sprintf("the response of %s to request %s of %s came after all, sent %s later",
				p.Source.named(), word(r.EventID), at(r.Sent), lasting(o.sent.Sub(r.Sent))),
		})
	}
}

// checkRequests looks for requests whose response should have come. A publisher that never sends responses, as one that was told to send
// requests alone, misses none.
func (t *tracker) checkRequests(now time.Time) {
	for key, r := range t.requests.waiting {
		if r.Missed {
			if now.Sub(r.Came) > keepMissed {
				delete(t.requests.waiting, key)
			}
			continue
		}
		p, known := t.publishers.known[key.Source]
		if !known {
			delete(t.requests.waiting, key) // forgotten
			continue
		}
		within := t.config.responseWithin(key.Source.ServiceName)
		if !t.passed(p.Heard, r.Sent, r.Came, within, now) {
			continue
		}
		if !p.Responds {
			delete(t.requests.waiting, key)
			continue
		}
		r.Missed = true
		t.find(finding{
			Source: key.Source, Kind: kindResponse, State: stateOpen, Since: r.Sent, Found: now, EventID: r.EventID,
			Sentence: fmt.Sprintf("%s sent no response to request %s of %s within %s",
				key.Source.named(), word(r.EventID), at(r.Sent), lasting(within)),
		})
	}
}
