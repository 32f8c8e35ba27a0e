// Package amqpserver is a publish-only AMQP 0-9-1 endpoint: services that publish with confirms, as oslo.messaging's rabbit
// driver does, give their messages straight to a [Handler]. It is no broker: it stores, routes and delivers nothing. Exchanges,
// queues and bindings may be declared as a publisher likes, and mean nothing. All that is not publishing is answered properly
// and refused.
//
// A message is confirmed (basic.ack) after its handler accepted it, and never before. What is not accepted yet waits, while
// heartbeats go on; after [Config].ConfirmTimeout the connection is closed with 320, for that is the answer after which every client is
// known to connect and send again. It is never refused with basic.nack, which oslo.messaging takes for the loss of the message,
// nor is a channel closed with 311 or 405, after which py-amqp waits forever (celery/py-amqp#285).
//
// Memory is bounded from the first byte on: nothing is allocated because a peer announced it, and the bodies of all messages that are
// not accepted share one bound.
package amqpserver
