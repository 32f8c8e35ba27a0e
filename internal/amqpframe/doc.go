// Package amqpframe reads AMQP 0-9-1 as it comes over a connection: frames, the arguments of methods, content headers and field
// tables. Both ways in read with it: the endpoint that is published to, and the client, which takes deliveries past amqp091-go.
//
// Memory is bounded by what came: nothing is allocated because a peer announced it.
package amqpframe
