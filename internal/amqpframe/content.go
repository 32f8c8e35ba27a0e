package amqpframe

import "fmt"

// classBasic is the class of the methods that carry messages.
const classBasic = 60

// Flags of the properties that precede headers (AMQP 0-9-1 §4.2.6.1).
const (
	flagContentType     = 1 << 15
	flagContentEncoding = 1 << 14
	flagHeaders         = 1 << 13
	flagContinued       = 1
)

// MaxBody is the most that any RabbitMQ can be configured to take, rabbit_common's ?MAX_MSG_SIZE.
const MaxBody = 512 << 20

// Content is what a content header says of a message.
type Content struct {
	// Size is that of the body.
	Size uint64
	// Headers are the fields of the headers, unread; nil when there are none.
	Headers []byte
}

// ReadContent reads a content header up to the headers; none of the properties that follow are of use.
func ReadContent(payload []byte) (Content, error) {
	a := NewArguments(payload)
	class, _, size := a.Short(), a.Short(), a.LongLong()
	if a.err == nil && class != classBasic {
		return Content{}, Error(fmt.Sprintf("a content header of class %d", class))
	}
	flags := a.Short()
	for more := flags; more&flagContinued != 0; {
		more = a.Short()
	}
	if flags&flagContentType != 0 {
		a.ShortBytes()
	}
	if flags&flagContentEncoding != 0 {
		a.ShortBytes()
	}
	var headers []byte
	if flags&flagHeaders != 0 {
		headers = a.LongBytes()
	}
	return Content{Size: size, Headers: headers}, a.err
}
