package delivery

// Settlement is what becomes of a message. There is one vocabulary for it, from the pipeline's answer to what the source is told, and it is
// that of the receiver's metrics.
type Settlement uint8

const (
	// Abandoned: nothing was decided. The source is told nothing and delivers the message again.
	Abandoned Settlement = iota
	// Acknowledged: the pipeline accepted the record, or the message needs none.
	Acknowledged
	// Rejected: the record is refused permanently. The message goes to the dead-letter queue.
	Rejected
	// Dropped: the record is refused permanently, and the message is acknowledged all the same.
	Dropped
	// Held: the record is refused permanently, and there is no dead-letter queue. The message stays unsettled while others pass it.
	Held
	settlements
)

// String is the value of the attribute settlement.
func (s Settlement) String() string {
	return [settlements]string{"abandoned", "acknowledged", "rejected", "dropped", "held"}[s]
}

// Counts has a number of messages for each settlement.
type Counts [settlements]int64
