// Package delivery brings batches of messages through a pipeline without losing one: group commit, patience while the
// pipeline refuses for now, and bisection of a batch that it refuses for good.
//
// It knows neither where messages come from nor how they are settled there. A source collects what arrives in a [Queue],
// gives each batch to a [Deliverer], and settles every message by the [Verdict] on it.
package delivery
