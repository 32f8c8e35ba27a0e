// Package rabbitmq is the AMQP 0-9-1 client session of the receiver: it dials, asserts the topology, consumes, and settles
// deliveries within the channel generation they came from. It knows nothing of what is in the messages.
//
// A generation lasts from one successful basic.consume to the end of its channel. Delivery tags belong to their generation
// (AMQP 0-9-1, section 1.8.3.13), so deliveries are settled only through the [Session] they came from; whatever is left
// unsettled when the session ends is delivered again by the broker.
//
// The package never publishes, and never returns a message to its queue: RabbitMQ counts returns and drops or
// dead-letters a message after delivery-limit of them (20 by default in quorum queues since RabbitMQ 4.0).
package rabbitmq
