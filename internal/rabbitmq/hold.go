package rabbitmq

import (
	"context"
	"fmt"
	"time"
)

// defaultHoldLimit is how long reading may be held at a stretch. RabbitMQ's listener closes a connection that it could not write to
// for 30 s (ranch_tcp's default send_timeout), and a held reader does not see when the broker closes the channel.
const defaultHoldLimit = 15 * time.Second

// hold holds the reading of a connection back while too many bytes are in flight. When that lasts too long it ends the generation, and the
// next one starts with a prefetch that fits the bound, so that nothing has to be held.
type hold struct {
	socket *socket
	tell   func(bool)
	limit  *time.Timer
	length time.Duration
}

// newHold is for one generation, which cancel ends.
func (g *generation) newHold(socket *socket, cancel context.CancelCauseFunc) *hold {
	limit := time.AfterFunc(g.holdLimit, func() {
		cancel(fmt.Errorf("more than %d bytes have been in flight for %s: connecting again with a lower prefetch than %d",
			g.config.MaxInFlightBytes, g.holdLimit, g.prefetch))
	})
	limit.Stop()
	return &hold{socket: socket, tell: g.observer.Held, limit: limit, length: g.holdLimit}
}

// set is called by one goroutine at a time.
func (h *hold) set(held bool) {
	if !h.socket.hold(held) {
		return
	}
	if held {
		h.limit.Reset(h.length)
	} else {
		h.limit.Stop()
	}
	h.tell(held)
}

// stop ends the holding along with the generation. The socket stays held, so that closing it takes nothing more in.
func (h *hold) stop() {
	h.limit.Stop()
	if h.socket.held() {
		h.tell(false)
	}
}

// fittingPrefetch is how many messages of those in flight, which are more than bound in bytes, fit it: at least one fewer, and at least one.
func fittingPrefetch(messages int, bytes, bound int64) int {
	fitting := int(float64(messages) * float64(bound) / float64(bytes))
	return max(1, min(fitting, messages-1))
}
