package rabbitmq

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// brokerModel takes settlements as RabbitMQ does: it refuses tags it does not know as outstanding (rabbit_channel, collect_acks).
type brokerModel struct {
	t           *testing.T
	outstanding map[uint64]bool
	acked       []uint64
	rejected    []uint64
	calls       []string
}

func (m *brokerModel) Ack(tag uint64, multiple bool) error {
	require.True(m.t, m.outstanding[tag], "406 unknown delivery tag %d", tag)
	m.calls = append(m.calls, "ack")
	for known := range m.outstanding {
		if known == tag || multiple && known < tag {
			delete(m.outstanding, known)
			m.acked = append(m.acked, known)
		}
	}
	return nil
}

func (m *brokerModel) Nack(uint64, bool, bool) error {
	require.Fail(m.t, "nothing is returned to its queue")
	return nil
}

func (m *brokerModel) Reject(tag uint64, requeue bool) error {
	require.False(m.t, requeue)
	require.True(m.t, m.outstanding[tag], "406 unknown delivery tag %d", tag)
	m.calls = append(m.calls, "reject")
	delete(m.outstanding, tag)
	m.rejected = append(m.rejected, tag)
	return nil
}

func newModel(t *testing.T, prefetch int) (*Session, *brokerModel) {
	model := &brokerModel{t: t, outstanding: map[uint64]bool{}}
	return &Session{channel: model, tracker: newTracker(prefetch)}, model
}

func (m *brokerModel) deliver(s *Session, tags ...uint64) {
	for _, tag := range tags {
		m.outstanding[tag] = true
		s.tracker.received(tag, int64(tag))
	}
}

func TestSettleSendsRejectsThenOneMultipleAcknowledgementThenThoseBehindTheGap(t *testing.T) {
	t.Parallel()
	s, model := newModel(t, 10)
	model.deliver(s, 1, 2, 3, 4, 5, 6, 7, 8)
	require.NoError(t, s.Settle(append(acknowledge(8, 1, 6, 2, 4), reject(5, 3)...)))
	require.Equal(t, []string{"reject", "reject", "ack", "ack"}, model.calls)
	require.Equal(t, []uint64{5, 3}, model.rejected)
	require.ElementsMatch(t, []uint64{1, 2, 4, 6, 8}, model.acked, "7 is held")
	messages, bytes := s.InFlight()
	require.Equal(t, 1, messages)
	require.EqualValues(t, 7, bytes)

	require.NoError(t, s.Settle(acknowledge(7)))
	require.Empty(t, model.outstanding)
	require.Equal(t, []string{"reject", "reject", "ack", "ack", "ack"}, model.calls)

	// All of a prefix rejected: there is nothing to acknowledge.
	model.deliver(s, 9, 10)
	require.NoError(t, s.Settle(reject(10, 9)))
	require.Empty(t, model.outstanding)
}

func TestSettleRefusesWhatIsNotInFlight(t *testing.T) {
	t.Parallel()
	s, model := newModel(t, 10)
	model.deliver(s, 1, 2, 3)
	require.NoError(t, s.Settle(acknowledge(1)))
	for name, settlements := range map[string][]Settlement{
		"settled":    append(acknowledge(2), acknowledge(1)...),
		"twice":      append(acknowledge(2), reject(2)...),
		"unknown":    append(acknowledge(2), acknowledge(4)...),
		"zero":       acknowledge(2, 0),
		"no verdict": append(acknowledge(2), Settlement{DeliveryTag: 3}),
	} {
		require.ErrorContains(t, s.Settle(settlements), "is not in flight", name)
		require.Len(t, model.outstanding, 2, name)
	}
	require.NoError(t, s.Settle(acknowledge(2, 3)))
}

func TestSettleAtRandomNeverBreaksTheChannelAndForgetsNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		s, model := newModel(t, 1+random.IntN(20))
		var inFlight, acked, rejected []uint64
		var bytes int64
		for tag := uint64(1); tag < 300; {
			for range random.IntN(30) {
				model.deliver(s, tag)
				inFlight = append(inFlight, tag)
				bytes += int64(tag)
				tag++
			}
			random.Shuffle(len(inFlight), func(i, j int) { inFlight[i], inFlight[j] = inFlight[j], inFlight[i] })
			var settlements []Settlement
			count := random.IntN(len(inFlight) + 1)
			for _, decided := range inFlight[:count] {
				settlement := Settlement{DeliveryTag: decided, Verdict: Acknowledge}
				if random.IntN(4) == 0 {
					settlement.Verdict = Reject
					rejected = append(rejected, decided)
				} else {
					acked = append(acked, decided)
				}
				bytes -= int64(decided)
				settlements = append(settlements, settlement)
			}
			inFlight = slices.Clone(inFlight[count:])
			require.NoError(t, s.Settle(settlements))
			gotMessages, gotBytes := s.InFlight()
			require.Equal(t, len(inFlight), gotMessages)
			require.Equal(t, bytes, gotBytes)
			require.Len(t, model.outstanding, len(inFlight))
		}
		require.ElementsMatch(t, acked, model.acked)
		require.ElementsMatch(t, rejected, model.rejected)
	}
}

func TestTrackingAllocatesNothing(t *testing.T) {
	tracker := newTracker(1000)
	settlements := make([]Settlement, 500)
	next := uint64(1)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		for i := range settlements {
			tracker.received(next, 1)
			settlements[i] = Settlement{DeliveryTag: next, Verdict: Acknowledge}
			next++
		}
		if err := tracker.decide(settlements); err != nil {
			t.Error(err)
		}
		end, _ := tracker.prefix()
		tracker.done(settlements, end)
	}))
}
