package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// ErrAcknowledgementTimeout is in the reason of a generation that the broker ended because a delivery was not acknowledged within its
// consumer_timeout. The broker delivers everything that was not settled again.
var ErrAcknowledgementTimeout = errors.New("the broker's acknowledgement timeout (consumer_timeout) passed")

// consumerEnd waits for the end of a consumer.
type consumerEnd struct {
	queue     string
	main      *connection
	closed    <-chan *amqp.Error
	cancelled <-chan string
}

// wait ends the session with the consumer and returns why; nil when ctx ended first.
func (e *consumerEnd) wait(ctx context.Context, session *Session) error {
	var reason error
	select {
	case closed := <-e.closed:
		reason = closeReason(closed)
	case _, isCancel := <-e.cancelled:
		if isCancel {
			session.end(errConsumerCancelled) // at once: what was unsettled is the queue's again
			reason = e.cancelReason(ctx, session)
		} else { // it is closed along with the channel
			reason = closeReason(<-e.closed)
		}
	case <-ctx.Done():
		return nil
	}
	session.end(reason)
	return reason
}

// leastTimeout is below every acknowledgement timeout that somebody sets; RabbitMQ's default is half an hour. What is in flight for less
// is so while a queue is deleted and declared anew by somebody else at once.
const leastTimeout = time.Second

var errConsumerCancelled = errors.New("the broker cancelled the consumer")

// cancelReason finds out why the broker cancelled the consumer, which basic.cancel does not say. It does so when the queue is deleted or
// its node is lost, and RabbitMQ does since 4.3 when the acknowledgement timeout passed: then the queue is there.
func (e *consumerEnd) cancelReason(ctx context.Context, session *Session) error {
	unacknowledged := session.tracker.oldestAge()
	err := e.main.within(ctx, probeTimeout, func() error { return e.probe(ctx) })
	cancelled := fmt.Errorf("%w of queue %q", errConsumerCancelled, e.queue)
	switch {
	case hasCode(err, amqp.NotFound):
		return fmt.Errorf("%w: the queue was deleted or its node is gone: %w", cancelled, err)
	case (err == nil || errors.Is(err, errNoAnswer)) && unacknowledged >= leastTimeout && e.main.version().isAtLeast(4, 3):
		return fmt.Errorf("%w: %w; a delivery was not acknowledged for "+
			"%s", cancelled, ErrAcknowledgementTimeout, unacknowledged.Round(time.Second))
	case err != nil:
		return fmt.Errorf("%w; whether the queue is still there could not be asked: %w", cancelled, err)
	default:
		return fmt.Errorf("%w, and the queue is there: it was declared anew, or the user may not read it any more", cancelled)
	}
}

// deletionTime is how long a queue may still be found after its deletion cancelled its consumers.
const deletionTime = time.Second

// probeTimeout is short: RabbitMQ 4.3.6 may leave calls on a queue unanswered while it has a consumer whose many deliveries timed out,
// until the connection ends.
const probeTimeout = 2 * deletionTime

// probe asks whether the queue is there until it is not, for deletionTime at most.
func (e *consumerEnd) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, deletionTime)
	defer cancel()
	ticker := time.NewTicker(deletionTime / 10)
	defer ticker.Stop()
	for {
		if err := probeQueue(e.main, e.queue); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// closeReason is the broker's reason to close the channel.
func closeReason(reason *amqp.Error) error {
	switch {
	case reason == nil:
		return amqp.ErrClosed
	case reason.Code == amqp.PreconditionFailed && strings.Contains(reason.Reason, "delivery acknowledgement on channel"):
		return fmt.Errorf("%w: %w", ErrAcknowledgementTimeout, reason) // RabbitMQ before 4.3
	default:
		return reason
	}
}
