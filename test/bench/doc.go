// Command bench measures what the receiver costs, against what no receiver can go below: amqp091-go alone, on the same queue in the
// same round. It starts a private RabbitMQ node, runs each contestant in a process of its own, in turn, for several rounds, prints a
// table of medians, and stops. docs/performance.md says how to read it.
//
// Peers that are not written here (oslo.messaging in Python, Telegraf) are measured where they are installed.
package main
