// Package inbound takes the deliveries out of what a broker sends to an AMQP 0-9-1 client, and lets everything else pass.
//
// amqp091-go remains the client: it connects, consumes, acknowledges, and is told when the broker closes. But it makes 33
// allocations for each message and changes goroutines twice, which was two fifths of the receiver's CPU time at full speed. What is read
// here costs one allocation, the body, and is handed over in batches: a record takes 29 allocations in place of 61, and 0.7 to 0.8 of the
// CPU time.
package inbound
