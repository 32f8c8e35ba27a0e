package rabbitmq

import (
	"context"
	"fmt"
	"time"
)

// defaultMaxPause is how long reading may pause at a stretch. RabbitMQ's listener closes a connection that it could not write to
// for 30 s (ranch_tcp's default send_timeout), and a client that does not read does not see when the broker closes the channel.
const defaultMaxPause = 15 * time.Second

// readPause stops reading from a connection while too many bytes are in flight. When that lasts too long it ends the generation, and the
// next one starts with a prefetch that fits the bound, so that reading need not pause.
type readPause struct {
	socket *socket
	tell   func(State)
	timer  *time.Timer
	most   time.Duration
}

// newReadPause is for one generation, which cancel ends.
func (g *generation) newReadPause(socket *socket, cancel context.CancelCauseFunc) *readPause {
	timer := time.AfterFunc(g.maxPause, func() {
		cancel(fmt.Errorf("more than %d bytes have been in flight for %s: connecting again with a lower prefetch than %d",
			g.config.MaxInFlightBytes, g.maxPause, g.prefetch))
	})
	timer.Stop()
	return &readPause{socket: socket, tell: g.observer.StateChanged, timer: timer, most: g.maxPause}
}

// set is called by one goroutine at a time.
func (p *readPause) set(paused bool) {
	if !p.socket.setPaused(paused) {
		return
	}
	if paused {
		p.timer.Reset(p.most)
		p.tell(StatePaused)
	} else {
		p.timer.Stop()
		p.tell(StateConsuming)
	}
}

// fittingPrefetch is how many messages of those in flight, which are more than bound in bytes, fit it: at least one fewer, and at least
// one.
func fittingPrefetch(messages int, bytes, bound int64) int {
	fitting := int(float64(messages) * float64(bound) / float64(bytes))
	return max(1, min(fitting, messages-1))
}
