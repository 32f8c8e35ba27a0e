// Package delivery brings batches of messages through a pipeline without losing one: group commit, retries while the
// pipeline refuses a batch temporarily, and bisection of a batch that it refuses permanently.
//
// It knows neither what messages are nor where they come from. A source collects what arrives in a [Queue],
// gives each batch to a [Deliverer], and tells whoever sent a message its [Settlement].
package delivery
