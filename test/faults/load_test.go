package faults

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// The load: one batch per tick, 3000 messages a second where the machine can.
const (
	loadTick  = 20 * time.Millisecond
	loadBatch = 60
)

// load publishes notifications, and writes down which of them the broker confirmed. Where the broker goes away it connects again
// and goes on with new messages: of one that was not confirmed nobody knows.
type load struct {
	url, exchange, topic string
	others               []string // URLs of the cluster's other nodes
	durable, quorum      bool     // of the exchange and the services' queue
	series               string

	cancel context.CancelFunc
	done   sync.WaitGroup

	mu        sync.Mutex
	paused    bool
	next      int
	confirmed []string
	// sessions holds, for each connection, where its messages begin in confirmed.
	sessions []int
}

// notificationFormat is a user's deletion as Keystone sends it; the message id, the initiator and the time differ.
const notificationFormat = `{"oslo.version": "2.0", "oslo.message": "{\"message_id\": \"%s\", \"publisher_id\": \"identity.ctl01\", ` +
	`\"event_type\": \"identity.user.deleted\", \"priority\": \"INFO\", ` +
	`\"payload\": {\"typeURI\": \"http://schemas.dmtf.org/cloud/audit/1.0/event\", ` +
	`\"eventType\": \"activity\", \"id\": \"36432d3e-d11f-5230-8c99-e1f48fb58f8b\", \"eventTime\": \"%s\", ` +
	`\"action\": \"deleted.user\", \"outcome\": \"success\", \"initiator\": {\"id\": \"c9f76d3c31e142af9291de2935bde98a\", ` +
	`\"typeURI\": \"service/security/account/user\", \"host\": {\"address\": \"192.0.2.7\", \"agent\": \"openstacksdk/4.0.1\"}, ` +
	`\"project_id\": \"f8a2a8e8d23a4e0b8a2f29ec5a2a9d5b\"}, \"observer\": {\"id\": \"d8aff8f9-04f5-568e-9bed-522bee276aec\", ` +
	`\"typeURI\": \"service/security\"}, ` +
	`\"target\": {\"id\": \"702b12ec7f0e4f7d93944e9c5e4bbe1b\", \"typeURI\": \"data/security/account/user\"}, ` +
	`\"resource_info\": \"702b12ec7f0e4f7d93944e9c5e4bbe1b\"%s}, \"timestamp\": \"2026-11-20 23:21:25.898782\", ` +
	`\"_unique_id\": \"f8d606631c5346f387da4d94506325d2\"}"}`

const eventTime = "2026-11-20T23:21:25.868196+0000"

func notification(id string) []byte { return fmt.Appendf(nil, notificationFormat, id, eventTime, "") }

// notificationAt has another time of the event.
func notificationAt(id, at string) []byte { return fmt.Appendf(nil, notificationFormat, id, at, "") }

// largeNotification is longer than size, in bytes.
func largeNotification(id string, size int) []byte {
	return fmt.Appendf(nil, notificationFormat, id, eventTime, `, \"reason\": {\"reasonCode\": \"`+strings.Repeat("x", size)+`\"}`)
}

// id is the message id of the load's n-th message.
func (l *load) id(n int) string { return fmt.Sprintf("%s-0000-4000-8000-%012x", l.series, n) }

// start publishes until the test ends or stop.
func (l *load) start(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	l.done.Go(func() { l.run(ctx) })
	t.Cleanup(l.stop)
}

func (l *load) stop() {
	l.cancel()
	l.done.Wait()
}

func (l *load) run(ctx context.Context) {
	urls := append([]string{l.url}, l.others...)
	for attempt := 0; ctx.Err() == nil; attempt++ {
		publisher, err := rabbitmqtest.NewPublisher(urls[attempt%len(urls)], l.exchange, l.durable)
		if err == nil {
			publisher.Quorum = l.quorum
			l.mu.Lock()
			l.sessions = append(l.sessions, len(l.confirmed))
			l.mu.Unlock()
			l.publish(ctx, publisher)
			_ = publisher.Close() // it may have ended
		}
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// publish returns when something fails.
func (l *load) publish(ctx context.Context, publisher *rabbitmqtest.Publisher) {
	ticker := time.NewTicker(loadTick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		ids := l.batch()
		if len(ids) == 0 {
			continue
		}
		bodies := make([][]byte, len(ids))
		for i, id := range ids {
			bodies[i] = notification(id)
		}
		// A broker that has just started leaves some calls unanswered for ever.
		impatience := time.AfterFunc(10*time.Second, func() { _ = publisher.Close() })
		// A stop lets the batch be confirmed, else nobody would know of its messages whether they were sent.
		err := publisher.Publish(context.WithoutCancel(ctx), l.topic+".info", bodies...)
		if !impatience.Stop() || err != nil {
			return
		}
		l.mu.Lock()
		l.confirmed = append(l.confirmed, ids...)
		l.mu.Unlock()
	}
}

func (l *load) batch() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.paused {
		return nil
	}
	ids := make([]string, loadBatch)
	for i := range ids {
		ids[i] = l.id(l.next)
		l.next++
	}
	return ids
}

// pause holds the publishing back, or lets it go on.
func (l *load) pause(paused bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.paused = paused
}

// sent returns the ids that the broker confirmed so far, in order.
func (l *load) sent() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clip(l.confirmed)
}

// published is how many messages were given to the broker, confirmed or not.
func (l *load) published() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.next
}

// unbound returns which of the missing ids went to an exchange that had just been made anew and to which the collector's queue was not
// bound yet: what is missing from the beginning of a connection of the publisher, without a gap.
func (l *load) unbound(missing []string) int {
	absent := make(map[string]bool, len(missing))
	for _, id := range missing {
		absent[id] = true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	count := 0
	for _, from := range l.sessions {
		for from < len(l.confirmed) && absent[l.confirmed[from]] {
			delete(absent, l.confirmed[from])
			count++
			from++
		}
	}
	return count
}
