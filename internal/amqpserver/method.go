package amqpserver

import "fmt"

// method is a class and a method, as they stand in the first four octets of a method frame.
type method uint32

func (m method) class() uint16 { return uint16(m >> 16) }

// The methods that are answered (AMQP 0-9-1, and RabbitMQ's confirm class).
const (
	connectionStart   method = 10<<16 | 10
	connectionStartOk method = 10<<16 | 11
	connectionTune    method = 10<<16 | 30
	connectionTuneOk  method = 10<<16 | 31
	connectionOpen    method = 10<<16 | 40
	connectionOpenOk  method = 10<<16 | 41
	connectionClose   method = 10<<16 | 50
	connectionCloseOk method = 10<<16 | 51

	channelOpen    method = 20<<16 | 10
	channelOpenOk  method = 20<<16 | 11
	channelFlow    method = 20<<16 | 20
	channelFlowOk  method = 20<<16 | 21
	channelClose   method = 20<<16 | 40
	channelCloseOk method = 20<<16 | 41

	exchangeDeclare   method = 40<<16 | 10
	exchangeDeclareOk method = 40<<16 | 11
	queueDeclare      method = 50<<16 | 10
	queueDeclareOk    method = 50<<16 | 11
	queueBind         method = 50<<16 | 20
	queueBindOk       method = 50<<16 | 21
	basicPublish      method = 60<<16 | 40
	basicAck          method = 60<<16 | 80
	confirmSelect     method = 85<<16 | 10
	confirmSelectOk   method = 85<<16 | 11
)

// refused are the methods that AMQP knows and that a publisher has no need of. Others are none at all.
var refused = map[method]string{
	40<<16 | 20: "exchange.delete", 40<<16 | 30: "exchange.bind", 40<<16 | 40: "exchange.unbind",
	50<<16 | 30: "queue.purge", 50<<16 | 40: "queue.delete", 50<<16 | 50: "queue.unbind",
	60<<16 | 10: "basic.qos", 60<<16 | 20: "basic.consume", 60<<16 | 30: "basic.cancel", 60<<16 | 70: "basic.get",
	60<<16 | 80: "basic.ack", 60<<16 | 90: "basic.reject", 60<<16 | 100: "basic.recover-async",
	60<<16 | 110: "basic.recover", 60<<16 | 120: "basic.nack",
	90<<16 | 10: "tx.select", 90<<16 | 20: "tx.commit", 90<<16 | 30: "tx.rollback",
}

// code is a reply code of connection.close and channel.close.
type code uint16

// The reply codes that are used, after what clients do about them: kombu and oslo.messaging connect and send again after 320, and take
// 406 and 540 for an error of their own making.
const (
	codeConnectionForced   code = 320
	codeAccessRefused      code = 403
	codePreconditionFailed code = 406
	codeFrameError         code = 501
	codeSyntaxError        code = 502
	codeCommandInvalid     code = 503
	codeChannelError       code = 504
	codeUnexpectedFrame    code = 505
	codeNotAllowed         code = 530
	codeNotImplemented     code = 540
)

var codeNames = map[code]string{
	codeConnectionForced:   "CONNECTION_FORCED",
	codeAccessRefused:      "ACCESS_REFUSED",
	codePreconditionFailed: "PRECONDITION_FAILED",
	codeFrameError:         "FRAME_ERROR",
	codeSyntaxError:        "SYNTAX_ERROR",
	codeCommandInvalid:     "COMMAND_INVALID",
	codeChannelError:       "CHANNEL_ERROR",
	codeUnexpectedFrame:    "UNEXPECTED_FRAME",
	codeNotAllowed:         "NOT_ALLOWED",
	codeNotImplemented:     "NOT_IMPLEMENTED",
}

// Refusal is why a connection or a channel was closed by the server, with AMQP's reply code.
type Refusal struct {
	// Code is AMQP's reply code, such as 320 or 406.
	Code uint16
	// Text is what the peer was told.
	Text   string
	method method
}

// Error implements error.
func (r *Refusal) Error() string { return fmt.Sprintf("%d %s", r.Code, r.Text) }

func refusal(c code, text string) *Refusal {
	return &Refusal{Code: uint16(c), Text: codeNames[c] + " - " + text}
}

// appendClose appends connection.close on channel 0, else channel.close.
func (r *Refusal) appendClose(to []byte, channel uint16) []byte {
	m := channelClose
	if channel == 0 {
		m = connectionClose
	}
	return appendMethod(to, channel, m, func(to []byte) []byte {
		to = appendShort(to, r.Code)
		to = appendShortString(to, r.Text)
		return appendLong(to, uint32(r.method))
	})
}
