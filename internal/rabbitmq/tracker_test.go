package rabbitmq

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

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
		s.tracker.received(tag, int64(tag), time.Now())
	}
}

func TestSettleSendsRejectsThenOneMultipleAcknowledgementThenThoseBehindTheGap(t *testing.T) {
	t.Parallel()
	s, model := newModel(t, 10)
	model.deliver(s, 1, 2, 3, 4, 5, 6, 7, 8)
	require.NoError(t, s.Settle([]uint64{8, 1, 6, 2, 4}, []uint64{5, 3}))
	require.Equal(t, []string{"reject", "reject", "ack", "ack"}, model.calls)
	require.Equal(t, []uint64{5, 3}, model.rejected)
	require.ElementsMatch(t, []uint64{1, 2, 4, 6, 8}, model.acked, "7 stays unsettled")
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
	for _, test := range []struct {
		name                   string
		acknowledged, rejected []uint64
	}{
		{"settled", []uint64{2, 1}, nil},
		{"twice", []uint64{2, 2}, nil},
		{"twice, in both", []uint64{2}, []uint64{2}},
		{"unknown", []uint64{2}, []uint64{3, 4}},
		{"zero", []uint64{2, 0}, nil},
	} {
		require.ErrorContains(t, s.Settle(test.acknowledged, test.rejected), "is not in flight", test.name)
		require.Len(t, model.outstanding, 2, test.name)
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
			var acknowledging, rejecting []uint64
			count := random.IntN(len(inFlight) + 1)
			for _, decided := range inFlight[:count] {
				if random.IntN(4) == 0 {
					rejecting = append(rejecting, decided)
				} else {
					acknowledging = append(acknowledging, decided)
				}
				bytes -= int64(decided)
			}
			acked, rejected = append(acked, acknowledging...), append(rejected, rejecting...)
			inFlight = slices.Clone(inFlight[count:])
			require.NoError(t, s.Settle(acknowledging, rejecting))
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
	tags := make([]uint64, 500)
	next := uint64(1)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		for i := range tags {
			tracker.received(next, 1, time.Time{})
			tags[i] = next
			next++
		}
		if err := tracker.settle(tags, nil); err != nil {
			t.Error(err)
		}
		tracker.remove(tracker.prefixEnd(), tags, nil)
	}))
}
